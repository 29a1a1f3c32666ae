"""Photographed digits are read by a network that has seen MNIST only, once they are prepared."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from convgan.config import DataConfig
from convgan.data.preparation import prepare
from convgan.evaluation.evaluator import bundled_evaluator

from .photographs import COUNT, photograph

DIGITS, RESIZED_ONLY = DataConfig(name="mnist"), DataConfig(name="fashion-mnist")


def test_photographed_digits_are_read(tmp_path: Path) -> None:
    images, digits = [], []
    for number in range(COUNT):
        content, digit = photograph(number)
        path = tmp_path / f"{number}.jpg"
        path.write_bytes(content)
        digits.append(digit)
        images += [prepare(path, (28, 28, 1), each)[0] for each in (DIGITS, RESIZED_ONLY)]
    network = bundled_evaluator("mnist")
    assert network is not None
    said = network.predict(np.stack(images)).logits.argmax(axis=1).reshape(COUNT, 2)
    right, resized_only = (said == np.array(digits)[:, None]).sum(axis=0)
    assert right >= 27
    assert resized_only < 10, "the photographs need no preparation, so this test shows nothing"
