"""Which projection and strides would make a generator's images fit the data's."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from convgan.config.kinds import ImageShape
from convgan.errors import UsageError

# What the configuration allows: a proposal outside of it would be the next error.
_PROJECTIONS = range(1, 65)
_STRIDES = range(1, 9)


class Enlarging(NamedTuple):
    """A layer of the generator, as far as sizes go."""

    key: str
    """Where it stands in the generator's section."""
    stride: int
    output_size: Callable[[int, int], int]
    """Of an input size and a stride."""


class _Plan(NamedTuple):
    """A projection size and strides. Of two plans the lesser changes less of the configuration."""

    changes: int
    distance: int
    values: tuple[int, ...]
    """The projection's size, then each layer's stride."""


def propose(size: int, layers: Sequence[Enlarging], image_shape: ImageShape) -> list[str]:
    """Return `--set` options that make (H, W, C) images of a projection to size × size maps.

    They change the projection, or the strides, or both where neither is enough.
    """
    height, width, _ = image_shape
    if height != width:
        return []
    plans = [
        _least_changes(layers, size, height, _PROJECTIONS, ()),
        _least_changes(layers, size, height, [size], _STRIDES),
    ]
    if not any(plans):
        plans = [_least_changes(layers, size, height, _PROJECTIONS, _STRIDES)]
    keys = ["generator.projection.size", *(f"generator.{layer.key}.stride" for layer in layers)]
    present = [size, *(layer.stride for layer in layers)]
    proposals = []
    for plan in filter(None, plans):
        changed = zip(keys, plan.values, present, strict=True)
        proposals.append(" ".join(f"--set {key}={new}" for key, new, old in changed if new != old))
    return proposals


def _least_changes(
    layers: Sequence[Enlarging],
    size: int,
    target: int,
    projections: Sequence[int],
    strides: Sequence[int],
) -> _Plan | None:
    """Return the plan nearest to the configured one that makes `target` pixels, if there is one.

    Layer by layer it keeps the best plan for each size that can be reached, up to `target`: few
    layers shrink what reaches them. No strides given: the configured ones.
    """
    reached = {
        start: _Plan(int(start != size), abs(start - size), (start,)) for start in projections
    }
    for layer in layers:
        before, reached = reached, {}
        for pixels, plan in before.items():
            for stride in strides or [layer.stride]:
                try:
                    made = layer.output_size(pixels, stride)
                except UsageError:  # fewer pixels than its kernel has
                    continue
                longer = _Plan(
                    plan.changes + (stride != layer.stride),
                    plan.distance + abs(stride - layer.stride),
                    (*plan.values, stride),
                )
                if made <= target:
                    reached[made] = min(longer, reached.get(made, longer))
    return reached.get(target)
