"""The recipe of each kind of configuration."""

from __future__ import annotations

from convgan.config import ClassifierRunConfig, Config
from convgan.recipes.job import RunOptions
from convgan.recipes.train_classifier import train_classifier
from convgan.recipes.train_dcgan import train_dcgan
from convgan.runs import Run


def train(config: Config, job: RunOptions) -> Run | None:
    """Train what the configuration describes."""
    if isinstance(config, ClassifierRunConfig):
        return train_classifier(config, job)
    return train_dcgan(config, job)
