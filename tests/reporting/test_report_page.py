"""The report in a browser: what a visitor sees, moves and reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from convgan.reporting.run_report import report_run
from tests.browser import opened

from .runs import add_networks, evaluate, made_run

STRANGE = ['</script><img src="x">', 'it\'s 👟 "new"', "חולצה \u202e طويلة", "a" * 60]


@pytest.fixture(scope="module")
def gan(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A report with all that a GAN's can have, of classes with strange names."""
    folder = tmp_path_factory.mktemp("runs") / "\"<script>' שלום"
    run = made_run(folder, "cgan-fashion")
    add_networks(run)
    evaluate(run, STRANGE, ["samples", "nearest", "frechet"])
    return report_run(run)


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    run = made_run(tmp_path_factory.mktemp("runs"), "classifier-fashion")
    add_networks(run)
    evaluate(run, STRANGE, ["mistakes"])
    return report_run(run)


def spread(page: Any) -> None:
    """Open whatever can be opened, which must not make the page wider than its window."""
    page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")


@pytest.mark.parametrize(("width", "dark"), [(1100, False), (390, True)])
def test_a_gan_s_report_opens_everywhere(gan: Path, width: int, dark: bool) -> None:
    with opened(gan, width=width, dark=dark) as page:
        spread(page)
        for name in STRANGE:
            assert page.get_by_text(name, exact=True).count() >= 2
        shown = page.evaluate("[...document.images].filter((each) => !each.hidden).length")
        drawn = page.evaluate("[...document.images].filter((each) => each.naturalWidth).length")
        assert (shown, drawn) == (4, 6)
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (ground == "rgb(255, 255, 255)") != dark


@pytest.mark.parametrize(("width", "dark"), [(1100, True), (390, False)])
def test_a_classifier_s_report_opens_everywhere(classifier: Path, width: int, dark: bool) -> None:
    with opened(classifier, width=width, dark=dark) as page:
        spread(page)
        assert page.get_by_text(STRANGE[1], exact=True).count() == 3
        assert page.locator(".film").count() == 0


def test_the_curves_are_read_by_pointer_and_by_keys(gan: Path) -> None:
    lines = (gan.parent / "metrics.jsonl").read_text().splitlines()
    log = [json.loads(line) for line in lines]
    calls = {record["step"]: record for record in log if "end_of_epoch" not in record}
    ends = {record["step"]: record for record in log if "end_of_epoch" in record}

    def check(page: Any, step: int) -> None:
        assert page.locator(".cursor output").inner_text().endswith(f", step {step}")
        expected = calls[step] | {"val_frechet": ends[step // 4 * 4]["val_frechet"]}
        read = page.locator(".plot figcaption span").all_inner_texts()
        found = dict(text.split() for text in read)
        assert found.keys() == {"d_loss", "g_loss", "d_real", "val_frechet", "grad_norm"}
        for name, text in found.items():
            assert float(text) == pytest.approx(expected[name], rel=1e-3)

    with opened(gan) as page:
        field = page.locator(".field").nth(1)
        width = field.bounding_box()["width"]
        field.hover(position={"x": width * 7.2 / 12, "y": 10})
        check(page, 7)
        slider = page.get_by_label("Position in the training")
        slider.press("ArrowRight")
        slider.press("ArrowRight")
        check(page, 9)
        assert "d_real" in slider.get_attribute("aria-valuetext")
        field.hover(position={"x": 1, "y": 10})
        assert page.locator(".plot", has_text="val_frechet").locator("output").inner_text() == "–"
    with opened(gan, width=390, touch=True) as page:
        field = page.locator(".field").last
        field.tap(position={"x": field.bounding_box()["width"] * 5 / 12, "y": 10})
        check(page, 5)


def test_the_film_stands_still_until_it_is_told_to(gan: Path) -> None:
    def now(page: Any) -> str:
        (alt,) = page.evaluate(
            "[...document.querySelectorAll('.film img')].filter((e) => !e.hidden).map((e) => e.alt)"
        )
        assert alt == f"Samples after {page.locator('.film output').inner_text()}"
        return str(alt)

    with opened(gan) as page:
        page.wait_for_timeout(700)
        assert now(page) == "Samples after epoch 3"
        page.get_by_label("One step back").click()
        assert now(page) == "Samples after epoch 2"
        page.keyboard.press("ArrowLeft")
        page.keyboard.press("ArrowLeft")
        assert now(page) == "Samples after epoch 1"
        page.get_by_label("Epoch", exact=True).press("ArrowRight")
        assert now(page) == "Samples after epoch 2"
        play = page.get_by_role("button", name="Play")
        play.click()
        page.locator(".film output", has_text="epoch 3").wait_for()
        play.wait_for()  # it stops at the end
        play.click()  # and begins again
        assert now(page) == "Samples after epoch 1"
        page.get_by_role("button", name="Pause").click()
        page.wait_for_timeout(700)
        assert now(page) == "Samples after epoch 1"
