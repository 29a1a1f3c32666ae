"""Plots: real PNG files with something on them, and the part that can be measured is right."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from convgan.errors import DataError, RunError
from convgan.reporting.class_plots import save_class_histogram, save_confusion_matrix
from convgan.reporting.curves import save_curves
from convgan.reporting.galleries import save_labelled_pictures, save_mistakes
from convgan.reporting.images import read_png

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

NAMES = ["T-shirt/top", "Trouser", "a$b$c"]


def is_drawn(path: Path) -> NDArray[np.uint8]:
    picture = read_png(path)
    assert min(picture.shape[:2]) > 150
    assert 0.001 < (picture < 250).any(axis=-1).mean() < 0.9
    edge = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    assert (edge == 255).all()  # nothing is cut off
    return picture


def test_curves_of_a_classifier(tmp_path: Path, figures: list[Figure]) -> None:
    records: list[dict[str, float | None]] = [
        {"step": 1, "epoch": 0.5, "loss": 2.0, "accuracy": 0.25, "learning_rate": 0.1},
        {"step": 2, "epoch": 1.0, "loss": 1.0, "accuracy": 0.5, "val_loss": 1.5, "val_accuracy": 0},
        {"step": 3, "epoch": 1.5, "loss": math.nan, "accuracy": None},
        {"step": 4, "epoch": 2.0, "loss": math.inf, "accuracy": 0.75},
    ]
    save_curves(tmp_path / "a.png", records)
    is_drawn(tmp_path / "a.png")
    losses, shares, rates = figures[0].axes
    lines = {str(line.get_label()): line for panel in figures[0].axes for line in panel.lines}
    assert list(lines) == ["loss", "val_loss", "accuracy", "val_accuracy", "learning_rate"]
    np.testing.assert_array_equal(lines["loss"].get_xydata(), [[0.5, 2], [1, 1]])
    np.testing.assert_array_equal(
        lines["accuracy"].get_xydata(), [[0.5, 0.25], [1, 0.5], [2, 0.75]]
    )
    assert lines["val_loss"].get_marker() == "o"
    assert lines["loss"].get_marker() == ""
    assert rates.get_xlabel() == "epoch"
    assert (rates.get_ylabel(), rates.get_yscale()) == ("learning rate", "linear")
    assert (losses.get_ylabel(), shares.get_ylabel()) == ("loss", "accuracy")
    assert losses.get_title(loc="left").endswith("(values that are not finite, left out: 3)")


def test_curves_of_a_gan(tmp_path: Path, figures: list[Figure]) -> None:
    records = [
        {
            "epoch": i / 5,
            "d_loss": 1 + i,
            "g_loss": 3e38 if i == 2 else 2,
            "d_real": 0.7,
            "d_fake": 0.2,
        }
        for i in range(5)
    ]
    save_curves(tmp_path / "a.png", records)
    is_drawn(tmp_path / "a.png")
    losses, shares = figures[0].axes
    assert [line.get_label() for line in losses.lines] == ["d_loss", "g_loss"]
    assert [line.get_label() for line in shares.lines] == ["d_real", "d_fake"]
    assert shares.get_ylabel() == "probability"
    assert losses.lines[0].get_color() == shares.lines[0].get_color()
    assert losses.get_title(loc="left").endswith("left out: 1)")


def test_whatever_is_validated_has_a_panel(tmp_path: Path, figures: list[Figure]) -> None:
    records: list[dict[str, float | None]] = [
        {
            "epoch": i / 5,
            "step": i,
            "seconds": 1.0,
            "d_loss": -4.0,
            "d_real_output": 30.0 + i,
            "d_fake_output": -30.0,
            "g_learning_rate": 2e-4 / 10**i,
            "d_learning_rate": 4e-4,
            "d_grad_norm": 3.0,
        }
        for i in range(1, 6)
    ]
    records[-1] |= {"val_frechet": 12.5, "val_recall": 0.5, "val_loss": 1.0}
    save_curves(tmp_path / "a.png", records)
    is_drawn(tmp_path / "a.png")
    panels = {
        axes.get_ylabel().replace("\n", " "): [str(line.get_label()) for line in axes.lines]
        for axes in figures[0].axes
    }
    assert list(panels.items()) == [
        ("loss", ["d_loss", "val_loss"]),
        ("mean output of the discriminator", ["d_real_output", "d_fake_output"]),
        ("Fréchet distance", ["val_frechet"]),
        ("recall", ["val_recall"]),
        ("learning rate", ["g_learning_rate", "d_learning_rate"]),
        ("gradient norm", ["d_grad_norm"]),
    ]
    scales = [axes.get_yscale() for axes in figures[0].axes]
    assert scales == ["linear"] * 4 + ["log"] * 2  # the rates span more than two decades


def test_one_record_makes_a_visible_point(tmp_path: Path, figures: list[Figure]) -> None:
    save_curves(tmp_path / "a.png", [{"epoch": 1.0, "loss": 2.0}])
    is_drawn(tmp_path / "a.png")
    assert len(figures[0].axes) == 1
    assert figures[0].axes[0].lines[0].get_marker() == "o"
    assert figures[0].axes[0].get_title(loc="left") == "training curves"


@pytest.mark.parametrize(
    "records", [[], [{"epoch": 1.0, "seconds": 1.0}], [{"epoch": 1.0, "loss": math.nan}]]
)
def test_nothing_to_draw_is_told(tmp_path: Path, records: list[dict[str, float]]) -> None:
    with pytest.raises(DataError, match="no finite number to draw"):
        save_curves(tmp_path / "a.png", records)
    assert not list(tmp_path.iterdir())


def test_confusion_matrix_has_true_classes_in_rows(tmp_path: Path, figures: list[Figure]) -> None:
    matrix = np.array([[8, 2, 0], [0, 5, 5], [0, 0, 0]])
    save_confusion_matrix(tmp_path / "a.png", matrix, class_names=NAMES)
    picture = is_drawn(tmp_path / "a.png")
    assert picture.shape[-1] == 3
    axes = figures[0].axes[0]
    cells = {tuple(text.get_position()): text.get_text() for text in axes.texts}  # (column, row)
    assert len(cells) == 9
    assert (cells[0, 0], cells[1, 0], cells[0, 1], cells[2, 1]) == ("8", "2", "0", "5")
    shares = np.asarray(axes.images[0].get_array(), np.float64)
    expected = np.array([[0.8, 0.2, 0], [0, 0.5, 0.5], [0, 0, 0]])
    np.testing.assert_allclose(shares, expected)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true")
    assert [label.get_text() for label in axes.get_yticklabels()] == NAMES
    assert not any(label.get_parse_math() for label in axes.get_yticklabels())


def test_a_large_matrix_has_colours_only(tmp_path: Path, figures: list[Figure]) -> None:
    names = [f"class {i}" for i in range(41)]
    save_confusion_matrix(tmp_path / "a.png", np.eye(41, dtype=int), class_names=names)
    assert not figures[0].axes[0].texts


def test_class_histogram_has_two_bars_a_class(tmp_path: Path, figures: list[Figure]) -> None:
    real, generated = np.array([0.5, 0.3, 0.2]), np.array([0.1, 0.0, 0.9])
    save_class_histogram(tmp_path / "a.png", real, generated_fractions=generated, class_names=NAMES)
    is_drawn(tmp_path / "a.png")
    axes = figures[0].axes[0]
    left, right = axes.containers
    assert (left.get_label(), right.get_label()) == ("real", "generated")
    np.testing.assert_allclose([bar.get_height() for bar in left], real)
    np.testing.assert_allclose([bar.get_height() for bar in right], generated)


def test_plots_ignore_and_keep_the_users_settings(tmp_path: Path) -> None:
    shares = np.array([0.5, 0.3, 0.2])

    def draw() -> bytes:
        path = tmp_path / "a.png"
        save_class_histogram(path, shares, generated_fractions=shares, class_names=NAMES)
        return path.read_bytes()

    before = draw()
    with mpl.rc_context({"font.size": 30, "text.parse_math": True}):
        assert draw() == before
        assert mpl.rcParams["font.size"] == 30


def test_names_in_any_script_and_of_any_length_are_drawn(tmp_path: Path) -> None:
    names = ["靴\n靴", "x" * 300, "\udc80"]
    shares = np.array([0.5, 0.3, 0.2])
    save_class_histogram(tmp_path / "a.png", shares, generated_fractions=shares, class_names=names)
    is_drawn(tmp_path / "a.png")


def test_a_plot_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="cannot write"):
        save_curves(tmp_path / "file" / "a.png", [{"epoch": 1.0, "loss": 2.0}])


def pictures(levels: list[int]) -> NDArray[np.uint8]:
    return np.repeat(np.array(levels, np.uint8), 28 * 28).reshape(-1, 28, 28, 1)


def cell(page: NDArray[np.uint8], column: int, side: int) -> NDArray[np.uint8]:
    """An image of the first row."""
    left = 8 + column * (side + 8)
    return page[8 : 8 + side, left : left + side]


def test_labelled_pictures_are_a_captioned_grid(tmp_path: Path, texts: list[str]) -> None:
    save_labelled_pictures(tmp_path / "a.png", pictures([10, 20, 30]), captions=NAMES)
    page = read_png(tmp_path / "a.png")
    assert page.shape[1] == 3 * 84 + 4 * 8
    assert texts == NAMES
    for column, level in enumerate([10, 20, 30]):
        assert (cell(page, column, 84) == level).all()
        under = page[92:, 8 + column * 92 :][:, :92]
        assert under.min() < 60
        assert (under[:2] == 255).all()


def test_long_captions_are_cut_and_end_in_an_ellipsis(tmp_path: Path, texts: list[str]) -> None:
    names = ["W" * 100_000, "i" * 500, "靴\udc80$a$"]
    save_labelled_pictures(tmp_path / "a.png", pictures([10, 20, 30]), captions=names)
    page = read_png(tmp_path / "a.png")
    first, second, third = texts
    assert first.startswith("WWW")
    assert first.endswith("W…")
    assert second.endswith("i…")
    assert third == "靴?$a$"
    for column in range(3):
        left = 8 + column * 92
        assert (page[92:, left + 85 : left + 92] == 255).all()  # between two captions
    with pytest.raises(ValueError, match="2 captions for 3 images"):
        save_labelled_pictures(tmp_path / "a.png", pictures([1, 2, 3]), captions=["a", "b"])


def test_mistakes_have_both_names_and_the_confidence(tmp_path: Path, texts: list[str]) -> None:
    save_mistakes(
        tmp_path / "a.png",
        pictures([20, 30, 10]),
        true_names=["Coat", "x" * 50, "Bag"],
        predicted_names=["Dress", "Bag", "Shirt"],
        confidences=[0.994, 0.75, 0.5],
    )
    page = is_drawn(tmp_path / "a.png")
    lines = ["Coat", "→ Dress 0.99", "xxxxxxxxxxxx…", "→ Bag 0.75", "Bag", "→ Shirt 0.50"]
    assert texts == lines
    for column, level in enumerate([20, 30, 10]):
        assert (cell(page, column, 140) == level).all()


def test_no_mistakes_is_a_picture_too(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    save_mistakes(path, pictures([]), true_names=[], predicted_names=[], confidences=[])
    page = read_png(path)
    assert page.min() < 60
    assert (page[:, -1] == 255).all()


@pytest.mark.parametrize("norms", [(4.5, 0.3), (2e4, 3e-5), (1.2, 0.9)])
def test_gradient_norms_have_plain_numbers_at_a_logarithmic_axis(
    norms: tuple[float, float], tmp_path: Path, figures: list[Figure]
) -> None:
    records = [{"epoch": n + 1.0, "loss": 1.0, "d_grad_norm": norm} for n, norm in enumerate(norms)]
    save_curves(tmp_path / "a.png", records)
    panel = figures[0].axes[-1]
    assert panel.get_yscale() == "log"
    assert panel.get_ylabel() == "gradient norm"
    figures[0].canvas.draw()
    ticks = panel.yaxis.get_ticklabels(minor=True) + panel.yaxis.get_ticklabels()
    texts = [tick.get_text() for tick in ticks if tick.get_text()]
    assert texts
    assert all(float(text) > 0 for text in texts)
