"""Configured networks for the data's images: checked before anything is allocated, then built."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

import keras
from keras.src.backend.common import global_state

from convgan.config import ClassifierRunConfig, Config, GanRunConfig
from convgan.config.kinds import (
    ClassifierConfig,
    DiscriminatorConfig,
    GeneratorConfig,
    ImageShape,
)
from convgan.errors import UsageError
from convgan.models.layer_table import Row, layer_table

Role: TypeAlias = Literal["classifier", "generator", "discriminator"]
NetworkSection: TypeAlias = ClassifierConfig | GeneratorConfig | DiscriminatorConfig

_IMAGE_SIZES = range(8, 1025)  # what data.image_size may be


@dataclass(frozen=True)
class NetworkSpec:
    """All that a network is built from: its section, and the data that it is for."""

    section: NetworkSection
    image_shape: ImageShape
    num_classes: int
    """That a classifier tells apart, or that a GAN's network is given; 0: it is given none."""

    def build(self) -> keras.Model:
        """Build the network; initial weights come from the seed that Keras was given."""
        return self.section.build(self.image_shape, self.num_classes)

    def build_symbolically(self) -> keras.Model:
        """Build it so that its variables have shapes, but no values: nothing is allocated.

        Raises:
            UsageError: it cannot be built; says why.
        """
        try:
            with keras.StatelessScope(initialize_variables=False):
                return self.build()
        except UsageError:
            raise
        except (ValueError, TypeError, OverflowError) as error:  # a layer's without own checks
            shape = "×".join(map(str, self.image_shape))
            raise UsageError(
                f"the network {self.section.name!r} cannot be built for images of {shape}: "
                f"{error!s:.1000}"
            ) from error
        finally:  # else Keras gives these variables values when anybody's next scope ends
            global_state.set_global_attribute("uninitialized_variables", [])


def network_specs(
    config: Config, image_shape: ImageShape, num_classes: int
) -> Mapping[Role, NetworkSpec]:
    """Return a configuration's networks, by what they are."""
    if isinstance(config, ClassifierRunConfig):
        return {"classifier": NetworkSpec(config.model, image_shape, num_classes)}
    given = num_classes if config.conditional else 0
    return {
        "generator": NetworkSpec(config.generator, image_shape, given),
        "discriminator": NetworkSpec(config.discriminator, image_shape, given),
    }


def check_networks(
    config: Config, image_shape: ImageShape, num_classes: int
) -> dict[Role, list[Row]]:
    """Return the layer tables of a configuration's networks; nothing is allocated.

    Raises:
        UsageError: a layer cannot take what reaches it, a network gives something else than its
            role needs, its gradients would be wrong, or there are fewer than 2 classes; says what
            would fit.
    """
    if isinstance(config, ClassifierRunConfig) and num_classes < 2:
        raise UsageError(f"got {num_classes} class; a classifier needs images of 2 or more")
    if isinstance(config, GanRunConfig) and config.conditional and num_classes < 2:
        raise UsageError(
            f"got {num_classes} classes; conditional: true needs images of 2 or more, one folder "
            "per class. Without labels: --set conditional=clusters"
        )
    tables = {}
    for role, spec in network_specs(config, image_shape, num_classes).items():
        network = spec.build_symbolically()
        _check_gradients(network)
        tables[role] = layer_table(network)
        made = tuple(network.output_shape[1:])
        inputs = 2 if role != "classifier" and spec.num_classes else 1
        if len(network.inputs) != inputs:
            raise UsageError(
                f"the {role} {spec.section.name!r} has {len(network.inputs)} input, expected a "
                "second one for the classes: it cannot be conditional"
            )
        if isinstance(spec.section, GeneratorConfig):
            _check_images(made, image_shape, tables[role], spec.section)
        else:
            logits = (num_classes,) if role == "classifier" else (1,)
            _check_logits(network, role, made, logits)
    return tables


def _check_gradients(network: keras.Model) -> None:
    """Refuse what oneDNN has wrong: the kernel's gradient of a 1×1 convolution with a stride.

    Below 16 channels it writes past its memory (https://github.com/uxlfoundation/oneDNN/issues/6035;
    seen with fewer than 8 on AVX2).
    """
    if os.environ.get("TF_ENABLE_ONEDNN_OPTS") == "0":
        return
    for layer in network.layers:
        called = getattr(layer, "layer", layer)  # in a SpectralNorm
        if not isinstance(called, keras.layers.Conv2D | keras.layers.Conv2DTranspose):
            continue
        transposed = isinstance(called, keras.layers.Conv2DTranspose)
        channels = called.filters if transposed else layer.input.shape[-1]
        if called.kernel_size == (1, 1) and max(called.strides) > 1 and channels < 16:
            raise UsageError(
                f"{layer.name}: got a 1×1 convolution with a stride and {channels} channels, whose "
                "gradient oneDNN, the library of convolutions on processors, has wrong; expected "
                "16 channels or more, a larger kernel, or a pooling (downsample: average_pool). "
                "With the environment variable TF_ENABLE_ONEDNN_OPTS=0 it is right, and slower"
            )


def _check_logits(
    network: keras.Model, role: Role, made: tuple[int, ...], logits: tuple[int, ...]
) -> None:
    """Refuse a network that does not give what its base class says."""
    if made != logits:
        raise UsageError(f"the {role} gives {made} for each image, expected {logits}: its logits")
    names = [layer.name for layer in network.layers]
    if role == "classifier" and "features" not in names:
        raise UsageError(
            "the classifier has no layer named 'features', which evaluations look at; name the one "
            f"before the logits so, of {', '.join(names)[:500]}"
        )


def _check_images(
    made: tuple[int, ...], wanted: ImageShape, rows: list[Row], generator: GeneratorConfig
) -> None:
    """Refuse a generator of another size than the data's; say which layer gives which."""
    if made == wanted:
        return
    proposals = generator.proposals(wanted)
    if made[0] == made[1] and made[0] in _IMAGE_SIZES:
        proposals = [*proposals, f"--set data.image_size={made[0]}"]
    if not proposals:
        proposals = ["another size of images (data.image_size), with fewer or smaller strides"]
    sizes = [
        f"  {row.name} -> {_size(row.output_shape)}" for row in rows if len(row.output_shape) == 3
    ]
    got = f"the generator makes images of {_size(made)}, expected the data's {_size(wanted)}:"
    fitting = ["what would fit, any one of these:", *(f"  {each}" for each in proposals)]
    raise UsageError("\n".join([got, *sizes, *fitting]))


def _size(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape[:2]))
