"""`convgan eval` of a DCGAN run: how near, how varied, what is missing, what D has learned."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from convgan.arrays import DamagedFile
from convgan.config import GanRunConfig
from convgan.data import Dataset, load_dataset
from convgan.errors import UsageError
from convgan.evaluation import (
    FeatureNetwork,
    Samples,
    diagnose,
    evaluate_frechet,
    generate,
    load_network,
)
from convgan.recipes.circumstances import circumstances
from convgan.recipes.discriminator_quality import SVM_DRAWS, SVM_PICTURES, measure_discriminator
from convgan.recipes.evaluator import find_evaluator
from convgan.recipes.generator_pictures import draw_evaluation
from convgan.recipes.generator_quality import Numbers, Reference, look_at_real, measure_generated
from convgan.runs import Run, write_json
from convgan.training.build import build_gan
from convgan.training.state import TrainingState
from convgan.training.streams import stream_seed

logger = logging.getLogger("convgan")

Which = Literal["best", "last"]
_SEED = 0  # of the latent vectors and of all draws: the same for every run


@dataclass(frozen=True)
class EvalOptions:
    """What is asked about a generator."""

    out: Path
    evaluator: str | None = None
    """A classifier run's folder or name, in place of the network that comes with convgan."""
    samples: int = 10_000
    which: Which | None = None
    """The best epoch's generator or the last one's; None: the best, where one was kept."""
    labels: int | None = None
    """How many labelled pictures the SVM learns from; None: 10,000."""
    extrapolate: bool = False
    all_checkpoints: bool = False


def evaluate_generator(run: Run, config: GanRunConfig, request: EvalOptions) -> Numbers:
    """Measure a DCGAN run against the test pictures; write `eval/generator.json` and pictures.

    Raises:
        UsageError: the pictures have no classes, no evaluator fits, or there are too few.
        DataError: a network is missing or damaged.
    """
    dataset = load_dataset(config.data)
    if not dataset.train.class_names:
        raise UsageError(f"{dataset.test.origin} has no classes: eval needs one folder a class")
    judge = find_evaluator(config.data, dataset.test, request.out, request.evaluator)
    path, chosen = choose_generator(run, request.which)
    generator = load_network(path)
    count = request.samples
    if count <= judge.dimension:
        raise UsageError(
            f"--samples {count} are too few: a Fréchet distance of {judge.dimension} features "
            f"needs more than {judge.dimension} pictures"
        )
    logger.info("%s: the %s generator, judged by %s", run.name, chosen["which"], judge.name)
    logger.info("looking at the real pictures …")
    real = look_at_real(judge, dataset, count=count, seed=_SEED)

    logger.info("looking at %s generated pictures …", f"{count:,}")
    generated = generate(generator, latent(config, count))
    features, logits = judge.predict(generated)
    measured = measure_generated(
        features, logits, real, seed=_SEED, extrapolate=request.extrapolate
    )
    logger.info("what the discriminator has learned …")
    learned = measure_discriminator(run, config, dataset, request.labels, seed=_SEED)
    numbers: Numbers = {
        "what": "generated pictures against the test pictures",
        **circumstances(run, dataset.test),
        "checkpoint": chosen,
        "evaluator_accuracy": real.accuracy,
        "protocol": _protocol(judge, dataset, count, request),
        "measured": measured,
        "floor": real.floor,
        "discriminator": learned,
    }
    if request.all_checkpoints:
        logger.info("looking at each checkpoint …")
        numbers["checkpoints"] = _over_checkpoints(
            run, config, judge, real, count=count, pictures=len(dataset.train)
        )
    numbers["findings"] = _findings(run, config, chosen, generated[:100], measured["classes"])
    draw_evaluation(
        run,
        numbers,
        generated=generated,
        features=features,
        real=real,
        training=dataset.train.images,
    )
    write_json(run.folder / "eval" / "generator.json", numbers)
    return numbers


def choose_generator(run: Run, which: Which | None) -> tuple[Path, dict[str, Any]]:
    """Return the generator's file, and which it is: the best by held-out pictures, or the last."""
    best = run.folder / "model" / "generator-best.safetensors"
    if which == "best" and not best.is_file():
        raise UsageError(
            f"{run.folder} kept no best generator: it was trained with train.evaluate_every 0, "
            "or has too few held-out pictures. Use --which last"
        )
    if which == "last" or not best.is_file():
        results = run.manifest.get("results") or {}
        return run.folder / "model" / "generator.safetensors", {"which": "last", **_place(results)}
    return best, {"which": "best", **_place(run.manifest.get("best") or {})}


def _place(numbers: dict[str, Any]) -> dict[str, Any]:
    return {key: numbers.get(key) for key in ("epoch", "step")}


def latent(config: GanRunConfig, count: int) -> tf.Tensor:
    """Return the latent vectors (count, latent_dim) that every generator is measured with."""
    shape = [count, config.generator.latent_dim]
    return tf.random.stateless_normal(shape, stream_seed(_SEED, "evaluation", 0))


def _protocol(
    judge: FeatureNetwork, dataset: Dataset, count: int, request: EvalOptions
) -> dict[str, Any]:
    """Return what must agree for two numbers to be compared."""
    return {
        "evaluator": judge.name,
        "evaluator_sha256": judge.sha256,
        "feature_dimension": judge.dimension,
        "data": dataset.test.name,
        "train_sha256": dataset.train.fingerprint,
        "test_sha256": dataset.test.fingerprint,
        "generated": count,
        "test": len(dataset.test),
        "train": len(dataset.train),
        "floor": min(count, len(dataset.train)),
        "covariance": "divided by N - 1",
        "svm_labels": request.labels or min(SVM_PICTURES, len(dataset.train)),
        "svm_draws": 1 if request.labels is None else SVM_DRAWS,
        "seed": _SEED,
    }


def _over_checkpoints(
    run: Run,
    config: GanRunConfig,
    judge: FeatureNetwork,
    real: Reference,
    *,
    count: int,
    pictures: int,
) -> list[dict[str, float]]:
    """Return the Fréchet distance of the averaged generator in each checkpoint, oldest first.

    That of step 0, which a run begins with, is left out.
    """
    task = build_gan(config, judge.image_shape, judge.num_classes, count=1)
    state = TrainingState(run.folder / "checkpoints", task)
    z = latent(config, count)
    seen = pictures - round(config.data.validation * pictures)
    steps_per_epoch = seen / config.train.batch_size
    points = []
    for path in state.checkpoints():
        try:
            state.restore(path)
        except DamagedFile as error:
            logger.warning("left out: %s", error)
            continue
        if not state.progress.step:
            continue
        features, _ = judge.predict(generate(task.sampler, z))
        frechet = evaluate_frechet(features, real.test, seed=_SEED)
        step = state.progress.step
        points.append({"step": step, "epoch": step / steps_per_epoch, **frechet})
    return points


def _findings(
    run: Run,
    config: GanRunConfig,
    taken: dict[str, Any],
    generated: NDArray[np.uint8],
    classes: Numbers,
) -> list[dict[str, str]]:
    """Return what log, samples and classes show to be wrong, and what training warned of."""
    samples = Samples(generated, taken["step"] or 0, taken["epoch"] or 0)
    found = diagnose(run.records(), config.train, samples=[samples], coverage=classes)
    findings = {finding.name: finding.text for finding in found}
    for warning in run.manifest.get("warnings", []):
        findings.setdefault(warning["name"], f"While training: {warning['text']}")
    return [{"name": name, "text": text} for name, text in findings.items()]
