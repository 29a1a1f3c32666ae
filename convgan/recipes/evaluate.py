"""`convgan eval`: finished runs' networks and the test images to numbers and pictures."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import tensorflow as tf
from scipy.special import softmax

from convgan.arrays import DamagedFile
from convgan.config import ClassifierRunConfig, GanRunConfig
from convgan.data import Dataset, load_dataset
from convgan.errors import DataError, UsageError
from convgan.evaluation.classification import evaluate_classification, surest_mistakes
from convgan.evaluation.comparison import check_same_data, check_same_protocol, provenance
from convgan.evaluation.evaluator import Evaluator
from convgan.evaluation.find_evaluator import find_evaluator
from convgan.evaluation.generator import (
    SEED,
    Subject,
    Which,
    choose_generator,
    evaluate_generator,
)
from convgan.evaluation.metric import METRICS
from convgan.evaluation.nearest import nearest_neighbours
from convgan.evaluation.prediction import generate, predict_logits
from convgan.evaluation.reference import Reference, compute_reference
from convgan.models.network_file import read_network
from convgan.reporting import save_confusion_matrix, save_mistakes
from convgan.reporting.evaluation_pictures import draw_generator_evaluation
from convgan.reporting.run_report import report_run
from convgan.runs import Run
from convgan.runs.evaluations import (
    CheckpointDistance,
    ClassifierEvaluation,
    GeneratorEvaluation,
    write_evaluation,
)
from convgan.training.build import build_gan
from convgan.training.state import TrainingState
from convgan.training.streams import stream_seed

logger = logging.getLogger("convgan")

SAMPLES = 10_000
_MISTAKES = 24  # in the picture
_SHOWN, _NEAREST = 16, 3  # samples beside their nearest training images


@dataclass(frozen=True)
class EvalOptions:
    """What is asked about a generator; None where nothing is said. A classifier has no options."""

    out: Path
    evaluator: str | None = None
    """A classifier run's folder or name, instead of the network that comes with convgan."""
    samples: int | None = None
    """Generated images; else 10,000."""
    which: Which | None = None
    """The best epoch's generator or the last one's; else the best, where one was kept."""
    labels: int | None = None
    """How many labelled images the SVM learns from; else 10,000."""
    extrapolate: bool | None = None
    all_checkpoints: bool | None = None


def evaluate_classifier_run(run: Run, options: EvalOptions) -> ClassifierEvaluation:
    """Measure a classifier on the test images; write `eval/classifier.json`, pictures, report.

    Raises:
        UsageError: an option is given that only a generator has, or the images have no classes.
        DataError: the run's network is missing or damaged.
    """
    config = run.config()
    if not isinstance(config, ClassifierRunConfig):
        raise DataError(f"{run.folder}: run.json describes a classifier, config.yaml does not")
    _refuse_options(run, options)
    test = load_dataset(config.data).test
    if test.labels is None:
        raise UsageError(f"{test.origin} has no classes: eval needs one folder per class")
    network = read_network(run.folder / "model" / "classifier.safetensors").network
    mirrored = config.train.evaluate_mirrored
    logits = predict_logits(network, test.images, mirrored=mirrored)
    results = run.manifest.get("results") or {}
    evaluation = ClassifierEvaluation(
        provenance=provenance(run, test),
        mirrored=mirrored,
        epoch=results.get("epoch"),
        step=results.get("step"),
        **dict(evaluate_classification(logits, test.labels, test.class_names)),
    )
    write_evaluation(run.folder, evaluation)
    wrong = surest_mistakes(logits, test.labels, _MISTAKES)
    probabilities = softmax(logits[wrong], axis=1)
    names, folder = test.class_names, run.folder / "eval"
    matrix = np.asarray(evaluation.confusion_matrix)
    save_confusion_matrix(folder / "confusion_matrix.png", matrix, class_names=names)
    save_mistakes(
        folder / "mistakes.png",
        test.images[wrong],
        true_names=[names[label] for label in test.labels[wrong]],
        predicted_names=[names[index] for index in probabilities.argmax(axis=1)],
        confidences=probabilities.max(axis=1),
    )
    report_run(run)
    return evaluation


