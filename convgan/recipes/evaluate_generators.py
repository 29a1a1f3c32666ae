"""`convgan eval` of DCGAN runs: their generators and the test images to numbers and pictures."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from convgan.arrays import DamagedFile
from convgan.config import GanRunConfig
from convgan.data import Dataset, load_dataset
from convgan.errors import UsageError
from convgan.evaluation.comparison import SEED, check_same_protocol
from convgan.evaluation.evaluator import Evaluator
from convgan.evaluation.find_evaluator import find_evaluator
from convgan.evaluation.generator import (
    EvalOptions,
    Subject,
    choose_generator,
    evaluate_generator,
)
from convgan.evaluation.metric import METRICS
from convgan.evaluation.nearest import nearest_neighbours
from convgan.evaluation.prediction import generate
from convgan.evaluation.reference import Reference, compute_reference
from convgan.models.network_file import read_network
from convgan.reporting.evaluation_pictures import draw_generator_evaluation
from convgan.reporting.run_report import report_run
from convgan.runs import Run
from convgan.runs.classes import given_classes
from convgan.runs.evaluations import CheckpointDistance, GeneratorEvaluation, write_evaluation
from convgan.training.build import build_gan
from convgan.training.loop import steps_per_epoch
from convgan.training.state import TrainingState
from convgan.training.streams import draw_labels, stream_seed

logger = logging.getLogger("convgan")

_SHOWN, _NEAREST = 16, 3  # samples beside their nearest training images


def evaluate_generator_runs(runs: Sequence[Run], options: EvalOptions) -> list[GeneratorEvaluation]:
    """Measure generators against the test images; write `eval/generator.json`, pictures, report.

    What can be known from configurations and data is checked before anything is computed.

    Raises:
        UsageError: runs are not all of generators, or not measured by one protocol, or one is
            given twice; the wanted evaluator does not fit, or too few images are asked for.
        DataError: a network is missing or damaged.
    """
    if {run.task for run in runs} != {"dcgan"}:
        tasks = ", ".join(f"{run.name} is a {run.task}" for run in runs)
        raise UsageError(f"only DCGAN runs are compared side by side: {tasks}")
    folders = [run.folder.resolve() for run in runs]
    for run, folder in zip(runs, folders, strict=True):
        if folders.count(folder) > 1:
            raise UsageError(f"{run.folder} is given twice: name each run once")
    loaded: dict[str, tuple[Dataset, Evaluator]] = {}
    subjects = [_subject(run, options, loaded) for run in runs]
    check_same_protocol([(subject.run.name, subject.protocol) for subject in subjects])

    logger.info("looking at the real images …")
    evaluator, dataset = subjects[0].evaluator, subjects[0].dataset
    reference = compute_reference(evaluator, dataset, count=subjects[0].samples, seed=SEED)
    return [_evaluate(subject, reference) for subject in subjects]


def latent(config: GanRunConfig, count: int) -> tf.Tensor:
    """Return the latent vectors (count, latent_dim) that every generator is measured with."""
    shape = [count, config.generator.latent_dim]
    return tf.random.stateless_normal(shape, stream_seed(SEED, "evaluation", 0))


def asked_labels(run: Run, config: GanRunConfig, count: int) -> NDArray[np.int64] | None:
    """Return the labels (count,) of which a conditional generator is asked for an image each.

    They are as frequent as in training.
    """
    if not config.conditional:
        return None
    fractions = np.array(given_classes(run).fractions)
    drawn = draw_labels(fractions, stream_seed(SEED, "evaluation labels", 0), count)
    return np.asarray(drawn)


def _subject(
    run: Run, options: EvalOptions, loaded: dict[str, tuple[Dataset, Evaluator]]
) -> Subject:
    """Find what a run's generator is measured by; the same data is loaded once for all runs."""
    config = run.config_of(GanRunConfig)
    network, checkpoint = choose_generator(run, options.which)
    key = config.data.model_dump_json()
    if key not in loaded:
        dataset = load_dataset(config.data)
        evaluator = find_evaluator(config.data, dataset.test, options.out, options.evaluator)
        loaded[key] = dataset, evaluator
    dataset, evaluator = loaded[key]
    return Subject(run, config, dataset, evaluator, network, checkpoint, options)


def _evaluate(subject: Subject, reference: Reference) -> GeneratorEvaluation:
    run, which, options = subject.run, subject.checkpoint.which, subject.options
    logger.info("%s: the %s generator, evaluated by %s", run.name, which, subject.evaluator.name)
    generator = read_network(subject.network).network
    labels = asked_labels(run, subject.config, subject.samples)
    images = generate(generator, latent(subject.config, subject.samples), labels)
    predictions = subject.evaluator.predict(images)
    clusters = subject.config.conditional == "clusters"  # of which the evaluator knows nothing
    evidence = reference.evidence(predictions, None if clusters else labels)
    evaluation = evaluate_generator(subject, images, evidence, reference)
    if options.all_checkpoints:
        logger.info("looking at each checkpoint …")
        points = _over_checkpoints(subject, reference)
        evaluation = evaluation.model_copy(update={"checkpoints": points})
    write_evaluation(run.folder, evaluation)
    nearest, distances = nearest_neighbours(
        predictions.features[:_SHOWN], reference.real.train.features, count=_NEAREST
    )
    draw_generator_evaluation(
        run.folder,
        evaluation,
        images=images,
        columns=given_classes(run).names if labels is not None else (),
        labels=labels,
        nearest=subject.dataset.train.images[nearest],
        distances=distances,
    )
    report_run(run)
    return evaluation


def _over_checkpoints(subject: Subject, reference: Reference) -> list[CheckpointDistance]:
    """Return the Fréchet distance of the averaged generator in each checkpoint, oldest first.

    That of step 0, which a run begins with, is left out.
    """
    config, evaluator = subject.config, subject.evaluator
    given = len(given_classes(subject.run).names) if config.conditional else 0
    task = build_gan(config, evaluator.image_shape, given, count=1)
    state = TrainingState(subject.run.folder / "checkpoints", task)
    z = latent(config, subject.samples)
    labels = asked_labels(subject.run, config, subject.samples)
    count = len(subject.dataset.train)
    per_epoch = steps_per_epoch(config.train, count - config.data.held_out(count))
    points = []
    for path in state.checkpoints():
        try:
            state.restore(path)
        except DamagedFile as error:
            logger.warning("left out: %s", error)
            continue
        step = state.progress.step
        if step:
            evidence = reference.evidence(evaluator.predict(generate(task.sampler, z, labels)))
            points += [
                CheckpointDistance(step=step, epoch=step / per_epoch, frechet=frechet)
                for frechet in METRICS["frechet"].measure(evidence)
            ]
    return points
