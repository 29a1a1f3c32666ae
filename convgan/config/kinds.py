"""What a YAML file chooses by name: networks, losses, penalties and augmentations.

Each entry is one class: the section that stands in the YAML file, and what it does. The classes
that come with convgan are in convgan/models and convgan/training; an extension adds its own to the
registries here when it is imported.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from functools import partial
from typing import Annotated, Any, ClassVar, TypeAlias, get_args

from pydantic import Field, SerializeAsAny

from convgan.config.section import Count, Positive, Section, chosen_from
from convgan.lazy import keras, tf
from convgan.registry import Registry

ImageShape: TypeAlias = tuple[int, int, int]
"""(H, W, C)."""


class Named(Section):
    """What the key `name` chooses; an entry has `name: Literal["its name"]`."""

    name: str


class GeneratorConfig(Named, ABC):
    """A generator: latent vectors to images."""

    latent_dim: Count = 100

    @abstractmethod
    def build(self, image_shape: ImageShape, num_classes: int) -> keras.Model:
        """Build the network: latent vectors (N, latent_dim) to float32 images in [-1, 1].

        Of a conditional GAN of K classes, K above 0, the inputs are the latent vectors and
        one-hot classes (N, K). Its layers have names of their own, not numbers that Keras counts.

        Raises:
            UsageError: a layer cannot take what reaches it; says which.
        """

    def proposals(self, image_shape: ImageShape) -> list[str]:
        """Return changes, as `--set` options, by which it would make images of this shape."""
        del image_shape
        return []


class DiscriminatorConfig(Named, ABC):
    """A discriminator: images to one logit each, real is 1 and fake is 0."""

    @abstractmethod
    def build(self, image_shape: ImageShape, num_classes: int) -> keras.Model:
        """Build the network: float images (N, H, W, C) in [-1, 1] to float32 logits (N, 1).

        Of a conditional GAN of K classes, K above 0, the inputs are the images and one-hot
        classes (N, K).

        Raises:
            UsageError: a layer cannot take what reaches it; says which.
        """


class ClassifierConfig(Named, ABC):
    """A classifier: images to one logit per class."""

    @abstractmethod
    def build(self, image_shape: ImageShape, num_classes: int) -> keras.Model:
        """Build the network: float images (N, H, W, C) in [-1, 1] to float32 logits (N, K).

        The layer named `features` gives what metrics look at, (N, D).

        Raises:
            UsageError: a layer cannot take what reaches it; says which.
        """


class Loss(Named, ABC):
    """An adversarial loss of the discriminator's logits."""

    probabilities: ClassVar[bool] = False
    """Whether the sigmoid of a logit is a probability of being real: so the log names it."""
    paired: ClassVar[bool] = False
    """Whether the generator's loss looks at the real logits too."""
    boundary: ClassVar[float | None] = None
    """The logit above which an image counts as real; None: one above a generated image's."""
    guessing: ClassVar[float | None] = None
    """d_loss of a discriminator that cannot tell real from fake; None: it has no scale."""

    @abstractmethod
    def __call__(
        self, real_logits: tf.Tensor, fake_logits: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor]:
        """Return (d_loss, g_loss), scalars, of float32 logits (N, 1) of real and fake images.

        Both are means over the batch, and each network makes its own small; they may be negative.
        """


class Penalty(Named, ABC):
    """A term of the discriminator's loss that keeps its gradient at the images small."""

    weight: Positive
    interval: Annotated[int, Field(ge=1, le=1000)] = 1
    """Applied every `interval` steps, scaled by `interval` (lazy regularisation)."""

    @abstractmethod
    def __call__(
        self,
        discriminator: Callable[[tf.Tensor], tf.Tensor],
        real: tf.Tensor,
        fake: tf.Tensor,
        seed: tf.Tensor,
    ) -> tf.Tensor:
        """Return the scalar of weight 1.

        Args:
            discriminator: float images (N, H, W, C) in [-1, 1] to logits (N, 1).
            real, fake: such images.
            seed: stateless, int64 (2,).
        """


class Augmentation(Named, ABC):
    """A random change of training images that keeps their class."""

    @abstractmethod
    def __call__(self, images: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        """Change each of the float images (N, H, W, C) in [-1, 1] differently.

        The stateless seed, int64 (2,), decides how. Random numbers come through `replicas.drawn`
        or `drawn_uniform`, so that several replicas change the images as one would.
        """


def _check(base: type[Named], name: str, entry: Any) -> None:
    """Refuse an entry that is no whole subclass of the base, or whose `name` is another one."""
    said = f"the entry {name!r} is {entry!r}"
    if not (isinstance(entry, type) and issubclass(entry, base)):
        raise TypeError(f"{said}; expected a class derived from {base.__name__}")
    if missing := sorted(getattr(entry, "__abstractmethods__", ())):
        raise TypeError(f"{said}, which does not define {', '.join(missing)}")
    if get_args(entry.model_fields["name"].annotation) != (name,):
        raise TypeError(f'{said}; expected its field `name: Literal["{name}"]`')


def _registry(base: Any, kind: str, home: str) -> Registry[Any]:
    return Registry(kind, f"convgan.{home}", partial(_check, base))


GENERATORS: Registry[type[GeneratorConfig]] = _registry(GeneratorConfig, "generator", "models")
DISCRIMINATORS: Registry[type[DiscriminatorConfig]] = _registry(
    DiscriminatorConfig, "discriminator", "models"
)
CLASSIFIERS: Registry[type[ClassifierConfig]] = _registry(ClassifierConfig, "classifier", "models")
LOSSES: Registry[type[Loss]] = _registry(Loss, "loss", "training.losses")
PENALTIES: Registry[type[Penalty]] = _registry(Penalty, "penalty", "training.penalties")
AUGMENTATIONS: Registry[type[Augmentation]] = _registry(
    Augmentation, "augmentation", "training.augmentations"
)

ChosenGenerator = Annotated[
    SerializeAsAny[GeneratorConfig], chosen_from(GENERATORS, default="dcgan")
]
ChosenDiscriminator = Annotated[
    SerializeAsAny[DiscriminatorConfig], chosen_from(DISCRIMINATORS, default="dcgan")
]
ChosenClassifier = Annotated[
    SerializeAsAny[ClassifierConfig], chosen_from(CLASSIFIERS, default="classifier")
]
ChosenLoss = Annotated[SerializeAsAny[Loss], chosen_from(LOSSES)]
ChosenPenalty = Annotated[SerializeAsAny[Penalty], chosen_from(PENALTIES)]
ChosenAugmentation = Annotated[SerializeAsAny[Augmentation], chosen_from(AUGMENTATIONS)]
