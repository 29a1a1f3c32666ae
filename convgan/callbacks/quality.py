"""How good the generator is, measured periodically during training."""

from __future__ import annotations

from typing import Any

from convgan.data import ImageSet
from convgan.errors import UsageError
from convgan.evaluation import (
    FeatureNetwork,
    evaluate_class_coverage,
    fit_gaussian,
    frechet_distance,
    generate,
)
from convgan.training.gan import GAN


class GeneratorQuality:
    """Fréchet distance of few samples from the held-out pictures, to choose the best epoch.

    Its latent vectors are the same each time, so that epochs differ by the generator only. With
    some thousand pictures the number is biased upwards: it ranks the epochs of one run, and does
    not compare with `convgan eval`.

    Raises:
        UsageError: there are not more held-out pictures, or samples, than features.
    """

    def __init__(
        self,
        task: GAN,
        judge: FeatureNetwork,
        held_out: ImageSet,
        *,
        samples: int,
        every: int,
    ) -> None:
        if samples <= judge.dimension:
            raise UsageError(
                f"train.evaluate_samples is {samples}; expected more than the "
                f"{judge.dimension} features of {judge.name}"
            )
        features, logits = judge.predict(held_out.images)
        self.real = fit_gaussian(features)
        self.real_classes = logits.argmax(axis=1)
        self.class_names = held_out.class_names or tuple(map(str, range(judge.num_classes)))
        self.task = task
        self.judge = judge
        self.samples = samples
        self.every = every
        self.classes: dict[str, Any] | None = None
        """The class coverage of the newest epoch that was looked at."""

    @property
    def protocol(self) -> str:
        """What the number is, in words."""
        return (
            f"Fréchet distance of {self.samples:,} samples (few: it ranks epochs only) from "
            f"{self.real.count:,} held-out pictures, {self.judge.name}"
        )

    def __call__(self, epoch: int) -> dict[str, float]:
        """Return `val_frechet` after an epoch (from 0) that is to be looked at, else nothing."""
        if (epoch + 1) % self.every:
            return {}
        z = self.task.noise("quality", 0, self.samples)
        features, logits = self.judge.predict(generate(self.task.sampler, z))
        self.classes = evaluate_class_coverage(
            logits.argmax(axis=1), self.real_classes, self.class_names
        )
        return {"val_frechet": frechet_distance(fit_gaussian(features), self.real)}
