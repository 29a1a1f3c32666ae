"""What a YAML file may say, and what is said about a mistake in it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from pydantic import ValidationError

from convgan.config import (
    ClassifierRunConfig,
    Config,
    GanRunConfig,
    check_config,
    differing_keys,
    dump_config,
    identity,
    load_config,
    presets,
)
from convgan.errors import UsageError
from convgan.models.dcgan import DCGANGenerator
from convgan.models.resnet import ResNetGenerator
from convgan.training.losses import Hinge, NonSaturating


def refused(source: str | Path, *changes: str) -> str:
    with pytest.raises(UsageError) as caught:
        load_config(source, list(changes))
    return str(caught.value)


def test_every_preset_is_there() -> None:
    assert set(presets()) >= {
        "classifier-mnist",
        "classifier-fashion",
        "classifier-mnist-article",
        "dcgan-fashion",
        "dcgan-mnist",
        "dcgan-fashion-article",
        "dcgan-64",
    }


@pytest.mark.parametrize("name", presets())
def test_preset_survives_being_written_and_read(name: str, tmp_path: Path) -> None:
    config = load_config(name)
    assert config.name == name
    copy = tmp_path / "copy.yaml"
    copy.write_text(dump_config(config), encoding="utf-8")
    assert load_config(copy) == config


@pytest.mark.parametrize("name", presets())
def test_preset_opens_with_its_command_hardware_time_and_result(name: str) -> None:
    head = presets()[name].read_text(encoding="utf-8").split("task:")[0]
    task = load_config(name).task
    assert f"convgan train-{task}" in head
    assert "2 cores" in head
    assert "Measured" in head


def test_changes_are_applied_in_order() -> None:
    config = load_config(
        "dcgan-fashion",
        ["train.epochs=7", "train.epochs=8", "generator.blocks.0.filters=16", "seed=3"],
    )
    assert isinstance(config, GanRunConfig)
    assert isinstance(config.generator, DCGANGenerator)
    assert (config.train.epochs, config.generator.blocks[0].filters, config.seed) == (8, 16, 3)


def test_a_change_makes_the_section_that_it_needs() -> None:
    config = load_config(
        "dcgan-fashion-article", ["train.penalty.name=r1", "train.penalty.weight=2"]
    )
    assert config.task == "dcgan"
    assert config.train.penalty is not None
    assert config.train.penalty.weight == 2.0


def test_numbers_in_scientific_notation_are_numbers() -> None:
    config = load_config("classifier-mnist", ["train.optimizer.learning_rate=1e-4"])
    assert config.task == "classifier"
    assert config.train.optimizer.learning_rate == 1e-4


def test_a_configuration_is_frozen() -> None:
    config = load_config("classifier-mnist")
    with pytest.raises(ValidationError):
        config.seed = 5  # type: ignore[misc]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("train.epoch=5", "did you mean 'epochs'"),
        ("train.generator_optimizer.beta1=0.5", "did you mean 'beta_1'"),
        ("train.batch_size=0", "train.batch_size: Input should be greater than or equal to 1"),
        ("train.batch_size=many", "got 'many'"),
        ("train.loss=hing", "'hinge'"),
        ("train.penalty={name: r1}", "train.penalty.weight: is missing, for example weight: 0.3"),
        ("generator.blocks.7.filters=3", "'7' is not an index in a list of 2"),
        ("train.epochs", "expected a.b=value"),
        ("train.epochs.x=1", "below a single value"),
        ("train.epochs=[1", "not YAML"),
        ("seed=-1", "greater than or equal to 0"),
        ("train.ema_decay=.nan", "finite"),
        ("data.name=folder", "needs data.folder"),
        ("train.loss=&a [*a]", "no anchors, aliases or tags"),
        ("seed=2001-99-99", "the value is not YAML: month must be in 1..12"),
        (f"seed=0x{'f' * 5000}", "a number has 5,002 digits"),
        ("train.ema_decay=-.inf", "finite"),
        ("seed=999999999999999999999999", "less than 2147483648"),
        (f"generator.blocks.{'1' * 5000}.filters=3", "is not an index in a list of 2"),
        ("generator.blocks.²=3", "'²' is not an index in a list of 2"),
        ("generator.blocks.-1={}", "'-1' is not an index in a list of 2"),
        ("generator.blocks.=3", "'' is not an index in a list of 2"),
        ("..=3", "there is no key ''"),
        (f"{'a.' * 50_000}b=1", "there is no key 'a'"),
        ("\udcff=1", r"there is no key '\udcff'"),
        ("data.folder=\udcff", "is not YAML"),
    ],
)
def test_a_mistake_is_named_with_what_was_expected(change: str, said: str) -> None:
    assert said in refused("dcgan-fashion", change)


def test_label_smoothing_needs_the_loss_that_has_labels() -> None:
    said = refused("dcgan-fashion", "train.loss={name: hinge, label_smoothing: 0.1}")
    assert "train.loss: there is no key 'label_smoothing' here" in said


def test_unknown_preset_names_the_nearest() -> None:
    assert "did you mean 'dcgan-fashion'?" in refused("dcgan-fashon")
    assert "no configuration file at" in refused("mine.yaml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "expected keys and values"),
        ("- 1", "expected keys and values"),
        ("task: [", "is not YAML"),
        ("task: painter", "task is 'painter', expected one of: classifier, dcgan"),
        ("!!python/object/apply:os.system ['true']", "is not YAML"),
        ("a: &a [*a]", "no anchors, aliases or tags"),
        ("a: &a 1", "no anchors, aliases or tags"),
        ("a: *b", "no anchors, aliases or tags"),
        ("!!int task: 1", "no anchors, aliases or tags"),
        ("&a [1]: 1", "no anchors, aliases or tags"),
        ("a: 2001-99-99", "is not YAML: month must be in 1..12"),
        ("a: 2001-01-01 99:00:00", "is not YAML: hour must be in"),
        ("a: 0b_", "is not YAML: invalid literal"),
        (f"a: {'9' * 5000}", "a number has 5,000 digits, at most 40 are"),
        (f"task: 0x{'f' * 5000}", "a number has 5,002 digits, at most 40 are"),
        ('a: "\\ud800"', "surrogates not allowed"),
        ('a: "\\U00110000"', "is not YAML"),
        ('a: "b\\0"', "a text has a zero character"),
        ("? [a]\n: 1", "found unhashable key"),
        ("[" * 5000, "is not YAML: maximum recursion depth"),
        ("{a: " * 5000, "is not YAML: maximum recursion depth"),
        ("task: [classifier]", "task is ['classifier'], expected one of"),
        ("task: classifier\n1: 2", "there is no key 1 here"),
        ("task: dcgan\nnull: 2", "there is no key None here"),
    ],
)
def test_a_file_that_is_no_configuration_is_refused(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_text(text, encoding="utf-8")
    assert said in refused(path)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            "train.generator_optimizer=adam",
            "train.generator_optimizer: expected keys and values, for example generator_optimizer: "
            "{name: adam, learning_rate: 1e-3, beta_1: 0.5, beta_2: 0.99}; got 'adam'",
        ),
        ("data=null", "data: expected keys and values, for example data: {name: fashion-mnist, "),
        ("generator.blocks=4", "generator.blocks: expected a list, for example blocks: [{filters"),
        ("generator.name=mlp", "generator: there is no generator 'mlp'; expected one of (dcgan, "),
        ("generator.name=dcgn", "generator: there is no generator 'dcgn'; did you mean 'dcgan'?"),
    ],
)
def test_a_mistake_comes_with_an_example(change: str, said: str) -> None:
    assert f"\n  {said}" in refused("dcgan-fashion", change)


def test_an_unknown_optimizer_comes_with_those_that_there_are() -> None:
    said = refused("classifier-mnist", "train.optimizer.name=lion")
    assert (
        "name 'lion' is not known, expected one of 'adam', 'adamw', 'muon', 'rmsprop', 'sgd'"
        in said
    )
    said = refused("classifier-mnist", "train.optimizer={beta_1: 0.5}")
    assert "train.optimizer: has no name, for example optimizer: {name: adam, " in said


@pytest.mark.parametrize("task", ["classifier", "dcgan"])
def test_missing_sections_come_with_examples_that_make_a_configuration(task: str) -> None:
    with pytest.raises(UsageError) as caught:
        check_config({"task": task, "name": "a"}, "a.yaml")
    lines = [line.partition(", for example ")[2] for line in str(caught.value).splitlines()[1:]]
    check_config(yaml.safe_load("\n".join([f"task: {task}", "name: a", *lines])), "a.yaml")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_bytes(b"\xff\xfe\x00task")
    assert "no text in UTF-8; a configuration is a preset's name or a YAML file" in refused(path)
    path.write_bytes(b"#" * 1_000_001)
    assert "at most 100,000 bytes" in refused(path)


def test_a_few_lines_do_not_stand_for_gigabytes(tmp_path: Path) -> None:
    lines = ["a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 30)]
    path = tmp_path / "laughs.yaml"
    path.write_text("\n".join(lines), encoding="utf-8")
    assert "no anchors, aliases or tags" in refused(path)


def test_of_many_mistakes_the_first_are_told(tmp_path: Path) -> None:
    path = tmp_path / "many.yaml"
    path.write_text(f"task: classifier\nmodel: {{blocks: [{'1, ' * 1000}]}}", encoding="utf-8")
    lines = refused(path).splitlines()
    assert len(lines) == 22
    assert lines[-1] == "  and 983 more"  # of 1000 blocks, none, data and train


@pytest.mark.parametrize("source", ["a" * 5000, "a" * 5000 + ".yaml", "~nobody-is-there/a.yaml"])
def test_a_path_that_cannot_be_is_no_configuration(source: str) -> None:
    assert "no configuration file at" in refused(source)


def test_a_file_that_cannot_be_read_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no configuration file at" in refused(tmp_path)
    path = tmp_path / "secret.yaml"
    path.write_text("task: classifier", encoding="utf-8")

    def no_permission(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", no_permission)
    assert f"{path} cannot be read: Permission denied" in refused(path)


def gan(*changes: str) -> GanRunConfig:
    config = load_config("dcgan-fashion", list(changes))
    assert isinstance(config, GanRunConfig)
    return config


def classifier(*changes: str) -> ClassifierRunConfig:
    config = load_config("classifier-mnist-best", list(changes))
    assert isinstance(config, ClassifierRunConfig)
    return config


def test_a_name_alone_stands_for_an_entry() -> None:
    assert gan("train.loss=hinge").train.loss == Hinge(name="hinge")
    config = gan("train.loss={name: non_saturating, label_smoothing: 0.1}")
    assert config.train.loss == NonSaturating(name="non_saturating", label_smoothing=0.1)
    names = classifier("train.augmentations=[flip, {name: shift, pixels: 3}]").train.augmentations
    assert [entry.name for entry in names] == ["flip", "shift"]


def test_networks_without_a_name_are_the_default_ones() -> None:
    tree = yaml.safe_load(dump_config(gan()))
    del tree["generator"]["name"], tree["discriminator"]["name"]
    assert check_config(tree, "here") == gan()


RESNET = "{name: resnet, projection: {size: 7, filters: 8}, blocks: [{filters: 8, stride: 4}]}"


def test_another_network_is_chosen_by_its_name() -> None:
    config = gan(f"generator={RESNET}")
    assert isinstance(config.generator, ResNetGenerator)
    assert config.generator.blocks[0].stride == 4


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("train.loss=hing", "train.loss: there is no loss 'hing'; did you mean 'hinge'?"),
        ("train.loss={label_smoothing: 0.1}", "train.loss: has no name; expected one of non_sat"),
        (
            "train.loss=5",
            "train.loss: expected keys and values, for example loss: non_saturating; got 5",
        ),
        ("train.penalty=r1", "train.penalty.weight: is missing"),
        ("train.penalty={name: r1, weight: -1}", "train.penalty.weight: Input should be greater"),
        ("generator={name: resnett}", "generator: there is no generator 'resnett'; did you mean"),
        ("generator.name=resnet", "generator: there is no key"),
        (
            "generator.blocks.0.norm=batsh",
            "generator.blocks.0.norm: Input should be 'none', 'batch', 'instance', 'group' or",
        ),
        ("discriminator.blocks.1.negative_slope=2", "discriminator.blocks.1.negative_slope: Input"),
        ("generator.blocks.0.filter=2", "generator.blocks.0: there is no key 'filter' here; did"),
        ("train.critic_steps=5", "critic_steps 5 goes with update 'alternating' only"),
    ],
)
def test_a_mistake_in_a_chosen_section_is_named_where_it_is(change: str, said: str) -> None:
    assert said in refused("dcgan-fashion", change)


def test_a_mistake_in_an_augmentation_is_named_where_it_is() -> None:
    change = "train.augmentations=[flip, {name: shift, pixels: 99}]"
    said = refused("classifier-mnist", change)
    assert "train.augmentations.1.pixels: Input should be less than or equal to 16" in said


@pytest.mark.parametrize(
    "config",
    [
        gan(f"generator={RESNET}", "train.loss=relativistic", "train.penalty=null"),
        gan("train.loss={name: non_saturating, label_smoothing: 0.2}"),
        classifier("train.augmentations=[cutout, {name: affine, degrees: 3}]"),
    ],
    ids=["resnet", "smoothed", "classifier"],
)
def test_what_was_chosen_survives_being_written_and_read(config: Config, tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(dump_config(config), encoding="utf-8")
    again = load_config(path)
    assert again == config
    assert identity(again) == identity(config)
    assert identity(again) == identity(config)


@pytest.mark.parametrize(
    "change",
    [
        "runtime.steps_per_call=3",
        "runtime.checkpoint_every.minutes=1",
        "runtime.keep_checkpoints=9",
        "runtime.on_nan=rollback",
        "train.epochs=9",
        "name=other",
        "data.folder=elsewhere",
        "data.source=sample",
    ],
)
def test_what_a_resume_may_change(change: str) -> None:
    assert identity(gan(change)) == identity(gan())
    assert gan(change) != gan()


@pytest.mark.parametrize(
    ("change", "differences"),
    [
        ("train.batch_size=16", ["train.batch_size: 32 before, 16 now"]),
        (
            "train.precision=mixed_bfloat16",
            ['train.precision: "float32" before, "mixed_bfloat16" now'],
        ),
        ("train.xla=true", ["train.xla: false before, true now"]),
        ("train.deterministic=true", ["train.deterministic: false before, true now"]),
        (
            "train.loss={name: non_saturating, label_smoothing: 0.1}",
            ["train.loss.label_smoothing: 0.0 before, 0.1 now"],
        ),
        (
            "train.loss=hinge",
            [
                "train.loss.label_smoothing: 0.0 before, nothing now",
                'train.loss.name: "non_saturating" before, "hinge" now',
            ],
        ),
        ("generator.blocks.0.norm=layer", ['generator.blocks.0.norm: "batch" before, "layer" now']),
        ("seed=1", ["seed: 0 before, 1 now"]),
        ("data.limit=100000", ["data.limit: null before, 100000 now"]),
    ],
)
def test_what_a_resume_may_not_change(change: str, differences: list[str]) -> None:
    before, now = identity(gan()), identity(gan(change))
    assert differing_keys(before, now) == differences


def test_checking_a_configuration_imports_no_tensorflow() -> None:
    code = (
        "import sys\n"
        "from convgan.config import dump_config, identity, load_config, presets\n"
        "for name in presets(): dump_config(load_config(name)); identity(load_config(name))\n"
        f"load_config('dcgan-fashion', ['generator={RESNET}', 'train.loss=hinge'])\n"
        "print([name for name in ('tensorflow', 'keras') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
