"""Pages: nothing from elsewhere, and the front door of the package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import convgan.reporting
from convgan.errors import RunError
from convgan.reporting import write_page


def test_a_page_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "page.html").mkdir()
    with pytest.raises(RunError, match=r"page\.html"):
        write_page(tmp_path / "page.html", "look.css")


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
