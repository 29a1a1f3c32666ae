"""The play page, opened as a visitor opens it, and what it computes."""

from __future__ import annotations

import base64
import io
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from convgan import load_run
from convgan.config import load_config
from convgan.data import load_dataset
from convgan.data.digits import as_mnist
from convgan.generation.directions import strongest_directions
from convgan.recipes.play import play
from convgan.reporting.report import write_page
from convgan.runs import Run
from tests.browser import opened
from tests.cli.commands import done, refused

THREE = [(0.3, 0.28), (0.5, 0.2), (0.68, 0.3), (0.62, 0.48), (0.5, 0.5), (0.68, 0.6), (0.68, 0.76)]
THREE += [(0.5, 0.85), (0.3, 0.78)]
EVIL = '</script><img src=x onerror="alert(1)">'


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return play([], tmp_path_factory.mktemp("play") / "play.html")


def draw(page: Any, points: list[tuple[float, float]]) -> None:
    pad = page.locator("#pad")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in points]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=5)
    page.mouse.up()
    page.wait_for_timeout(100)  # until the next frame


def pixels(page: Any, canvas: str) -> NDArray[np.uint8]:
    """Return the red values of a canvas, (H, W)."""
    url = page.evaluate("id => document.getElementById(id).toDataURL()", canvas)
    with Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))) as image:
        return np.array(image.convert("RGB"))[..., 0]


def answers(page: Any) -> list[str]:
    return [str(text) for text in page.locator("#bars .bar").all_inner_texts()]


@pytest.mark.parametrize(("width", "dark"), [(1100, False), (390, True)])
def test_a_drawn_digit_is_read_and_prepared_as_predict_does(
    page_file: Path, width: int, dark: bool
) -> None:
    with opened(page_file, width=width, dark=dark) as page:
        assert page.locator("#blank").is_visible()
        draw(page, THREE)
        assert not page.locator("#blank").is_visible()
        likely = max(answers(page), key=lambda text: float(text.split("\n")[-1].split()[0]))
        assert likely.startswith("3")
        drawn, seen = pixels(page, "pad"), pixels(page, "seen")
        assert page.locator(".layer").count() > 5
        page.locator("#clear").click()
        page.wait_for_timeout(100)
        assert not pixels(page, "seen").any()
    wanted, _ = as_mnist(drawn)
    difference = np.abs(seen.astype(int) - wanted)
    assert difference.mean() < 8
    assert np.abs(seen.astype(int) - np.roll(wanted, 1, axis=1)).mean() > 2 * difference.mean()


def test_the_pad_by_keyboard(page_file: Path) -> None:
    with opened(page_file) as page:
        page.locator("#pad").focus()
        for key in [" ", *["ArrowDown"] * 10]:
            page.keyboard.press(key)
        page.wait_for_timeout(100)
        likely = max(answers(page), key=lambda text: float(text.split("\n")[-1].split()[0]))
    assert likely.startswith("1")


def test_pictures_from_seeds(page_file: Path) -> None:
    big = "document.getElementById('big').toDataURL()"
    with opened(page_file, width=390, touch=True) as page:
        page.wait_for_selector("#tiles[data-done]")
        first, second = page.locator(".tile").nth(3), page.locator(".tile").nth(8)
        assert "% real" in first.inner_text()
        first.tap()
        start = page.evaluate(big)
        second.tap()
        assert page.evaluate(big) != start
        page.locator("#walk").fill("0")
        assert page.evaluate(big) == start
        page.locator("#directions input").first.fill("2")
        assert page.evaluate(big) != start
        page.locator("#reset").click()
        assert page.evaluate(big) == start
        page.get_by_role("button", name="7", exact=True).click()
        page.wait_for_selector("#tiles[data-done='2']")
        sevens = page.locator(".tile").all_inner_texts()
    assert sum("\n7, " in text for text in sevens) > 18


def test_names_do_no_harm(tmp_path: Path, page_file: Path) -> None:
    text = page_file.read_text(encoding="utf-8")
    data = json.loads(text.split('id="data">')[1].split("</script>")[0])
    for role in ("classifier", "generator"):
        data[role]["classes"] = [EVIL + str(index) for index in range(10)]
        data[role]["data"] = EVIL
    path = tmp_path / "evil.html"
    write_page(path, "play.html.j2", title=EVIL, data=data, version="1", command=EVIL, **data)
    with opened(path) as shown:
        shown.wait_for_selector("#tiles[data-done]")
        assert EVIL in shown.locator("h1").inner_text()
        assert shown.locator("img").count() == 0
        assert EVIL + "4" in shown.locator("#bars").inner_text()


def test_the_strongest_directions_are_the_principal_components() -> None:
    from convgan.models.network_file import read_network
    from convgan.recipes import play as recipe

    network = read_network(recipe._BUNDLED / "model/generator.safetensors").network
    directions = strongest_directions(network, 3)
    kernel = np.asarray(network.get_layer("projection").kernel)[:32]
    activations = np.random.default_rng(1).normal(size=(20_000, 32)) @ kernel
    _, components = np.linalg.eigh(np.cov(activations, rowvar=False))
    reached = directions @ kernel
    for place, component in enumerate(components.T[::-1][:3]):
        cosine = reached[place] @ component / np.linalg.norm(reached[place])
        assert abs(cosine) > 0.95


def test_own_runs_and_a_picture_from_a_file(out: Path, tmp_path: Path) -> None:
    page_file, picture = tmp_path / "own page.html", tmp_path / "bag.png"
    names = ["classifier-fashion-0001", "dcgan-fashion-0001"]
    assert str(page_file) in done("play", *names, "--out", out, "-o", page_file)
    Image.fromarray(np.arange(28 * 40, dtype=np.uint32).astype(np.uint8).reshape(28, 40)).save(
        picture
    )
    with opened(page_file, width=390, dark=True) as page:
        assert page.locator("h2").first.inner_text() == "Show it a picture"
        before = answers(page)
        page.locator("#file").set_input_files(picture)
        page.wait_for_timeout(200)
        assert answers(page) != before
        page.wait_for_selector("#tiles[data-done]")
        assert "Ankle boot" in page.locator("#bars").inner_text()


def test_the_page_says_what_predict_says(out: Path, tmp_path: Path) -> None:
    folder = tmp_path / "classifier-fashion-0001"
    shutil.copytree(out / folder.name, folder)
    run = Run.open(folder)
    run.keep_config(
        load_config(folder / "config.yaml", ["train.evaluate_views=[mirrored,shifted]"])
    )
    run.update(results=run.manifest["results"] | {"temperature": 0.7})
    image = load_dataset(run.config().data).test.images[3]
    values = (image / 127.5 - 1).ravel().tolist()
    asked = "values => classify({ shape: [28, 28, 1], data: Float32Array.from(values) })"
    with opened(play([run], tmp_path / "page.html")) as page:
        page.wait_for_selector("#bars .bar")
        found = page.evaluate(f"values => Array.from(({asked})(values).probabilities)", values)
    np.testing.assert_allclose(found, load_run(folder).predict(image[None])[0], atol=1e-6)


def test_wrong_arguments(out: Path, tmp_path: Path) -> None:
    said = refused(2, "play", "-o", tmp_path / "page.png")
    assert "expected a name that ends in .html" in said
    twice = ["dcgan-fashion-0001"] * 2
    said = refused(2, "play", *twice, "--out", out, "-o", tmp_path / "page.html")
    assert "got two runs of train-dcgan" in said
