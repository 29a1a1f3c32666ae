"""Layer tables of built graphs, and the checks before anything is allocated."""

from __future__ import annotations

import re
import resource
from typing import Any

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from convgan.config import ClassifierRunConfig, GanRunConfig, load_config, presets
from convgan.config.kinds import ImageShape
from convgan.errors import UsageError
from convgan.models.build import NetworkSpec, check_networks, network_specs
from convgan.models.classifier import Classifier
from convgan.models.layer_table import Row, layer_table
from convgan.models.resnet import ResNetGenerator
from convgan.reporting.layer_table import network_table

from .small import (
    BLOCK,
    NETWORKS,
    RESIDUAL,
    RESNET_GENERATOR,
    classifier,
    discriminator,
    generator,
    spec,
)

NORMS = st.sampled_from(["none", "batch", "instance", "layer"])
BLOCKS = {
    "filters": st.integers(1, 6),
    "kernel": st.integers(1, 5),
    "stride": st.integers(1, 3),
    "use_bias": st.booleans(),
    "norm": NORMS,
}
CONV_BLOCKS = st.fixed_dictionaries(
    {
        **BLOCKS,
        "padding": st.one_of(st.sampled_from(["same", "valid"]), st.integers(0, 3)),
        "downsample": st.sampled_from(["stride", "max_pool", "average_pool"]),
        "spectral_norm": st.booleans(),
    }
)
UP_BLOCKS = st.fixed_dictionaries(
    {
        **BLOCKS,
        "padding": st.sampled_from(["same", "valid"]),
        "upsample": st.sampled_from(["transposed", "nearest"]),
    }
)


@pytest.fixture(scope="module")
def article_classifier() -> ClassifierRunConfig:
    config = load_config("classifier-mnist-article")
    assert isinstance(config, ClassifierRunConfig)
    return config


@pytest.fixture(scope="module")
def article_gan() -> GanRunConfig:
    config = load_config("dcgan-fashion-article")
    assert isinstance(config, GanRunConfig)
    return config


def totals(rows: list[Row]) -> tuple[int, int]:
    return sum(row.parameters for row in rows), sum(row.non_trainable for row in rows)


def of_keras(model: Any) -> tuple[int, int]:
    """All parameters and those that do not train; dropout's seeds are none."""
    frozen = sum(int(np.prod(weight.shape)) for weight in model.non_trainable_weights)
    return model.count_params(), frozen


def refused(config: ClassifierRunConfig | GanRunConfig, shape: ImageShape, classes: int) -> str:
    with pytest.raises(UsageError) as caught:
        check_networks(config, shape, classes)
    return str(caught.value)


def test_articles_networks_to_the_parameter(
    article_classifier: ClassifierRunConfig, article_gan: GanRunConfig
) -> None:
    rows = check_networks(article_classifier, (28, 28, 1), 10)["classifier"]
    assert totals(rows) == of_keras(article_classifier.model.build((28, 28, 1), 10))
    assert totals(rows) == (93_322, 0)
    assert [row.output_shape[0] for row in rows] == [28, 26, 13, 11, 5, 3, 576, 64, 10]
    assert [row.multiply_adds for row in rows if row.parameters] == [
        26 * 26 * 9 * 1 * 32,
        11 * 11 * 9 * 32 * 64,
        3 * 3 * 9 * 64 * 64,
        576 * 64,
        64 * 10,
    ]
    # Pooling drops the odd row and column of 11×11, so the image's last two are never seen.
    assert rows[-1].receptive_field == (26, 26)

    tables = check_networks(article_gan, (28, 28, 1), 10)
    rows = tables["generator"]
    built = article_gan.generator.build((28, 28, 1), 0)
    assert totals(rows) == of_keras(built) == (840_705, 384)
    assert [row.parameters for row in rows if row.name != "reshape"] == [
        *(0, 633_472, 512, 204_864, 256, 1_601)
    ]
    assert rows[-1].output_shape == (28, 28, 1)
    assert [row.multiply_adds for row in rows if "conv" in row.name] == [
        7 * 7 * 25 * 128 * 64,
        14 * 14 * 25 * 64 * 1,
    ]

    rows = tables["discriminator"]
    assert totals(rows) == of_keras(article_gan.discriminator.build((28, 28, 1), 0)) == (212_865, 0)
    assert [row.parameters for row in rows] == [0, 1_664, 204_928, 0, 6_273]
    assert sum(row.multiply_adds for row in rows) == (
        14 * 14 * 25 * 1 * 64 + 7 * 7 * 25 * 64 * 128 + 6_272
    )


