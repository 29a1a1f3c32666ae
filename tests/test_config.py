"""What a YAML file may say, and what is said about a mistake in it."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from convgan.config import dump_config, load_config, presets
from convgan.errors import UsageError


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
    assert config.task == "dcgan"
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
        ("train.penalty={name: r1}", "train.penalty.weight: Field required"),
        ("generator.blocks.7.filters=3", "'7' is not a place in a list of 2"),
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
        (f"generator.blocks.{'1' * 5000}.filters=3", "is not a place in a list of 2"),
        ("generator.blocks.²=3", "'²' is not a place in a list of 2"),
        ("generator.blocks.-1={}", "'-1' is not a place in a list of 2"),
        ("generator.blocks.=3", "'' is not a place in a list of 2"),
        ("..=3", "there is no key ''"),
        (f"{'a.' * 50_000}b=1", "there is no key 'a'"),
        ("\udcff=1", r"there is no key '\udcff'"),
        ("data.folder=\udcff", "is not YAML"),
    ],
)
def test_a_mistake_is_named_with_what_was_expected(change: str, said: str) -> None:
    assert said in refused("dcgan-fashion", change)


def test_label_smoothing_needs_the_loss_that_has_labels() -> None:
    said = refused("dcgan-fashion", "train.loss=hinge", "train.label_smoothing=0.1")
    assert "label_smoothing 0.1" in said


def test_unknown_preset_names_the_nearest() -> None:
    assert "did you mean dcgan-fashion?" in refused("dcgan-fashon")
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


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "bad.yaml"
    path.write_bytes(b"\xff\xfe\x00task")
    assert "is not YAML" in refused(path)
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
