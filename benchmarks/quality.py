"""Time to the article's result: accuracy of the classifier, Fréchet distance of the DCGAN.

    python -m benchmarks.quality [--of NAME …] [--seeds 3] [--out docs/benchmark]

Needs the full data sets. The classifiers are trained to their ends, the article's by its `fit`. Of
the article's DCGAN only steps are timed, in turn with ours and with TensorFlow as it comes: its 10
epochs take the better part of an hour, and what comes of them is known (`--target`, from
docs/results.md). Writes `quality-NAME.json` for each preset.
"""

from __future__ import annotations

import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from benchmarks.article import article_classifier, article_data
from benchmarks.options import logger, parser, read_options, train, write
from benchmarks.other_process import OtherProcess
from convgan.config import DataConfig, GanRunConfig, load_config
from convgan.data import hold_out, load_dataset
from convgan.data.clusters import clustered
from convgan.evaluation.classification import evaluate_classification
from convgan.evaluation.find_evaluator import find_evaluator
from convgan.evaluation.metrics.frechet import fit_gaussian, frechet_distance
from convgan.evaluation.prediction import generate, predict_logits
from convgan.hardware import set_precision_and_seed, start_tensorflow
from convgan.models.network_file import read_network
from convgan.recipes.evaluate_generators import latent
from convgan.training.build import build_gan
from convgan.training.steps import compile_steps
from convgan.training.timing import Steps

CLASSIFIER = "classifier-mnist"
GANS = ("dcgan-fashion", "gan-fashion-best", "cgan-fashion")
ARTICLE_STEPS = 10 * 60_000 // 32
EVERY = 125
"""Steps between two looks at our generator; as often some steps of the article's are timed."""
SAMPLES = 10_000


def classifier(seeds: int) -> list[dict[str, Any]]:
    """Train the article's network by `fit` and ours, in turn.

    Ours is timed with all that it loads, holds out, validates, draws and saves.
    """
    data = load_dataset(DataConfig(name="mnist", source="full"))
    assert data.train.labels is not None
    assert data.test.labels is not None
    x, y = article_data(data.train.images, data.train.labels)
    x_test, _ = article_data(data.test.images, data.test.labels)
    rows = []
    for seed in range(seeds):
        set_precision_and_seed("float32", seed)
        begin = time.perf_counter()
        network = article_classifier()
        network.fit(x, y, epochs=5, batch_size=64, verbose=0)
        seconds = time.perf_counter() - begin
        predicted = network.predict(x_test, verbose=0).argmax(axis=1)
        accuracy = float((predicted == data.test.labels).mean())
        rows.append({"of": "article", "seed": seed, "seconds": seconds, "accuracy": accuracy})
        with tempfile.TemporaryDirectory() as folder:
            begin = time.perf_counter()
            config = load_config(CLASSIFIER, [f"seed={seed}", "data.source=full"])
            run = train(config, Path(folder))
            seconds = time.perf_counter() - begin
            assert run
            ours = read_network(run.folder / "model" / "classifier.safetensors").network
        numbers = evaluate_classification(
            predict_logits(ours, data.test.images), data.test.labels, data.test.class_names
        )
        accuracy = numbers.accuracy
        rows.append({"of": "convgan", "seed": seed, "seconds": seconds, "accuracy": accuracy})
    return rows


def gan(preset: str, seeds: int, target: float) -> dict[str, Any]:
    """Train a GAN of ours until it passes the target, in the first of its epochs.

    Steps of the article's loop are timed in turn with ours, and so is the search for clusters;
    looking at the generator is not timed.
    """
    data = load_dataset(DataConfig(name="fashion-mnist", source="full"))
    evaluator = find_evaluator(DataConfig(name="fashion-mnist"), data.test, None, None)
    real = fit_gaussian(evaluator.predict(data.test.images)[0])
    article = OtherProcess("benchmarks.article").steps("dcgan", 32)
    article(2)
    article_times: list[float] = []
    rows: list[dict[str, Any]] = []
    for seed in range(seeds):
        config = load_config(preset, [f"seed={seed}"])
        assert isinstance(config, GanRunConfig)
        pictures, _ = hold_out(data.train, config.data.held_out(len(data.train)), seed)
        set_precision_and_seed(config.train.precision, seed)
        begin = time.perf_counter()
        if config.conditional == "clusters":
            pictures = clustered(pictures, seed)
        fractions = pictures.class_fractions() if config.conditional else None
        task = build_gan(
            config, pictures.image_shape, len(pictures.class_names),
            count=len(pictures), class_fractions=fractions,
        )  # fmt: skip
        ours = compile_steps(task, pictures, config.train.batch_size, xla=config.train.xla)
        seconds = time.perf_counter() - begin
        z, labels = latent(config, SAMPLES), task.draw_labels("benchmark", SAMPLES)
        last = len(pictures) // config.train.batch_size
        done = 0
        looks: list[dict[str, Any]] = []
        while done < last:
            count = min(EVERY, last - done)
            seconds += timed(ours, count)
            done += count
            article_times.append(timed(article, 15) / 15)
            features, _ = evaluator.predict(generate(task.sampler, z, labels))
            distance = frechet_distance(fit_gaussian(features), real)
            looks.append({"step": done, "seconds": seconds, "distance": distance})
            logger.info("seed %d, step %d: %.1f s, distance %.2f", seed, done, seconds, distance)
            if distance <= target:
                break
        passed = looks[-1] if looks[-1]["distance"] <= target else None
        rows.append({"seed": seed, "passed": passed, "looks": looks})
    step = statistics.median(article_times)
    return {
        "target": target,
        "article_step_seconds": step,
        "article_seconds": ARTICLE_STEPS * step,
        "times_sooner": [
            ARTICLE_STEPS * step / row["passed"]["seconds"] if row["passed"] else None
            for row in rows
        ],
        "convgan": rows,
    }


def timed(steps: Steps, count: int) -> float:
    """Return how many seconds so many steps take."""
    begin = time.perf_counter()
    steps(count)
    return time.perf_counter() - begin


def main() -> None:
    """Measure, print and write."""
    arguments = parser(__doc__)
    arguments.add_argument("--seeds", type=int, default=3)
    arguments.add_argument("--target", type=float, default=5.71)
    names = (CLASSIFIER, *GANS)
    arguments.add_argument("--of", nargs="+", choices=names, default=names)
    options = read_options(arguments)
    start_tensorflow(device="cpu")
    for name in options.of:
        if name == CLASSIFIER:
            record: Any = classifier(options.seeds)
            for row in record:
                logger.info("%(of)-8s seed %(seed)d: %(seconds)6.1f s, %(accuracy).4f", row)
        else:
            record = gan(name, options.seeds, options.target)
            logger.info("%s: %s times sooner", name, record["times_sooner"])
        write(options.out / f"quality-{name}.json", record)


if __name__ == "__main__":
    main()
