"""`convgan train-dcgan`: pictures to a generator, with a sample grid per epoch and a GIF."""

from __future__ import annotations

import logging
from functools import partial

from convgan.callbacks.grids import SampleGrid
from convgan.callbacks.health import HealthCheck
from convgan.callbacks.networks import SaveBest, SaveNetworks
from convgan.callbacks.quality import GeneratorQuality
from convgan.callbacks.session import RunOptions, common_callbacks, training_session
from convgan.callbacks.starting import start_from
from convgan.config import GanRunConfig
from convgan.data import ImageSet, hold_out, load_dataset
from convgan.data.clusters import clustered
from convgan.errors import ConvganError, UsageError
from convgan.evaluation.diagnosis import not_finite_advice
from convgan.evaluation.find_evaluator import find_evaluator
from convgan.hardware import make_deterministic, set_precision_and_seed
from convgan.models.build import check_networks, network_specs
from convgan.recipes.make_gif import make_gif
from convgan.runs import Run
from convgan.runs.classes import GivenClasses, keep_clusters, kept_clusters
from convgan.training.build import build_gan
from convgan.training.dry_run import dry_run
from convgan.training.gan import GAN
from convgan.training.loop import run_training
from convgan.training.precision import resolve_precision

logger = logging.getLogger("convgan")


def train_dcgan(config: GanRunConfig, options: RunOptions) -> Run | None:
    """Train generator and discriminator on the training pictures less the held-out ones.

    Returns the finished run, or None after a dry run. Labels are used with `conditional: true`.
    """
    dataset = load_dataset(config.data)
    train, held_out = hold_out(dataset.train, config.data.held_out(len(dataset.train)), config.seed)
    if config.conditional == "clusters":
        train = clustered(train, config.seed, kept_clusters(options.resume, len(train)))
    shape, classes = train.image_shape, len(train.class_names)
    check_networks(config, shape, classes)

    fractions = train.class_fractions() if config.conditional else None
    build = partial(build_gan, config, shape, classes, count=len(train), class_fractions=fractions)
    config = resolve_precision(config, train, build)
    set_precision_and_seed(config.train.precision, config.seed)
    task = build()
    options = start_from(options, task)
    quality = _quality(config, task, held_out)
    if options.dry_run:
        dry_run(task, train, config.train)
        return None
    if config.train.deterministic:
        make_deterministic()

    advice = not_finite_advice(config.train)
    with training_session(options, config, dataset, task, advice=advice) as (run, state):
        del dataset  # 50 MB of pictures that train and the held-out ones have copies of
        specs = network_specs(config, shape, classes)
        if config.conditional:
            _keep_classes(run, config, train)
        best = SaveBest(
            run, state, task, specs,
            file="generator-best", entry="best", monitor="val_frechet",
        )  # fmt: skip
        names = train.class_names if config.conditional else ()
        run_training(
            task,
            train,
            config.train,
            config.runtime,
            state=state,
            callbacks=[
                SaveNetworks(run, state, task, specs),
                SampleGrid(run, state, task, config.train.sample_grid, names),
                *common_callbacks(run, state, config, len(train)),
                HealthCheck(run, state, task, config.train, quality),
                *([best] if quality else []),
            ],
            validate=quality or (lambda _epoch: {}),
        )
        try:
            make_gif(run)
        except ConvganError as error:  # the training is done, whatever becomes of the film
            logger.warning("no training.gif: %s. Later: convgan make-gif %s", error, run.folder)
    return run


def _keep_classes(run: Run, config: GanRunConfig, train: ImageSet) -> None:
    """Write down which classes the networks are given, and which image is in which cluster."""
    given = GivenClasses(
        clusters=config.conditional == "clusters",
        names=train.class_names,
        fractions=tuple(train.class_fractions()),
    )
    run.update(classes=given.model_dump(mode="json"))
    if given.clusters and train.labels is not None:
        keep_clusters(run, train.labels)


def _quality(config: GanRunConfig, task: GAN, held_out: ImageSet) -> GeneratorQuality | None:
    """Return what measures the generator on the way, or None where it is not to be, or cannot."""
    if not config.train.evaluate_every:
        return None
    try:
        evaluator = find_evaluator(config.data, held_out, None, config.train.evaluator)
        samples, every = config.train.evaluate_samples, config.train.evaluate_every
        return GeneratorQuality(task, evaluator, held_out, samples=samples, every=every)
    except UsageError as error:
        if config.train.evaluator:  # asked for by name
            raise
        logger.warning("no Fréchet distance during training, and so no best epoch: %s", error)
        return None
