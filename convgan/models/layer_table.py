"""A network layer by layer, before it is built: sizes, parameters, costs, receptive fields.

Follows convgan.models.classifier and convgan.models.dcgan row for row; activation and dropout
change none of these numbers and have no rows.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

from convgan.config import (
    ClassifierConfig,
    ConvBlock,
    DiscriminatorConfig,
    GeneratorConfig,
    TransposedBlock,
)
from convgan.errors import UsageError
from convgan.models.conv_arithmetic import (
    ReceptiveField,
    conv_multiply_adds,
    conv_output_size,
    conv_parameters,
    dense_parameters,
    pool_output_size,
    transposed_output_size,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

Shape = tuple[int, int, int]
"""(H, W, C)."""


@dataclass(frozen=True)
class Row:
    """One layer, for one picture."""

    name: str
    output_shape: tuple[int, ...]
    """(H, W, C), or (values,) where there is no picture."""
    parameters: int = 0
    """All of them, those that do not train included."""
    non_trainable: int = 0
    multiply_adds: int = 0
    """Of convolutions and dense layers; normalisation and pooling are small beside them."""
    receptive_field: tuple[int, int] | None = None
    """(height, width) in pixels of the picture, padding included, so it can exceed the
    picture; None in a generator, where every value sees the whole latent vector."""


def classifier_table(model: ClassifierConfig, image_shape: Shape, num_classes: int) -> list[Row]:
    """Return the rows of a classifier for (H, W, C) pictures.

    Raises:
        UsageError: the picture becomes smaller than a kernel or a pool; says in which block.
    """
    rows, field = _conv_rows(model.blocks, image_shape, "model.blocks")
    rows.append(_vector(rows[-1], field, model.flatten))
    for hidden in model.hidden:
        rows.append(_dense(rows[-1], hidden.units))
        if hidden.norm == "batch":
            rows.append(_batch_norm(rows[-1]))
    return [*rows, _dense(rows[-1], num_classes)]


def discriminator_table(config: DiscriminatorConfig, image_shape: Shape) -> list[Row]:
    """Return the rows of a discriminator for (H, W, C) pictures.

    Raises:
        UsageError: the picture becomes smaller than a kernel or a pool; says in which block.
    """
    rows, field = _conv_rows(config.blocks, image_shape, "discriminator.blocks")
    rows.append(_vector(rows[-1], field, "flatten"))
    rows.append(_dense(rows[-1], 1))
    return [*rows, _spectral_norm(rows[-1])] if config.output_spectral_norm else rows


def generator_table(config: GeneratorConfig, channels: int) -> list[Row]:
    """Return the rows of a generator of pictures with so many channels."""
    first = config.projection
    rows = [Row("latent vector", (config.latent_dim,))]
    rows.append(_dense(rows[0], first.size**2 * first.filters))
    rows.append(Row("reshape", (first.size, first.size, first.filters)))
    if first.norm == "batch":
        rows.append(_batch_norm(rows[-1]))
    output = TransposedBlock(filters=channels, **config.output.model_dump())
    for block in (*config.blocks, output):
        height, width, in_channels = rows[-1].output_shape
        made_height, made_width = (
            transposed_output_size(n, block.kernel, stride=block.stride, padding=block.padding)
            for n in (height, width)
        )
        weights = (block.kernel, in_channels, block.filters)
        rows.append(
            Row(
                f"transposed {_conv_name(block, block.stride)}",
                (made_height, made_width, block.filters),
                conv_parameters(*weights),
                multiply_adds=conv_multiply_adds(height, width, *weights),
            )
        )
        if block.norm == "batch":
            rows.append(_batch_norm(rows[-1]))
    return rows


def _conv_rows(
    blocks: tuple[ConvBlock, ...], image_shape: Shape, where: str
) -> tuple[list[Row], ReceptiveField]:
    """Return the rows of the picture and of the blocks, and the last one's receptive field."""
    field = ReceptiveField()
    rows = [Row("picture", image_shape, receptive_field=(1, 1))]
    for index, block in enumerate(blocks):
        pooled = block.downsample != "stride" and block.stride > 1
        stride = 1 if pooled else block.stride
        height, width, in_channels = rows[-1].output_shape
        name = _conv_name(block, stride)
        with _named(f"{where}.{index}: {name}", rows[-1]):
            height, width = (
                conv_output_size(n, block.kernel, stride=stride, padding=block.padding)
                for n in (height, width)
            )
        field = field.through(block.kernel, stride=stride)
        weights = (block.kernel, in_channels, block.filters)
        rows.append(
            Row(
                name,
                (height, width, block.filters),
                conv_parameters(*weights),
                multiply_adds=conv_multiply_adds(height, width, *weights),
                receptive_field=(field.size, field.size),
            )
        )
        if block.spectral_norm:
            rows.append(_spectral_norm(rows[-1]))
        if block.norm == "batch":
            rows.append(_batch_norm(rows[-1]))
        if pooled:
            name = f"{block.downsample.replace('_', ' ')} {block.stride}×{block.stride}"
            with _named(f"{where}.{index}: {name}", rows[-1]):
                height, width = (pool_output_size(n, block.stride) for n in (height, width))
            field = field.through(block.stride, stride=block.stride)
            shape, sees = (height, width, block.filters), (field.size, field.size)
            rows.append(Row(name, shape, receptive_field=sees))
    return rows, field


@contextmanager
def _named(layer: str, before: Row) -> Iterator[None]:
    """Say at which layer of the configuration a size has become impossible, and what to do."""
    try:
        yield
    except UsageError as error:
        shape = "×".join(map(str, before.output_shape))
        raise UsageError(
            f"{layer} cannot take the {shape} that reaches it: {error}. Make the pictures larger "
            "(data.image_size), kernels and strides up to there smaller, or set padding: same"
        ) from error


def _conv_name(block: ConvBlock | TransposedBlock, stride: int) -> str:
    step = f" / {stride}" if stride > 1 else ""
    padding = f"pad {block.padding}" if isinstance(block.padding, int) else block.padding
    return f"conv {block.filters}, {block.kernel}×{block.kernel}{step}, {padding}"


def _vector(row: Row, field: ReceptiveField, how: Literal["flatten", "average"]) -> Row:
    """All of a feature map, or its average, as one vector: a kernel of the map's own size."""
    height, width, channels = row.output_shape
    sees = (field.through(height).size, field.through(width).size)
    if how == "average":
        return Row("average over the picture", (channels,), receptive_field=sees)
    return Row("flatten", (height * width * channels,), receptive_field=sees)


def _dense(row: Row, units: int) -> Row:
    (inputs,) = row.output_shape
    return Row(
        f"dense {units}",
        (units,),
        dense_parameters(inputs, units),
        multiply_adds=inputs * units,
        receptive_field=row.receptive_field,
    )


def _batch_norm(row: Row) -> Row:
    """Scale and offset of each channel train; its running mean and variance do not."""
    channels = row.output_shape[-1]
    return replace(
        row, name="batch norm", parameters=4 * channels, non_trainable=2 * channels, multiply_adds=0
    )


def _spectral_norm(row: Row) -> Row:
    """keras.layers.SpectralNormalization's one vector, a value for each output channel."""
    channels = row.output_shape[-1]
    return replace(
        row, name="spectral norm", parameters=channels, non_trainable=channels, multiply_adds=0
    )
