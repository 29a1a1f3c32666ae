"""Both tasks are Keras models, which a notebook may train with `fit`."""

from __future__ import annotations

from typing import Any

import numpy as np

from .tiny import arrays, classifier, dcgan, gan_train, pictures


def trained(task: Any, *data: Any) -> dict[str, list[float]]:
    """One epoch by Keras's own loop, whose last batch is smaller than the others."""
    before = arrays(task.variables)
    history: dict[str, list[float]] = task.fit(*data, batch_size=8, epochs=1, verbose=0).history
    names = [variable.path for variable in task.variables]
    for name, old, new in zip(names, before, arrays(task.variables), strict=True):
        if name == "rollbacks":
            continue
        assert not np.array_equal(old, new), f"{name} did not change"
    assert int(task.step.value) == 3
    assert all(np.isfinite(values).all() for values in history.values())
    return history


def test_classifier() -> None:
    images = pictures(22)
    task = classifier(shift=1, dropout=0.3)
    assert set(trained(task, images.images, images.labels)) == set(task.log_names)
    numbers = task.evaluate(images.images, images.labels, verbose=0, return_dict=True)
    assert set(numbers) == {"loss", "accuracy"}
    logits = task.predict(images.images, verbose=0)
    assert logits.shape == (22, 3)


def test_dcgan() -> None:
    train = gan_train(penalty={"name": "r1", "weight": 1.0, "every": 2}, ema_decay=0.9)
    task = dcgan(train, dropout=0.3)
    assert set(trained(task, pictures(22).images)) == set(task.log_names)
    assert task.predict(np.ones((3, 5), np.float32), verbose=0).shape == (3, 8, 8, 1)
