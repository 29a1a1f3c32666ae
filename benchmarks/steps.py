"""Training steps side by side: the articles' loops, the tutorial's form, PyTorch, and convgan.

    python -m benchmarks.steps [--torch PYTHON] [--bfloat16] [--rounds 7] [--out docs/benchmark]

All take turns in one run. The article's loop and the tutorial's form stand there twice: in a
process of their own with TensorFlow as it comes, and in this one, with the convolutions of oneDNN
that convgan chooses. Each row says how many operations its own form of the step needs, and what
share that is of the rate of a large matrix product.
"""

from __future__ import annotations

import os
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # as convgan does, before it is imported

import tensorflow as tf

from benchmarks.article import fit_classifier, train_on_batch_dcgan, two_tape_dcgan
from benchmarks.options import logger, parser, read_options, write
from benchmarks.other_process import OtherProcess
from convgan.config import ClassifierRunConfig, DataConfig, GanRunConfig, load_config
from convgan.data import load_dataset
from convgan.hardware import (
    computes_in_bfloat16,
    set_precision_and_seed,
    start_tensorflow,
    versions,
)
from convgan.models.build import check_networks
from convgan.recipes.bench import Candidate, compare, config_step
from convgan.training.step_operations import classifier_operations, gan_operations

DCGAN, CLASSIFIER = "dcgan-fashion-article", "classifier-mnist-article"
SIMULTANEOUS = "train.update=simultaneous"
BFLOAT16 = "train.precision=mixed_bfloat16"
SHAPE = (28, 28, 1)


def dcgan_candidates(
    size: int, keras: OtherProcess, torch: OtherProcess | None, *, bfloat16: bool
) -> dict[str, Candidate]:
    """Return the forms of the step of the DCGAN article's networks."""
    images = load_dataset(DataConfig(name="fashion-mnist", source="sample")).train.images
    batch = f"train.batch_size={size}"
    config = load_config(DCGAN)
    together = load_config(DCGAN, [SIMULTANEOUS])
    assert isinstance(config, GanRunConfig)
    assert isinstance(together, GanRunConfig)
    tables = check_networks(config, SHAPE, 10)
    alternating = size * gan_operations(tables, config.train)
    simultaneous = size * gan_operations(tables, together.train)
    one_pass = size * gan_operations(tables, together.train, one_pass=True)
    unfrozen = one_pass + 3 * (simultaneous - one_pass)  # nine passes through D
    set_precision_and_seed("float32", 0)
    made = {
        "the article's loop (train_on_batch)": Candidate(
            keras.steps("dcgan", size), size, alternating, "float32"
        ),
        "… with oneDNN's convolutions": Candidate(
            train_on_batch_dcgan(images, size), size, alternating, "float32"
        ),
        "two tapes in a tf.function": Candidate(
            keras.steps("two_tapes", size), size, simultaneous, "float32"
        ),
        "two tapes with oneDNN's convolutions": Candidate(
            two_tape_dcgan(images, size), size, simultaneous, "float32"
        ),
    }
    if torch:
        made["PyTorch, eager"] = Candidate(torch.steps("dcgan", size), size, unfrozen, "float32")
    made["convgan, alternating as the article"] = config_step(DCGAN, [batch])
    made["convgan, simultaneous"] = config_step(DCGAN, [batch, SIMULTANEOUS])
    if bfloat16:
        made["convgan, simultaneous, bfloat16"] = config_step(
            DCGAN, [batch, SIMULTANEOUS, BFLOAT16]
        )
    set_precision_and_seed("float32", 0)
    return made


def classifier_candidates(
    size: int, keras: OtherProcess, torch: OtherProcess | None, *, bfloat16: bool
) -> dict[str, Candidate]:
    """Return the forms of the step of the classifier article's network."""
    train = load_dataset(DataConfig(name="mnist", source="sample")).train
    config = load_config(CLASSIFIER)
    assert isinstance(config, ClassifierRunConfig)
    assert train.labels is not None
    operations = float(size * classifier_operations(check_networks(config, SHAPE, 10)))
    set_precision_and_seed("float32", 0)
    made = {
        "the article's fit": Candidate(
            keras.steps("classifier", size), size, operations, "float32"
        ),
        "… with oneDNN's convolutions": Candidate(
            fit_classifier(train.images, train.labels, size), size, operations, "float32"
        ),
    }
    if torch:
        made["PyTorch, eager"] = Candidate(
            torch.steps("classifier", size), size, operations, "float32"
        )
    batch = f"train.batch_size={size}"
    made["convgan"] = config_step(CLASSIFIER, [batch])
    if bfloat16:
        made["convgan, bfloat16"] = config_step(CLASSIFIER, [batch, BFLOAT16])
    set_precision_and_seed("float32", 0)
    return made


def markdown(title: str, rows: list[dict[str, Any]]) -> str:
    """Return one table, each row beside the first."""
    first = rows[0]["milliseconds"]
    lines = [
        f"### {title}",
        "",
        ", ".join(
            f"A large matrix product in {precision}: {limit / 1e9:,.0f} GFLOP/s"
            for precision, limit in {row["precision"]: row["limit"] for row in rows}.items()
        ),
        "",
        "| step | ms, median (least to most) | pictures/s | × the first | GFLOP | of the limit |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    lines += [
        f"| {row['name']} | {row['milliseconds']:.1f} ({row['least']:.1f} to {row['most']:.1f}) | "
        f"{row['pictures_per_second']:,.0f} | {first / row['milliseconds']:.2f} | "
        f"{row['operations'] / 1e9:.2f} | {row['share_of_limit']:.0%} |"
        for row in rows
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure, print and write."""
    arguments = parser(__doc__, rounds=7)
    arguments.add_argument("--torch", help="a Python that has torch")
    arguments.add_argument(
        "--bfloat16", action="store_true", help="also where the machine only emulates it"
    )
    options = read_options(arguments)
    device = start_tensorflow(device="cpu")
    tf.get_logger().setLevel("ERROR")  # it takes the many steps for one that is traced again
    keras = OtherProcess("benchmarks.article")
    torch = OtherProcess("benchmarks.pytorch", options.torch) if options.torch else None
    bfloat16 = options.bfloat16 or computes_in_bfloat16()
    sections = {
        f"DCGAN article's networks, batches of {size}": dcgan_candidates(
            size, keras, torch, bfloat16=bfloat16
        )
        for size in (32, 256)
    }
    sections["Classifier article's network, batches of 64"] = classifier_candidates(
        64, keras, torch, bfloat16=bfloat16
    )
    # `fit` has a cost per call, which is small only in calls of many steps.
    results = {
        title: compare(each, rounds=options.rounds, seconds=4.0 if "Classifier" in title else 1.0)
        for title, each in sections.items()
    }
    text = "\n".join(markdown(title, rows) for title, rows in results.items())
    logger.info("%s", text)
    record = {
        "device": device,
        "versions": versions() | ({"torch": torch.version} if torch else {}),
        "steps": results,
    }
    write(options.out / "steps.json", record)
    (options.out / "steps.md").write_text(text)


if __name__ == "__main__":
    main()
