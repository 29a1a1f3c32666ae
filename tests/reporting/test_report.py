"""The report: complete, escaped, and nothing from elsewhere."""

from __future__ import annotations

import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import convgan.reporting
from convgan.reporting import Table, write_report


class Page(HTMLParser):
    """The texts and the tags of a page, as a browser would see them."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)


def read(path: Path) -> Page:
    page = Page()
    page.feed(path.read_text(encoding="utf-8"))
    return page


def test_everything_is_on_the_page_and_escaped(tmp_path: Path) -> None:
    evil = '<script>alert("1")</script>'
    path = tmp_path / "new" / "report.html"
    write_report(
        path,
        title=f"run {evil}",
        facts={"device": "CPU", evil: "a & b"},
        tables=[Table("Numbers", ["class", "recall"], [[evil, "0.98"], ["Bag", "0.5"]])],
        pictures=[('"><b>curves', "curves.png")],
    )
    raw = path.read_text(encoding="utf-8")
    assert "<script" not in raw
    assert "&lt;script&gt;" in raw
    page = read(path)
    tags = [tag for tag, _ in page.tags]
    assert "b" not in tags
    assert tags.count("td") == 4
    for text in (f"run {evil}", "device", "CPU", "a & b", evil, "0.98", '"><b>curves'):
        assert text in page.texts
    assert [attrs["src"] for tag, attrs in page.tags if tag == "img"] == ["curves.png"]
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]


def test_picture_paths_become_relative_addresses(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    wanted: list[str | Path] = [
        Path("samples") / "épo ch#1?.png",
        Path("../b.png"),
        "javascript:alert(1)",
    ]
    write_report(path, title="t", facts={}, pictures=[("", name) for name in wanted])
    sources = [attrs["src"] for tag, attrs in read(path).tags if tag == "img"]
    assert sources == ["samples/%C3%A9po%20ch%231%3F.png", "../b.png", "javascript%3Aalert%281%29"]


def test_the_page_needs_nothing_from_elsewhere(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    write_report(path, title="t", facts={})
    raw = path.read_text(encoding="utf-8")
    assert "http" not in raw
    assert "url(" not in raw
    assert "<link" not in raw
    assert "viewport" in raw
    assert "<h2>" not in raw


def test_names_that_are_not_unicode_are_written(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    write_report(path, title="bad \udc80 name", facts={}, pictures=[("", "\udc80.png")])
    assert "bad ? name" in path.read_text(encoding="utf-8")


def test_sums_and_notes_are_on_the_page(tmp_path: Path) -> None:
    path = tmp_path / "a.html"
    table = Table("Layers", ["a", "b"], [["c", "1"]], footer=[["total", "<1>"]], note="<note>")
    write_report(path, title="t", facts={}, tables=[table])
    page = read(path)
    assert [tag for tag, _ in page.tags].count("tfoot") == 1
    assert {"total", "<1>", "<note>"} <= set(page.texts)


def test_the_front_door_is_complete_and_light() -> None:
    for name in convgan.reporting.__all__:
        assert hasattr(convgan.reporting, name)
    code = (
        "import sys, convgan.reporting; "
        "heavy = {'tensorflow', 'keras', 'matplotlib'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
