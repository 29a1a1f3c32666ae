"""How good the generator is, measured periodically during training."""

from __future__ import annotations

from convgan.data import ImageSet
from convgan.errors import UsageError
from convgan.evaluation.evaluator import Evaluator
from convgan.evaluation.metrics.class_fractions import class_fractions
from convgan.evaluation.metrics.frechet import fit_gaussian, frechet_distance
from convgan.evaluation.prediction import generate
from convgan.runs.evaluations import ClassFractions
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
        evaluator: Evaluator,
        held_out: ImageSet,
        *,
        samples: int,
        every: int,
    ) -> None:
        for count, what in (
            (samples, f"train.evaluate_samples is {samples}"),
            (len(held_out), f"data.validation holds out {len(held_out):,} of the pictures"),
        ):
            if count <= evaluator.dimension:
                raise UsageError(
                    f"{what}; expected more than the {evaluator.dimension} features of "
                    f"{evaluator.name}"
                )
        real = evaluator.predict(held_out.images)
        self.real = fit_gaussian(real.features)
        self.real_classes = real.classes
        self.class_names = held_out.class_names or evaluator.class_names
        self.task = task
        self.evaluator = evaluator
        self.samples = samples
        self.every = every
        self.classes: ClassFractions | None = None
        """Of the newest epoch that was looked at, if the evaluator knows classes."""

    def __call__(self, epoch: int) -> dict[str, float]:
        """Return `val_frechet` after an epoch (from 0) that is to be looked at, else nothing."""
        if (epoch + 1) % self.every:
            return {}
        z = self.task.noise("quality", 0, self.samples)
        labels = self.task.draw_labels("quality", self.samples)
        made = self.evaluator.predict(generate(self.task.sampler, z, labels))
        if made.classes is not None and self.real_classes is not None:
            self.classes = class_fractions(made.classes, self.real_classes, self.class_names)
        return {"val_frechet": frechet_distance(fit_gaussian(made.features), self.real)}
