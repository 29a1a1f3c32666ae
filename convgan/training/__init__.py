"""Batches and networks to trained weights."""

from convgan.training.classifier import ClassifierTask
from convgan.training.gan import GAN
from convgan.training.loop import NotFinite, Stopped, epoch_end, run_training
from convgan.training.optimizers import build_optimizer
from convgan.training.state import TrainingState

__all__ = [
    "GAN",
    "ClassifierTask",
    "NotFinite",
    "Stopped",
    "TrainingState",
    "build_optimizer",
    "epoch_end",
    "run_training",
]
