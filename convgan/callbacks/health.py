"""Reports during a DCGAN's training what goes wrong, and what to try."""

from __future__ import annotations

import logging

from convgan.callbacks.grids import SAMPLES
from convgan.callbacks.quality import GeneratorQuality
from convgan.config import GanTrainConfig
from convgan.evaluation.diagnosis import SETTLED_STEPS, Samples, diagnose
from convgan.runs import Run
from convgan.training.callback import Callback, Numbers
from convgan.training.gan import GAN
from convgan.training.state import TrainingState

logger = logging.getLogger("convgan")
_COUNT = 25


class HealthCheck(Callback):
    """Looks at the log, the samples and the classes after each epoch; warns once of each fault.

    To be called after the epoch was logged. The warnings also go to the manifest.
    """

    def __init__(
        self,
        run: Run,
        state: TrainingState,
        task: GAN,
        train: GanTrainConfig,
        quality: GeneratorQuality | None,
    ) -> None:
        self.run = run
        self.progress = state.progress
        self.task = task
        self.train = train
        self.quality = quality
        self.samples: list[Samples] = []

    def on_epoch_end(self, epoch: int, logs: Numbers) -> None:
        """Diagnose the run so far."""
        del logs
        step = self.progress.step
        images = self.task.sample(SAMPLES, _COUNT).numpy()
        self.samples.append(Samples(images, step, epoch + 1))
        while len(self.samples) > 2 and self.samples[1].step <= step - SETTLED_STEPS:
            del self.samples[0]  # a later one is old enough to compare with
        classes = self.quality.classes if self.quality else None
        warnings = self.run.manifest.get("warnings", [])
        names = {warning["name"] for warning in warnings}
        found = diagnose(self.run.records(), self.train, samples=self.samples, classes=classes)
        for finding in found:
            if finding.name not in names:
                logger.warning("epoch %d: %s", epoch + 1, finding.text)
                warnings = [*warnings, {"step": step, "name": finding.name, "text": finding.text}]
        if len(warnings) > len(names):
            self.run.update(warnings=warnings)