def evaluate_generator_runs(runs: Sequence[Run], options: EvalOptions) -> list[GeneratorEvaluation]:
    """Measure generators against the test images; write `eval/generator.json`, pictures, report.

    What can be known from configurations and manifests is checked before anything is computed.

    Raises:
        UsageError: runs are not all of generators or not measured by one protocol, the images
            have no classes, no evaluator fits, or too few images are asked for.
        DataError: a network is missing or damaged.
    """
    if {run.task for run in runs} != {"dcgan"}:
        tasks = ", ".join(f"{run.name} is a {run.task}" for run in runs)
        raise UsageError(f"only DCGAN runs are compared side by side: {tasks}")
    check_same_data(runs)
    subjects: list[Subject] = []
    for run in runs:
        subjects.append(_subject(run, options, subjects))
    check_same_protocol({subject.run.name: subject.protocol for subject in subjects})

    logger.info("looking at the real images …")
    evaluator, dataset, count = subjects[0].evaluator, subjects[0].dataset, subjects[0].samples
    reference = compute_reference(evaluator, dataset, count=count, seed=SEED)
    return [_evaluate(subject, reference, options) for subject in subjects]


def _subject(run: Run, options: EvalOptions, others: Sequence[Subject]) -> Subject:
    """Find what a run's generator is measured by; with data that others have already loaded."""
    config = run.config()
    if not isinstance(config, GanRunConfig):
        raise DataError(f"{run.folder}: run.json describes a DCGAN, config.yaml does not")
    network, checkpoint = choose_generator(run, options.which)
    found: tuple[Dataset, Evaluator] | None = next(
        ((other.dataset, other.evaluator) for other in others if other.config.data == config.data),
        None,
    )
    if found is None:
        dataset = load_dataset(config.data)
        evaluator = find_evaluator(config.data, dataset.test, options.out, options.evaluator)
        found = dataset, evaluator
    return Subject(
        run=run,
        config=config,
        dataset=found[0],
        evaluator=found[1],
        network=network,
        checkpoint=checkpoint,
        samples=options.samples or SAMPLES,
        labels=options.labels,
        options=frozenset({"extrapolate"} if options.extrapolate else ()),
    )


def _evaluate(subject: Subject, reference: Reference, options: EvalOptions) -> GeneratorEvaluation:
    run, which = subject.run, subject.checkpoint.which
    logger.info("%s: the %s generator, evaluated by %s", run.name, which, subject.evaluator.name)
    generator = read_network(subject.network).network
    images = generate(generator, latent(subject.config, subject.samples))
    predictions = subject.evaluator.predict(images)
    evaluation = evaluate_generator(subject, images, predictions, reference)
    if options.all_checkpoints:
        logger.info("looking at each checkpoint …")
        points = _over_checkpoints(subject, reference)
        evaluation = evaluation.model_copy(update={"checkpoints": points})
    write_evaluation(run.folder, evaluation)
    nearest, distances = nearest_neighbours(
        predictions.features[:_SHOWN], reference.train.features, count=_NEAREST
    )
    draw_generator_evaluation(
        run.folder,
        evaluation,
        images=images,
        nearest=subject.dataset.train.images[nearest],
        distances=distances,
    )
    report_run(run)
    return evaluation


def latent(config: GanRunConfig, count: int) -> tf.Tensor:
    """Return the latent vectors (count, latent_dim) that every generator is measured with."""
    shape = [count, config.generator.latent_dim]
    return tf.random.stateless_normal(shape, stream_seed(SEED, "evaluation", 0))


def _over_checkpoints(subject: Subject, reference: Reference) -> list[CheckpointDistance]:
    """Return the Fréchet distance of the averaged generator in each checkpoint, oldest first.

    That of step 0, which a run begins with, is left out.
    """
    config, evaluator = subject.config, subject.evaluator
    task = build_gan(config, evaluator.image_shape, evaluator.num_classes, count=1)
    state = TrainingState(subject.run.folder / "checkpoints", task)
    z = latent(config, subject.samples)
    count = len(subject.dataset.train)
    steps_per_epoch = (count - round(config.data.validation * count)) / config.train.batch_size
    points = []
    for path in state.checkpoints():
        try:
            state.restore(path)
        except DamagedFile as error:
            logger.warning("left out: %s", error)
            continue
        step = state.progress.step
        if not step:
            continue
        evidence = reference.evidence(evaluator.predict(generate(task.sampler, z)))
        for frechet in METRICS["frechet"].measure(evidence):
            epoch = step / steps_per_epoch
            points.append(CheckpointDistance(step=step, epoch=epoch, frechet=frechet))
    return points


def _refuse_options(run: Run, options: EvalOptions) -> None:
    given = [
        f"--{field.name.replace('_', '-')}"
        for field in fields(options)
        if field.name != "out" and getattr(options, field.name) is not None
    ]
    if given:
        raise UsageError(
            f"{', '.join(given)}: only for generators, and {run.name} is a classifier. "
            f"Leave it out: convgan eval {run.folder}"
        )