@pytest.mark.parametrize("name", presets())
def test_the_parameters_of_every_preset(name: str) -> None:
    config = load_config(name)
    size = config.data.image_size or 28
    shape = (size, size, config.data.channels or 1)
    tables = check_networks(config, shape, 10)
    for role, each in network_specs(config, shape, 10).items():
        assert totals(tables[role]) == of_keras(each.build_symbolically())


@pytest.mark.parametrize("name", NETWORKS)
def test_the_parameters_of_every_kind_of_network(name: str) -> None:
    network = NETWORKS[name][1].build()
    rows = layer_table(network)
    assert totals(rows) == of_keras(network)
    assert rows[-1].output_shape == network.output_shape[1:]


@settings(deadline=None, max_examples=15)
@given(
    blocks=st.lists(CONV_BLOCKS, min_size=1, max_size=3),
    flatten=st.sampled_from(["flatten", "average"]),
    norm=st.sampled_from(["none", "batch"]),
)
def test_any_classifier_is_built_as_its_table_says_or_is_refused(
    blocks: list[dict[str, Any]], flatten: str, norm: str
) -> None:
    section = {"blocks": blocks, "flatten": flatten, "hidden": [{"units": 5, "norm": norm}]}
    each = spec("classifier", (11, 9, 3), section)
    try:
        rows = layer_table(each.build_symbolically())
    except UsageError as error:
        assert re.match(r"model\.blocks\.[0-2]: .* cannot take the \d+×\d+×\d+", str(error))  # noqa: PT017
        return
    built = each.build()
    assert totals(rows) == of_keras(built)
    vector = rows[[row.name for row in rows].index("dense 5") - 1]
    assert built.get_layer(flatten).output.shape[1:] == vector.output_shape


@settings(deadline=None, max_examples=10)
@given(
    size=st.integers(1, 4),
    blocks=st.lists(UP_BLOCKS, max_size=2),
    kernel=st.integers(1, 5),
    stride=st.integers(1, 3),
    norm=NORMS,
)
def test_any_generator_is_built_as_its_table_says(
    size: int, blocks: list[dict[str, Any]], kernel: int, stride: int, norm: str
) -> None:
    section = {
        "latent_dim": 7,
        "projection": {"size": size, "filters": 3, "norm": norm},
        "blocks": blocks,
        "output": {"kernel": kernel, "stride": stride},
    }
    each = spec("generator", (8, 8, 3), section)
    try:
        rows = layer_table(each.build_symbolically())
    except UsageError as error:
        assert re.search(r"generator\.blocks\.[01]", str(error))  # noqa: PT017
        return
    built = each.build()
    assert totals(rows) == of_keras(built)
    assert built.output_shape[1:] == rows[-1].output_shape


def test_a_generators_kernel_that_does_not_fit_is_named() -> None:
    blocks = [BLOCK, {"filters": 2, "kernel": 5, "padding": "valid", "upsample": "nearest"}]
    each = spec("generator", (8, 8, 1), {"projection": {"size": 1, "filters": 3}, "blocks": blocks})
    with pytest.raises(
        UsageError, match=r"generator\.blocks\.1: conv 2, 5×5, valid cannot take the 2×2×3"
    ):
        each.build_symbolically()


def test_spectral_norm_of_the_output_is_counted() -> None:
    network = discriminator(
        blocks=[{"filters": 4, "spectral_norm": True}],
        output_spectral_norm=True,
        shape=(8, 8, 1),
    )
    rows = layer_table(network)
    assert totals(rows) == of_keras(network) == (40 + 4 + 257 + 1, 5)
    assert [row.name for row in rows].count("spectral norm") == 2


