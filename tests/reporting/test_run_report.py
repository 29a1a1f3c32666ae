"""The report of a run: one file, with what there is, and nothing that a name can do to it."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convgan.errors import DataError
from convgan.reporting import page_pictures
from convgan.reporting.images import save_png
from convgan.reporting.page_curves import page_curves
from convgan.reporting.run_report import report_run

from .runs import add_networks, evaluate, made_run

EVIL = "</script><b>\"'{{ 7 * 7 }}"
NAMES = ["T-shirt/top", "Trouser", "Bag"]


class Page(HTMLParser):
    """The texts and the tags of a page, as a browser would see them."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())

    def headings(self) -> list[str]:
        return [text for text in self.texts if text in HEADINGS]

    def sources(self) -> list[str]:
        return [str(attributes["src"]) for tag, attributes in self.tags if tag == "img"]


HEADINGS = [
    "Pictures", "Curves", "Numbers", "Classes", "Nearest neighbours", "Mistakes", "Warnings",
    "Networks, layer by layer", "Configuration", "To repeat and to use it", "Where it comes from",
]  # fmt: skip


def test_a_gan_s_report_in_its_order_and_in_one_file(tmp_path: Path) -> None:
    warnings = [{"step": 4, "name": "a", "text": "The discriminator wins."}]
    run = made_run(tmp_path, "cgan-fashion", changes=["train.epochs=7"], warnings=warnings)
    add_networks(run)
    evaluate(run, NAMES, ["samples", "nearest"])
    path = report_run(run)
    page = Page(path)
    assert page.headings() == [name for name in HEADINGS if name != "Mistakes"]
    sources = page.sources()
    assert len(sources) == 5
    assert all(source.startswith("data:image/png;base64,") for source in sources)
    metas = [attributes for tag, attributes in page.tags if tag == "meta"]
    assert metas[1]["content"] == (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
    )
    raw = path.read_text(encoding="utf-8")
    assert not [tag for tag, _ in page.tags if tag in {"link", "iframe", "object"}]
    for elsewhere in ("http://", "https://", "url(", "@import"):
        assert elsewhere not in raw
    said = ("As asked.", "0.625", "The discriminator wins.", "The class asked for is ignored.")
    for text in (*said, "total, for one image"):
        assert text in page.texts
    assert page.texts.count("95") == len(NAMES)  # on the diagonal
    assert [tag for tag, _ in page.tags].count("mark") == 2  # of train.epochs, here and in all
    differing = [text for text in page.texts[page.texts.index("preset") :] if text]
    assert differing[1:4] == ["train.epochs", "7", "12"]
    assert f"convgan runs rerun {run.folder}" in page.texts
    assert "for 3 of 7 epochs" in " ".join(raw.split())


def test_a_classifier_s_report(tmp_path: Path) -> None:
    run = made_run(tmp_path, "classifier-fashion")
    add_networks(run)
    evaluate(run, NAMES, ["mistakes"])
    page = Page(report_run(run))
    without = {"Pictures", "Nearest neighbours", "Warnings"}
    assert page.headings() == [name for name in HEADINGS if name not in without]
    assert "87.50 %" in page.texts
    assert "Fraction of the test images that are named right; higher is better." in page.texts
    assert page.texts.count("4") == len(NAMES)  # right ones, of 3 + 1


def test_a_run_stopped_before_it_was_measured(tmp_path: Path) -> None:
    results = {"epoch": 1, "step": 4, "val_frechet": 3.25}
    run = made_run(tmp_path, "dcgan-fashion", epochs=1, status="interrupted", results=results)
    page = Page(report_run(run))
    assert "interrupted" in page.texts
    assert "3.25" in page.texts
    assert f"convgan eval {run.folder}" in page.texts
    assert "Classes" not in page.headings()
    assert len(page.sources()) == 1


def test_a_run_of_which_nothing_is_left_but_its_manifest(tmp_path: Path) -> None:
    run = made_run(tmp_path, "dcgan-fashion", epochs=0, results=None, data=None)
    (run.folder / "config.yaml").write_text("task: dcgan\nold_key: 1\n")
    page = Page(report_run(run))
    assert page.headings() == ["Numbers", "To repeat and to use it", "Where it comes from"]


def test_missing_and_damaged_files_are_left_out(tmp_path: Path) -> None:
    run = made_run(tmp_path, "dcgan-fashion")
    add_networks(run)
    evaluate(run, NAMES, ["samples", "nearest"])
    (run.folder / "samples/epoch-0001.png").unlink()
    for name in ("samples/epoch-0003.png", "eval/nearest.png", "model/generator.safetensors"):
        path = run.folder / name
        path.write_bytes(path.read_bytes()[:100])
    page = Page(report_run(run))
    alts = [attributes["alt"] for tag, attributes in page.tags if tag == "img"]
    assert alts == ["Samples after epoch 2", "Samples that nobody chose"]
    assert "Nearest neighbours" not in page.headings()
    (summary,) = [text for text in page.texts if text.endswith(" parameters")]
    assert summary.startswith("discriminator")


def test_a_long_film_is_thinned_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = made_run(tmp_path, "dcgan-fashion", epochs=9)
    whole = report_run(run).stat().st_size
    monkeypatch.setattr(page_pictures, "_PAGE_BYTES", 4_000)
    page = Page(report_run(run))
    labels = [attributes["data-label"] for tag, attributes in page.tags if tag == "img"]
    epochs = [int(str(label).split()[1]) for label in labels]
    assert 2 <= len(epochs) < 9
    assert epochs[-1] == 9
    every = epochs[-1] - epochs[-2]
    assert any(f"one of every {every} epochs" in text for text in page.texts)
    assert sum(map(len, page.sources())) <= 4_000 < whole


