"""Pages: nothing from elsewhere."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from convgan.errors import RunError
from convgan.reporting.report import write_page


def test_a_page_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "page.html").mkdir()
    with pytest.raises(RunError, match=r"page\.html"):
        write_page(tmp_path / "page.html", "look.css")


def test_tables_and_pages_are_light() -> None:
    code = (
        "import sys, convgan.reporting.report; "
        "heavy = {'tensorflow', 'keras', 'matplotlib'} & set(sys.modules); "
        "sys.exit(str(heavy) if heavy else 0)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