@pytest.mark.parametrize("pool", ["max_pool", "average_pool"])
def test_receptive_field_is_what_lights_up_one_value(pool: str) -> None:
    """With positive weights a value is above 0 only for pixels that it sees, one at a time."""
    blocks: list[dict[str, Any]] = [
        {"filters": 1, "padding": "valid", "stride": 2, "downsample": pool},
        {"filters": 1, "kernel": 4, "padding": "valid", "stride": 2},
        {"filters": 1, "kernel": 2, "padding": "valid"},
    ]
    built = classifier(blocks=blocks, input_range="[0, 1]", shape=(20, 17, 1))
    rows = layer_table(built)
    maps, logits = lit_up(built, "block3_conv")
    for made, row in ((maps[:, 0, 0, 0], rows[4]), (logits[:, 0], rows[-1])):
        ys, xs = np.nonzero(made.reshape(20, 17) > 0)
        assert row.receptive_field == (int(np.ptp(ys)) + 1, int(np.ptp(xs)) + 1)


def lit_up(network: keras.Model, layer: str) -> tuple[Any, Any]:
    """What a layer and the network give for one bright pixel at a time, all weights 1."""
    network.set_weights(
        [np.ones_like(w) if w.ndim > 1 else np.zeros_like(w) for w in network.get_weights()]
    )
    shape = network.input_shape[1:]
    pixels = np.eye(int(np.prod(shape)), dtype=np.float32).reshape(-1, *shape)
    if "unit_range" in [each.name for each in network.layers]:
        pixels = np.float32(2) * pixels - np.float32(1)
    probe = keras.Model(network.input, [network.get_layer(layer).output, network.output])
    maps, logits = (np.asarray(made) for made in probe(pixels))
    return maps, logits


def test_where_branches_meet_the_wider_receptive_field_counts() -> None:
    network = classifier(
        name="resnet",
        stem={"filters": 1, "kernel": 2},
        blocks=[{"filters": 1, "kernel": 3}, {"filters": 1, "kernel": 4, "stride": 2}],
        norm="none",
        shape=(24, 21, 1),
    )
    rows = layer_table(network)
    added = [row for row in rows if row.name == "add"]
    assert [row.receptive_field for row in added] == [(6, 6), (12, 12)]
    skip = next(row for row in rows if row.name.startswith("skip: "))
    assert (skip.name, skip.receptive_field) == ("skip: conv 1, 1×1 / 2, same", (6, 6))
    maps, _ = lit_up(network, "block2_add")
    ys, xs = np.nonzero(maps[:, 6, 5, 0].reshape(24, 21) > 0)
    assert (int(np.ptp(ys)) + 1, int(np.ptp(xs)) + 1) == (12, 12)


def test_a_classifier_that_shrinks_to_nothing_says_where(
    article_classifier: ClassifierRunConfig,
) -> None:
    check_networks(article_classifier, (18, 18, 1), 10)
    message = refused(article_classifier, (17, 17, 1), 10)
    assert message.startswith("model.blocks.2: conv 64, 3×3, valid cannot take the 2×2×64")
    assert "expected at least 3" in message
    assert "data.image_size" in message
    assert re.match(
        r"model\.blocks\.1: max pool 2×2 cannot take the 1×",
        refused(article_classifier, (8, 30, 1), 10),
    )
    assert "got 1 class" in refused(article_classifier, (28, 28, 1), 1)


@pytest.mark.parametrize("role", ["discriminator", "classifier"])
def test_a_residual_network_that_shrinks_to_nothing_says_where(role: Any) -> None:
    section = RESIDUAL | {"downsample": "max_pool", "blocks": [{"filters": 2, "stride": 5}] * 2}
    key = "model" if role == "classifier" else "discriminator"
    with pytest.raises(
        UsageError, match=rf"^{key}\.blocks\.1: max pool 5×5 cannot take the 1×1×2 that reaches it"
    ):
        spec(role, (9, 8, 3), section).build_symbolically()


