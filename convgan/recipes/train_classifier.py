"""`convgan train-classifier`: labelled pictures to a classifier that keeps its best epoch."""

from __future__ import annotations

from functools import partial

import keras

from convgan.callbacks.writing import SaveBest, SaveModels
from convgan.config import ClassifierRunConfig
from convgan.data import ImageSet, hold_out, load_dataset
from convgan.errors import DataError
from convgan.evaluation import evaluate_classification, predict_logits
from convgan.hardware import make_deterministic, set_precision_and_seed
from convgan.models.classifier import build_classifier
from convgan.models.feasibility import check_classifier
from convgan.recipes.job import (
    RunOptions,
    common_callbacks,
    dry_run,
    recorded,
    total_steps,
)
from convgan.recipes.recovery import train_and_recover
from convgan.recipes.resume import open_run
from convgan.runs import Run
from convgan.training import ClassifierTask, build_optimizer


def train_classifier(config: ClassifierRunConfig, job: RunOptions) -> Run | None:
    """Train on the training pictures less the held-out ones, which choose the best epoch.

    Returns the finished run, or None after a dry run.
    """
    dataset = load_dataset(config.data)
    check_labels(dataset.train)
    held_out = round(config.data.validation * len(dataset.train))
    train, validation = hold_out(dataset.train, held_out, config.seed)
    classes = len(train.class_names)
    check_classifier(config.model, train.image_shape, classes)

    set_precision_and_seed(config.train.precision, config.seed)
    network = build_classifier(config.model, train.image_shape, classes)
    task = ClassifierTask(network, config.train, seed=config.seed)
    steps = total_steps(config.train, len(train))
    task.compile(build_optimizer(config.train.optimizer, config.train.schedule, steps))
    if job.dry_run:
        dry_run(task, train, config.train)
        return None
    if config.train.deterministic:
        make_deterministic()

    run, state = open_run(job, config, dataset, task)
    del dataset  # 50 MB of pictures that train and the held-out ones have copies of
    save: keras.callbacks.Callback = SaveModels(run, state)
    if len(validation):
        save = SaveBest(
            run, state, "val_accuracy", network="classifier", file="classifier", entry="results"
        )
    with recorded(run):
        train_and_recover(
            run,
            task,
            train,
            config.train,
            state=state,
            callbacks=[
                save,
                *common_callbacks(run, state, config.train, len(train)),
            ],
            validate=partial(_validate, task, validation),
        )
    return run


def check_labels(train: ImageSet) -> None:
    """Raise DataError if the pictures have none."""
    if train.labels is None:
        raise DataError(f"{train.origin} has no labels: a classifier needs one folder a class")


def _validate(task: ClassifierTask, validation: ImageSet, _epoch: int) -> dict[str, float]:
    if validation.labels is None or not len(validation):
        return {}
    logits = predict_logits(
        task.network, validation.images, mirrored=task.train_config.evaluate_mirrored
    )
    numbers = evaluate_classification(logits, validation.labels, validation.class_names)
    return {"val_loss": numbers.loss, "val_accuracy": numbers.accuracy}
