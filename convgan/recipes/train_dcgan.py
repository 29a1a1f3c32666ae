"""`convgan train-dcgan`: pictures to a generator, with a sample grid an epoch and a GIF."""

from __future__ import annotations

from convgan.config import GanConfig
from convgan.data import load_dataset
from convgan.hardware import set_precision_and_seed
from convgan.models.dcgan import build_discriminator, build_generator
from convgan.models.feasibility import check_gan
from convgan.recipes.job import (
    Job,
    common_callbacks,
    open_run,
    recorded,
    total_steps,
    try_one_step,
)
from convgan.recipes.make_gif import make_gif
from convgan.runs import Run
from convgan.training import DCGAN, build_optimizer, run_training
from convgan.training.callbacks import SampleGrid, SaveModels


def train_dcgan(config: GanConfig, job: Job) -> Run | None:
    """Train generator and discriminator; labels, if there are any, are not used.

    Returns the finished run, or None after a dry run.
    """
    dataset = load_dataset(config.data)
    train = dataset.train
    check_gan(config.generator, config.discriminator, train.image_shape)

    set_precision_and_seed(config.train.precision, config.seed)
    task = DCGAN(
        build_generator(config.generator, train.image_shape[-1]),
        build_discriminator(config.discriminator, train.image_shape),
        config.train,
        seed=config.seed,
    )
    steps = total_steps(config.train, len(train))
    schedule = config.train.schedule
    task.compile(
        build_optimizer(config.train.generator_optimizer, schedule, steps, name="g_optimizer"),
        build_optimizer(config.train.discriminator_optimizer, schedule, steps, name="d_optimizer"),
    )
    if job.dry_run:
        try_one_step(task, train)
        return None

    run, state = open_run(job, config, dataset, task)
    with recorded(run):
        run_training(
            task,
            train,
            config.train,
            state=state,
            callbacks=[
                SaveModels(run, state),
                SampleGrid(run, state, config.train.sample_grid),
                *common_callbacks(run, state, config.train, len(train)),
            ],
        )
        run.update(training_seconds=state.progress.seconds)
        make_gif(run)
    return run