def test_a_generator_of_another_size_is_refused_with_what_fits(article_gan: GanRunConfig) -> None:
    check_networks(article_gan, (28, 28, 1), 10)
    assert refused(article_gan, (32, 32, 3), 10).splitlines() == [
        "the generator makes images of 28×28, expected the data's 32×32:",
        "  reshape -> 7×7",
        "  batch norm -> 7×7",
        "  transposed conv 64, 5×5 / 2, same -> 14×14",
        "  batch norm -> 14×14",
        "  transposed conv 3, 5×5 / 2, same -> 28×28",
        "what would fit, any one of these:",
        "  --set generator.projection.size=8",
        "  --set data.image_size=28",
    ]
    assert re.search(
        r"expected the data's 28×32(.|\n)*image_size=28$", refused(article_gan, (28, 32, 1), 10)
    )


RESNET = [
    "generator={name: resnet, projection: {size: 7, filters: 4}, blocks: "
    "[{filters: 4, stride: 2}, {filters: 3, stride: 2}]}"
]


@pytest.mark.parametrize("size", [9, 14, 21, 30, 42, 64, 96, 210, 256, 448])
@pytest.mark.parametrize(
    ("changes", "makes"),
    [
        (["generator.blocks.0.padding=same"], 28),
        (["generator.blocks.0.padding=valid"], 34),
        (["generator.blocks.0.padding=valid", "generator.blocks.0.upsample=nearest"], 20),
        (RESNET, 28),
        ([*RESNET, "generator.upsample=transposed"], 28),
    ],
)
def test_every_proposal_fits(size: int, changes: list[str], makes: int) -> None:
    def made(*more: str) -> tuple[list[str], NetworkSpec]:
        config = load_config("dcgan-fashion-article", [*changes, *more])
        assert isinstance(config, GanRunConfig)
        each = network_specs(config, (size, size, 1), 10)["generator"]
        return config.generator.proposals((size, size, 1)), each

    proposals, present = made()
    assert present.build_symbolically().output_shape[1:] == (makes, makes, 1)
    for proposal in proposals:
        _, each = made(*proposal.removeprefix("--set ").split(" --set "))
        assert each.build_symbolically().output_shape[1:] == (size, size, 1)


def test_a_proposal_in_the_error_makes_the_check_pass(article_gan: GanRunConfig) -> None:
    for preset, changes in (("dcgan-fashion-article", []), ("dcgan-fashion", RESNET)):
        config = load_config(preset, changes)
        assert isinstance(config, GanRunConfig)
        lines = refused(config, (56, 56, 3), 10).splitlines()
        proposals = [line for line in lines if line.startswith("  --set gen")]
        assert proposals
        for proposal in proposals:
            fitting = proposal.removeprefix("  --set ").split(" --set ")
            check_networks(load_config(preset, [*changes, *fitting]), (56, 56, 3), 10)


def test_proposals_change_as_little_as_possible(article_gan: GanRunConfig) -> None:
    def proposals(size: int) -> list[str]:
        return article_gan.generator.proposals((size, size, 1))

    assert proposals(42) == ["--set generator.output.stride=3"]
    assert proposals(56) == [
        "--set generator.projection.size=14",
        "--set generator.output.stride=4",
    ]
    assert proposals(30) == [
        "--set generator.projection.size=5 --set generator.output.stride=3",
    ]
    assert proposals(168) == [
        "--set generator.projection.size=42",
        "--set generator.blocks.0.stride=4 --set generator.output.stride=6",  # not 3 and 8
    ]
    assert proposals(67) == []


def peak_bytes() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


HUGE: dict[str, dict[str, Any]] = {
    "classifier": {
        "blocks": [{"filters": 65536, "kernel": 31}, {"filters": 65536, "kernel": 31}],
        "hidden": [{"units": 65536}],
    },
    "resnet": {
        "name": "resnet",
        "stem": {"filters": 65536},
        "blocks": [{"filters": 65536, "kernel": 31}],
    },
}