def test_a_large_picture_is_made_smaller(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (200, 100, 3), np.uint8)
    save_png(tmp_path / "a.png", noise)
    monkeypatch.setattr(page_pictures, "_LARGEST", 20_000)
    picture = page_pictures.inlined(tmp_path / "a.png")
    assert picture is not None
    assert (picture.width, picture.height) == (100, 200)
    assert len(picture.source) < 20_000 * 4 / 3 + 100


def test_what_a_run_says_is_escaped(tmp_path: Path) -> None:
    run = made_run(
        tmp_path,
        "cgan-fashion",
        status=EVIL,
        command=EVIL,
        error=EVIL,
        versions={EVIL: EVIL},
        data={
            "name": EVIL,
            "origin": EVIL,
            "train": {"count": 1, "sha256": ""},
            "test": {"count": 1, "sha256": ""},
        },
        warnings=[{"step": 1, "name": "a", "text": EVIL}],
    )
    evaluate(run, [EVIL, "b"])
    run.log({"step": 99, "epoch": 4, f"{EVIL}_loss": 0.5, f"val_{EVIL}": 1.0})
    raw = report_run(run).read_text(encoding="utf-8")
    assert EVIL not in raw
    assert raw.count("</script>") == 2
    assert raw.count("&lt;/script&gt;&lt;b&gt;") >= 12
    assert "49" not in [text.strip() for text in Page(run.folder / "report.html").texts]


def test_names_that_are_not_unicode_are_written(tmp_path: Path) -> None:
    run = made_run(tmp_path / "bad \udc80 name", "dcgan-fashion", epochs=1)
    assert "bad ? name" in report_run(run).read_text(encoding="utf-8")


def test_a_sample_outside_the_run_is_refused(tmp_path: Path) -> None:
    samples = [{"epoch": 1, "step": 1, "file": "../../secret.png"}]
    run = made_run(tmp_path, "dcgan-fashion", samples=samples)
    with pytest.raises(DataError, match="outside the run"):
        report_run(run)


@pytest.mark.parametrize("name", ["classifier", "generator"])
@pytest.mark.parametrize("text", ["{}", '{"accuracy_95": 3}', '{"measured": [], "floor": 1}', "["])
def test_numbers_that_eval_did_not_write(name: str, text: str, tmp_path: Path) -> None:
    run = made_run(tmp_path, "classifier-mnist" if name == "classifier" else "dcgan-mnist")
    evaluate(run, NAMES)
    (run.folder / f"eval/{name}.json").write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=f"{name}.json"):
        report_run(run)


@pytest.mark.parametrize("matrix", ["abc", [["a"]], None, [[1], [2], [3], [4]]])
def test_a_matrix_that_is_none(matrix: Any, tmp_path: Path) -> None:
    run = made_run(tmp_path, "cgan-fashion", epochs=1)
    evaluate(run, NAMES)
    path = run.folder / "eval/generator.json"
    result = json.loads(path.read_text())
    result["metrics"][0]["details"] = {"confusion_matrix": matrix}
    path.write_text(json.dumps(result))
    assert "Classes" in Page(report_run(run)).headings()


def test_curves_are_drawn_where_their_numbers_are() -> None:
    records: list[dict[str, Any]] = [
        {"step": 2, "epoch": 0.5, "loss": 4.0, "grad_norm": 100.0},
        {"step": 4, "epoch": 1.0, "loss": 2.0, "grad_norm": 1.0},
        {"step": 4, "epoch": 1, "end_of_epoch": True, "loss": 3.0, "val_loss": 1.0},
        {"step": 6, "epoch": 1.5, "loss": None, "grad_norm": 10**400},
        {"step": 8, "epoch": 2.0, "loss": 3.00049, "grad_norm": 10.0},
    ]
    found = page_curves(records)
    assert found is not None
    losses, norms = found.plots
    assert [line.name for line in losses.lines] == ["loss", "val_loss"]
    assert losses.lines[0].path == "M250.0,0.00L500.0,66.67L1000.0,33.32"
    assert losses.lines[1].points == "M500.0,100.00h0"
    assert losses.lines[0].readings == [4, 2, None, 3]
    assert losses.lines[1].readings == [None, 1, 1, 1]
    assert norms.lines[0].path == "M250.0,0.00L500.0,100.00L1000.0,50.00"  # powers of ten
    assert {text: at for at, text in norms.ticks} == {"1": 0, "10": 50, "100": 100}
    assert [place["x"] for place in found.places] == [25, 50, 75, 100]
    assert found.left_out == 2


def test_a_long_log_is_thinned() -> None:
    records: list[dict[str, Any]] = [
        {"step": step, "epoch": step / 100, "loss": 1.0 + step % 7} for step in range(1, 3001)
    ]
    records.append({"step": 3000, "epoch": 30, "end_of_epoch": True, "val_loss": 0.5})
    found = page_curves(records)
    assert found is not None
    assert found.every == 3
    assert len(found.places) == len(found.plots[0].lines[0].readings) == 1000
    assert found.places[-1] == {"x": 100, "epoch": 30, "step": 3000}
    assert found.plots[0].lines[1].readings[-1] == 0.5


def test_a_log_with_nothing_to_draw() -> None:
    assert page_curves([]) is None
    assert page_curves([{"step": 1, "loss": 1.0}, {"step": 2, "epoch": None, "loss": 1.0}]) is None
    assert page_curves([{"step": 1, "epoch": 1.0, "temperature": 1.0}]) is None
