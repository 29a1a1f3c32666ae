"""Layer tables against the networks that Keras builds, and the checks before building."""

from __future__ import annotations

import re
from typing import Any

import keras
import numpy as np
import pytest
from convgan.models.feasibility import check_classifier, check_gan
from convgan.models.layer_text import format_table
from hypothesis import given, settings
from hypothesis import strategies as st

from convgan.config import (
    ClassifierConfig,
    ClassifierRunConfig,
    DiscriminatorConfig,
    GanRunConfig,
    GeneratorConfig,
    load_config,
)
from convgan.errors import UsageError
from convgan.models.classifier import build_classifier
from convgan.models.dcgan import build_discriminator, build_generator
from convgan.models.layer_table import (
    Row,
    classifier_table,
    discriminator_table,
    generator_table,
)

NORMS = st.sampled_from(["none", "batch"])
BLOCKS = {
    "filters": st.integers(1, 6),
    "kernel": st.integers(1, 5),
    "stride": st.integers(1, 3),
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
TRANSPOSED_BLOCKS = st.fixed_dictionaries({**BLOCKS, "padding": st.sampled_from(["same", "valid"])})

KERAS = tuple(map(int, keras.__version__.split(".")[:2]))


@pytest.fixture(scope="module")
def article_classifier() -> ClassifierConfig:
    config = load_config("classifier-mnist-article")
    assert isinstance(config, ClassifierRunConfig)
    return config.model


@pytest.fixture(scope="module")
def article_gan() -> GanRunConfig:
    config = load_config("dcgan-fashion-article")
    assert isinstance(config, GanRunConfig)
    return config


def totals(rows: list[Row]) -> tuple[int, int]:
    return sum(row.parameters for row in rows), sum(row.non_trainable for row in rows)


def of_keras(model: Any) -> tuple[int, int]:
    frozen = sum(int(np.prod(weight.shape)) for weight in model.non_trainable_weights)
    return model.count_params(), frozen


def test_articles_networks_to_the_parameter(
    article_classifier: ClassifierConfig, article_gan: GanRunConfig
) -> None:
    rows = classifier_table(article_classifier, (28, 28, 1), 10)
    assert totals(rows) == of_keras(build_classifier(article_classifier, (28, 28, 1), 10))
    assert totals(rows) == (93_322, 0)
    assert [row.output_shape[0] for row in rows] == [28, 26, 13, 11, 5, 3, 576, 64, 10]
    assert [row.multiply_adds for row in rows if row.parameters] == [
        26 * 26 * 9 * 1 * 32,
        11 * 11 * 9 * 32 * 64,
        3 * 3 * 9 * 64 * 64,
        576 * 64,
        64 * 10,
    ]
    # Pooling drops the odd row and column of 11×11, so the picture's last two are never seen.
    assert rows[-1].receptive_field == (26, 26)

    rows = generator_table(article_gan.generator, 1)
    assert totals(rows) == of_keras(build_generator(article_gan.generator, 1)) == (840_705, 384)
    assert [row.parameters for row in rows] == [0, 633_472, 0, 512, 204_864, 256, 1_601]
    assert rows[-1].output_shape == (28, 28, 1)

    assert [row.multiply_adds for row in rows if "conv" in row.name] == [
        7 * 7 * 25 * 128 * 64,
        14 * 14 * 25 * 64 * 1,
    ]

    rows = discriminator_table(article_gan.discriminator, (28, 28, 1))
    assert totals(rows) == of_keras(build_discriminator(article_gan.discriminator, (28, 28, 1)))
    assert totals(rows) == (212_865, 0)
    assert [row.parameters for row in rows] == [0, 1_664, 204_928, 0, 6_273]
    assert sum(row.multiply_adds for row in rows) == (
        14 * 14 * 25 * 1 * 64 + 7 * 7 * 25 * 64 * 128 + 6_272
    )


@settings(deadline=None, max_examples=15)
@given(
    blocks=st.lists(CONV_BLOCKS, min_size=1, max_size=3),
    flatten=st.sampled_from(["flatten", "average"]),
    norm=NORMS,
)
def test_any_classifier_is_built_as_its_table_says_or_is_refused(
    blocks: list[dict[str, Any]], flatten: str, norm: str
) -> None:
    model = ClassifierConfig.model_validate(
        {"blocks": blocks, "flatten": flatten, "hidden": [{"units": 5, "norm": norm}]}
    )
    shape = (11, 9, 3)
    try:
        rows = classifier_table(model, shape, 4)
    except UsageError:
        if KERAS >= (3, 15):  # the one for Python 3.10 does not look
            with pytest.raises(ValueError, match="output size would be zero or negative"):
                build_classifier(model, shape, 4)
        return
    built = build_classifier(model, shape, 4)
    assert totals(rows) == of_keras(built)
    vector = rows[[row.name for row in rows].index("dense 5") - 1]
    assert built.get_layer(flatten).output.shape[1:] == vector.output_shape


@settings(deadline=None, max_examples=10)
@given(
    size=st.integers(1, 4),
    blocks=st.lists(TRANSPOSED_BLOCKS, max_size=2),
    kernel=st.integers(1, 5),
    stride=st.integers(1, 3),
    norm=NORMS,
)
def test_any_generator_is_built_as_its_table_says(
    size: int, blocks: list[dict[str, Any]], kernel: int, stride: int, norm: str
) -> None:
    generator = GeneratorConfig.model_validate(
        {
            "latent_dim": 7,
            "projection": {"size": size, "filters": 3, "norm": norm},
            "blocks": blocks,
            "output": {"kernel": kernel, "stride": stride},
        }
    )
    rows = generator_table(generator, 3)
    built = build_generator(generator, 3)
    assert totals(rows) == of_keras(built)
    assert built.output.shape[1:] == rows[-1].output_shape
    critic = DiscriminatorConfig.model_validate({"blocks": [{"filters": 1}]})
    check_gan(generator, critic, (built.output.shape[1], built.output.shape[2], 3))


def test_spectral_norm_of_the_output_is_counted() -> None:
    critic = DiscriminatorConfig.model_validate(
        {"blocks": [{"filters": 4, "spectral_norm": True}], "output_spectral_norm": True}
    )
    rows = discriminator_table(critic, (8, 8, 1))
    assert totals(rows) == of_keras(build_discriminator(critic, (8, 8, 1))) == (40 + 4 + 257 + 1, 5)


@pytest.mark.parametrize("pool", ["max_pool", "average_pool"])
def test_receptive_field_is_what_lights_up_one_value(pool: str) -> None:
    """With positive weights a value is above 0 only for pixels that it sees, one at a time."""
    blocks: list[dict[str, Any]] = [
        {"filters": 1, "padding": "valid", "stride": 2, "downsample": pool},
        {"filters": 1, "kernel": 4, "padding": "valid", "stride": 2},
        {"filters": 1, "kernel": 2, "padding": "valid"},
    ]
    model = ClassifierConfig.model_validate({"blocks": blocks, "input_range": "[0, 1]"})
    shape = (20, 17, 1)
    rows = classifier_table(model, shape, 2)
    built = build_classifier(model, shape, 2)
    built.set_weights(
        [np.ones_like(w) if w.ndim > 1 else np.zeros_like(w) for w in built.get_weights()]
    )
    pixels = 2 * np.eye(20 * 17, dtype=np.float32).reshape(-1, *shape) - 1  # 0 is -1 here
    probe = keras.Model(built.input, [built.get_layer("block3_conv").output, built.output])
    maps, logits = (np.asarray(made) for made in probe(pixels))
    for made, row in ((maps[:, 0, 0, 0], rows[4]), (logits[:, 0], rows[-1])):
        ys, xs = np.nonzero(made.reshape(20, 17) > 0)
        assert row.receptive_field == (int(np.ptp(ys)) + 1, int(np.ptp(xs)) + 1)


def test_a_classifier_that_shrinks_to_nothing_says_where(
    article_classifier: ClassifierConfig,
) -> None:
    check_classifier(article_classifier, (18, 18, 1), 10)
    with pytest.raises(UsageError) as caught:
        check_classifier(article_classifier, (17, 17, 1), 10)
    message = str(caught.value)
    assert message.startswith("model.blocks.2: conv 64, 3×3, valid cannot take the 2×2×64")
    assert "expected at least 3" in message
    assert "data.image_size" in message
    with pytest.raises(UsageError, match=r"model\.blocks\.1: max pool 2×2 cannot take the 1×"):
        check_classifier(article_classifier, (8, 30, 1), 10)
    with pytest.raises(UsageError, match="got 1 class"):
        check_classifier(article_classifier, (28, 28, 1), 1)


def test_a_generator_of_another_size_is_refused_with_what_fits(article_gan: GanRunConfig) -> None:
    check_gan(article_gan.generator, article_gan.discriminator, (28, 28, 1))
    with pytest.raises(UsageError) as caught:
        check_gan(article_gan.generator, article_gan.discriminator, (32, 32, 3))
    assert str(caught.value).splitlines() == [
        "the generator makes pictures of 28×28, expected the data's 32×32:",
        "  generator.projection: 7×7",
        "  generator.blocks.0: 5×5 / 2, same -> 14×14",
        "  generator.output: 5×5 / 2, same -> 28×28",
        "what would fit, any one of these:",
        "  --set generator.projection.size=8",
        "  --set data.image_size=28",
    ]
    with pytest.raises(UsageError, match=r"expected the data's 28×32(.|\n)*image_size=28$"):
        check_gan(article_gan.generator, article_gan.discriminator, (28, 32, 1))


@pytest.mark.parametrize("size", [9, 14, 21, 30, 42, 64, 96, 210, 256, 448])
@pytest.mark.parametrize("padding", ["same", "valid"])
def test_every_proposal_fits(size: int, padding: str) -> None:
    def check(*changes: str) -> None:
        block = f"generator.blocks.0.padding={padding}"
        config = load_config("dcgan-fashion-article", [block, *changes])
        assert isinstance(config, GanRunConfig)
        check_gan(config.generator, config.discriminator, (size, size, 1))

    with pytest.raises(UsageError) as caught:
        check()
    proposals = [line for line in str(caught.value).splitlines() if line.startswith("  --set")]
    assert proposals.pop() == f"  --set data.image_size={28 if padding == 'same' else 34}"
    for proposal in proposals:
        check(*proposal.removeprefix("  --set ").split(" --set "))


def test_proposals_change_as_little_as_possible(article_gan: GanRunConfig) -> None:
    def proposals(size: int) -> list[str]:
        with pytest.raises(UsageError) as caught:
            check_gan(article_gan.generator, article_gan.discriminator, (size, size, 1))
        return [line for line in str(caught.value).splitlines() if line.startswith("  --set gen")]

    assert proposals(42) == ["  --set generator.output.stride=3"]
    assert proposals(56) == [
        "  --set generator.projection.size=14",
        "  --set generator.output.stride=4",
    ]
    assert proposals(30) == [
        "  --set generator.projection.size=5 --set generator.output.stride=3",
    ]
    assert proposals(168) == [
        "  --set generator.projection.size=42",
        "  --set generator.blocks.0.stride=4 --set generator.output.stride=6",  # not 3 and 8
    ]
    assert proposals(67) == []


def test_printed_table_adds_up_and_fits_a_terminal(article_gan: GanRunConfig) -> None:
    generator = GeneratorConfig.model_validate(
        {
            "projection": {"size": 4, "filters": 1024},
            "blocks": [
                {"filters": n, "kernel": 5, "stride": 2, "norm": "batch"} for n in (512, 256, 128)
            ],
        }
    )
    for rows in (
        generator_table(generator, 3),
        generator_table(article_gan.generator, 1),
        discriminator_table(article_gan.discriminator, (28, 28, 1)),
    ):
        lines = format_table(rows).splitlines()
        assert max(map(len, lines)) <= 80
        assert [line for line in lines if line.endswith(" ")] == []
        parameters, frozen = totals(rows)
        assert f" {parameters:,} " in next(line for line in lines if line.startswith("total"))
        assert any(re.fullmatch(rf"  not trainable +{frozen:,}", line) for line in lines)
    assert "sees" in lines[0]