@pytest.mark.parametrize("name", HUGE)
def test_a_network_of_terabytes_is_checked_without_its_memory(name: str) -> None:
    """Nor does it come later: Keras once made its variables when another scope ended."""
    before = peak_bytes()
    network = spec("classifier", (28, 28, 1), HUGE[name]).build_symbolically()
    assert totals(layer_table(network))[0] * 4 > 10**12
    with keras.StatelessScope():
        pass
    assert peak_bytes() - before < 100_000_000
    assert all(variable._value is None for variable in network.weights)


def test_what_keras_refuses_is_said_with_the_images_shape() -> None:
    class Refusing(Classifier):
        def build(self, image_shape: ImageShape, num_classes: int) -> keras.Model:
            del image_shape, num_classes
            raise ValueError("a layer of mine will not")

    section = Refusing.model_validate({"blocks": [BLOCK]})
    with pytest.raises(
        UsageError, match=r"'classifier' cannot be built for images of 8×6×1: a layer of mine will"
    ):
        NetworkSpec(section, (8, 6, 1), 3).build_symbolically()


def test_a_generator_without_proposals_still_says_what_to_do() -> None:
    class Silent(ResNetGenerator):
        def proposals(self, image_shape: ImageShape) -> list[str]:
            del image_shape
            return []

    section = Silent.model_validate(RESNET_GENERATOR | {"projection": {"size": 1, "filters": 2}})
    config = load_config("dcgan-fashion").model_copy(update={"generator": section})
    assert isinstance(config, GanRunConfig)
    said = refused(config, (28, 28, 1), 10)
    assert "another size of images (data.image_size), with fewer or smaller strides" in said


def test_printed_table_adds_up(article_gan: GanRunConfig) -> None:
    wide = generator(
        projection={"size": 4, "filters": 64},
        blocks=[{"filters": n, "kernel": 5, "stride": 2, "norm": "batch"} for n in (32, 16)],
        shape=(64, 64, 3),
    )
    for rows in (layer_table(wide), *check_networks(article_gan, (28, 28, 1), 10).values()):
        table = network_table("a", rows)
        parameters, frozen = totals(rows)
        costs = sum(row.multiply_adds for row in rows)
        assert [row[2:4] for row in table.footer if row[0].startswith("total")] == [
            (f"{parameters:,}", f"{costs:,}")
        ]
        assert ("  not trainable", f"{frozen:,}") in [(row[0], row[2]) for row in table.footer]
        assert len(table.rows) == len(rows)
        assert ("sees" in table.header) == (rows[0].name == "image")


def test_a_network_of_an_extension_that_gives_something_else_is_refused() -> None:
    """Two logits per image from a discriminator, and a classifier without `features`."""
    gan = load_config("dcgan-mnist")
    assert isinstance(gan, GanRunConfig)
    section: Any = type("TwoLogits", (type(gan.discriminator),), {"build": _two_logits})
    two = section.model_validate(gan.discriminator.model_dump())
    with pytest.raises(UsageError, match=r"the discriminator gives \(2,\) for each image"):
        check_networks(gan.model_copy(update={"discriminator": two}), (28, 28, 1), 10)
    config = load_config("classifier-mnist")
    assert isinstance(config, ClassifierRunConfig)
    section = type("Featureless", (type(config.model),), {"build": _featureless})
    without = section.model_validate(config.model.model_dump())
    with pytest.raises(UsageError, match="no layer named 'features'"):
        check_networks(config.model_copy(update={"model": without}), (28, 28, 1), 10)


def _two_logits(_self: object, image_shape: ImageShape, _num_classes: int) -> keras.Model:
    images = keras.layers.Input(image_shape)
    return keras.Model(images, keras.layers.Dense(2)(keras.layers.Flatten()(images)))


def _featureless(_self: object, image_shape: ImageShape, num_classes: int) -> keras.Model:
    images = keras.layers.Input(image_shape)
    return keras.Model(images, keras.layers.Dense(num_classes)(keras.layers.Flatten()(images)))
