"""`convgan train-classifier`: labelled pictures to a classifier that keeps its best epoch."""

from __future__ import annotations

from functools import partial

from convgan.callbacks.networks import SaveBest, SaveNetworks
from convgan.callbacks.session import RunOptions, common_callbacks, training_session
from convgan.callbacks.starting import start_from
from convgan.config import ClassifierRunConfig
from convgan.data import ImageSet, hold_out, load_dataset
from convgan.errors import DataError
from convgan.evaluation.classification import (
    cross_entropy,
    evaluate_classification,
    fit_temperature,
)
from convgan.evaluation.prediction import predict_logits
from convgan.hardware import make_deterministic, set_precision_and_seed
from convgan.models.build import check_networks, network_specs
from convgan.models.whitening import fit_whitening
from convgan.runs import Run
from convgan.training.build import build_classifier_task
from convgan.training.callback import Callback, Numbers
from convgan.training.classifier import ClassifierTask
from convgan.training.dry_run import dry_run
from convgan.training.loop import run_training
from convgan.training.precision import resolve_precision


def train_classifier(config: ClassifierRunConfig, options: RunOptions) -> Run | None:
    """Train on the training pictures less the held-out ones, which choose the best epoch.

    Returns the finished run, or None after a dry run.
    """
    dataset = load_dataset(config.data)
    check_labels(dataset.train)
    held_out = config.data.held_out(len(dataset.train))
    train, validation = hold_out(dataset.train, held_out, config.seed)
    shape, classes = train.image_shape, len(train.class_names)
    check_networks(config, shape, classes)

    build = partial(
        build_classifier_task, config, shape, classes,
        count=len(train), class_fractions=train.class_fractions(),
    )  # fmt: skip
    config = resolve_precision(config, train, build)
    set_precision_and_seed(config.train.precision, config.seed)
    task = build()
    fit_whitening(task.network, train.images)
    options = start_from(options, task)
    if options.dry_run:
        dry_run(task, train, config.train)
        return None
    if config.train.deterministic:
        make_deterministic()

    with training_session(options, config, dataset, task, advice=_advice(config)) as (run, state):
        del dataset  # 50 MB of pictures that train and the held-out ones have copies of
        run.update(class_names=list(train.class_names))
        specs = network_specs(config, shape, classes)
        save: Callback = SaveNetworks(run, state, task, specs)
        if len(validation):
            save = SaveBest(
                run, state, task, specs,
                file="classifier", entry="results", monitor="val_calibrated_loss",
            )  # fmt: skip
        run_training(
            task,
            train,
            config.train,
            config.runtime,
            state=state,
            callbacks=[save, *common_callbacks(run, state, config, len(train))],
            validate=partial(_validate, task, validation),
        )
    return run


def check_labels(train: ImageSet) -> None:
    """Raise DataError if the pictures have none."""
    if train.labels is None:
        raise DataError(f"{train.origin} has no labels: a classifier needs one folder per class")


def _validate(task: ClassifierTask, validation: ImageSet, _epoch: int) -> Numbers:
    if validation.labels is None or not len(validation):
        return {}
    logits = predict_logits(task.network, validation.images, task.train_config.evaluate_views)
    numbers = evaluate_classification(logits, validation.labels, validation.class_names)
    temperature = fit_temperature(logits, validation.labels)
    return {
        "val_loss": numbers.loss,
        "val_accuracy": numbers.accuracy,
        "val_calibrated_loss": cross_entropy(logits / temperature, validation.labels),
        "temperature": temperature,
    }


def _advice(config: ClassifierRunConfig) -> str:
    precision = "" if config.train.precision == "float32" else "train.precision float32, or "
    rate = config.train.optimizer.learning_rate
    return f"{precision}a lower train.optimizer.learning_rate (now {rate:g})"
