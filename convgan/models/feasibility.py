"""Says before anything is built whether a configured network can work on the data's pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from convgan.errors import UsageError
from convgan.models.conv_arithmetic import transposed_output_size
from convgan.models.layer_table import Shape, classifier_table, discriminator_table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from convgan.config import ClassifierConfig, DiscriminatorConfig, GeneratorConfig

# What convgan.config allows: a proposal outside of it would be the next error.
_PROJECTIONS = range(1, 65)
_STRIDES = range(1, 9)
_IMAGE_SIZES = range(8, 1025)


def check_classifier(model: ClassifierConfig, image_shape: Shape, num_classes: int) -> None:
    """Raise UsageError if (H, W, C) pictures become too small in a block, or have one class."""
    if num_classes < 2:
        raise UsageError(f"got {num_classes} class; a classifier needs pictures of 2 or more")
    classifier_table(model, image_shape, num_classes)


def check_gan(
    generator: GeneratorConfig, discriminator: DiscriminatorConfig, image_shape: Shape
) -> None:
    """Check that the generator makes the data's (H, W, C) and the discriminator can take them.

    Raises:
        UsageError: it does not; says which layer gives which size, and proposes what would fit.
    """
    height, width, _ = image_shape
    layers = _layers(generator)
    sizes = [generator.projection.size]
    for layer in layers:
        sizes.append(layer.made(sizes[-1], layer.stride))
    if (height, width) != (sizes[-1], sizes[-1]):
        lines = [
            f"the generator makes pictures of {_square(sizes[-1])}, expected the data's "
            f"{height}×{width}:",
            f"  generator.projection: {_square(sizes[0])}",
        ]
        for layer, size in zip(layers, sizes[1:], strict=True):
            kernel = f"{_square(layer.kernel)} / {layer.stride}, {layer.padding}"
            lines.append(f"  {layer.key}: {kernel} -> {_square(size)}")
        lines += [
            "what would fit, any one of these:",
            *_proposals(generator, sizes[-1], height, width),
        ]
        raise UsageError("\n".join(lines))
    discriminator_table(discriminator, image_shape)


class _Layer(NamedTuple):
    """A transposed convolution of the generator, as far as sizes go."""

    key: str
    kernel: int
    stride: int
    padding: Literal["same", "valid"]

    def made(self, size: int, stride: int) -> int:
        return transposed_output_size(size, self.kernel, stride=stride, padding=self.padding)


class _Plan(NamedTuple):
    """A projection size and strides. Of two plans the lesser changes less of the configuration."""

    changes: int
    distance: int
    values: tuple[int, ...]
    """The projection's size, then each layer's stride."""


def _layers(generator: GeneratorConfig) -> list[_Layer]:
    blocks = [
        _Layer(f"generator.blocks.{index}", block.kernel, block.stride, block.padding)
        for index, block in enumerate(generator.blocks)
    ]
    output = generator.output
    return [*blocks, _Layer("generator.output", output.kernel, output.stride, "same")]


def _proposals(generator: GeneratorConfig, made: int, height: int, width: int) -> list[str]:
    """Return changes that make it fit: the projection, the strides or both; or the data."""
    layers = _layers(generator)
    size = generator.projection.size
    keys = ["generator.projection.size", *(f"{layer.key}.stride" for layer in layers)]
    present = [size, *(layer.stride for layer in layers)]
    lines = []
    if height == width:
        plans = [
            _least_changes(layers, size, height, _PROJECTIONS, ()),
            _least_changes(layers, size, height, [size], _STRIDES),
        ]
        if not any(plans):
            plans = [_least_changes(layers, size, height, _PROJECTIONS, _STRIDES)]
        for plan in filter(None, plans):
            triples = zip(keys, plan.values, present, strict=True)
            changed = [f"--set {key}={new}" for key, new, old in triples if new != old]
            lines.append("  " + " ".join(changed))
    if made in _IMAGE_SIZES:
        lines.append(f"  --set data.image_size={made}")
    return lines or ["  another size of pictures (data.image_size) with fewer or smaller strides"]


def _least_changes(
    layers: list[_Layer],
    size: int,
    target: int,
    projections: Sequence[int],
    strides: Sequence[int],
) -> _Plan | None:
    """Return the plan nearest to the configured one that makes `target` pixels, if there is one.

    Layer by layer it keeps the best plan for each size that can be reached. Sizes never shrink,
    so there are at most `target` of them. No strides given: the configured ones.
    """
    reached = {
        start: _Plan(int(start != size), abs(start - size), (start,)) for start in projections
    }
    for layer in layers:
        before, reached = reached, {}
        for pixels, plan in before.items():
            for stride in strides or [layer.stride]:
                made = layer.made(pixels, stride)
                longer = _Plan(
                    plan.changes + (stride != layer.stride),
                    plan.distance + abs(stride - layer.stride),
                    (*plan.values, stride),
                )
                if made <= target:
                    reached[made] = min(longer, reached.get(made, longer))
    return reached.get(target)


def _square(size: int) -> str:
    return f"{size}×{size}"
