"""`convgan train-dcgan`: pictures to a generator, with a sample grid an epoch and a GIF."""

from __future__ import annotations

import logging

import keras

from convgan.callbacks.health import HealthCheck
from convgan.callbacks.quality import GeneratorQuality
from convgan.callbacks.writing import QualityCurve, SampleGrid, SaveBest, SaveModels
from convgan.config import GanRunConfig
from convgan.data import ImageSet, hold_out, load_dataset
from convgan.errors import DataError, RunError, UsageError
from convgan.evaluation import find_evaluator
from convgan.hardware import make_deterministic, set_precision_and_seed
from convgan.models.dcgan import build_discriminator, build_generator
from convgan.models.feasibility import check_gan
from convgan.recipes.job import (
    RunOptions,
    common_callbacks,
    dry_run,
    recorded,
    total_steps,
)
from convgan.recipes.make_gif import make_gif
from convgan.recipes.recovery import train_and_recover
from convgan.recipes.resume import open_run
from convgan.runs import Run
from convgan.training import GAN, TrainingState, build_optimizer

logger = logging.getLogger("convgan")


def train_dcgan(config: GanRunConfig, job: RunOptions) -> Run | None:
    """Train generator and discriminator on the training pictures less the held-out ones.

    Returns the finished run, or None after a dry run. Labels, if there are any, are not used.
    """
    dataset = load_dataset(config.data)
    train, held_out = hold_out(
        dataset.train, round(config.data.validation * len(dataset.train)), config.seed
    )
    check_gan(config.generator, config.discriminator, train.image_shape)

    set_precision_and_seed(config.train.precision, config.seed)
    task = build_dcgan(config, train.image_shape, steps=total_steps(config.train, len(train)))
    quality = _quality(config, task, held_out)
    if job.dry_run:
        dry_run(task, train, config.train)
        return None
    if config.train.deterministic:
        make_deterministic()

    run, state = open_run(job, config, dataset, task)
    del dataset  # 50 MB of pictures that train and the held-out ones have copies of
    with recorded(run):
        train_and_recover(
            run,
            task,
            train,
            config.train,
            state=state,
            callbacks=[
                SaveModels(run, state),
                SampleGrid(run, state, config.train.sample_grid),
                *common_callbacks(run, state, config.train, len(train)),
                HealthCheck(run, state, config.train, quality),
                *(_keep_the_best(run, state, quality) if quality else []),
            ],
            validate=quality or (lambda _epoch: {}),
        )
        try:
            make_gif(run)
        except (DataError, RunError) as error:  # the training is done, whatever the disk says
            logger.warning("no training.gif: %s. Later: convgan make-gif %s", error, run.folder)
    return run


def build_dcgan(config: GanRunConfig, image_shape: tuple[int, int, int], *, steps: int) -> GAN:
    """Build both networks and, for a training of so many steps, their optimizers."""
    task = GAN(
        build_generator(config.generator, image_shape[-1]),
        build_discriminator(config.discriminator, image_shape),
        config.train,
        seed=config.seed,
    )
    schedule = config.train.schedule
    task.compile(
        build_optimizer(config.train.generator_optimizer, schedule, steps, name="g_optimizer"),
        build_optimizer(config.train.discriminator_optimizer, schedule, steps, name="d_optimizer"),
    )
    return task


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
        logger.warning("no Fréchet distance while training, and so no best epoch: %s", error)
        return None


def _keep_the_best(
    run: Run, state: TrainingState, quality: GeneratorQuality
) -> list[keras.callbacks.Callback]:
    best = SaveBest(
        run, state, "val_frechet", network="generator", file="generator-best", entry="best"
    )
    return [best, QualityCurve(run, quality.protocol)]
