"""The report of a run whose files came from somebody else."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convgan.config import load_config
from convgan.errors import DataError
from convgan.reporting import save_png
from convgan.reporting.run_report import report_run
from convgan.runs import Run, write_json

EVIL = '<script>alert("1")</script>'


def run_with(tmp_path: Path, **entries: Any) -> Run:
    run = Run.create(tmp_path, "a", load_config("dcgan-fashion"))
    run.update(**entries)
    return Run.open(run.folder)


def test_what_a_manifest_says_is_escaped(tmp_path: Path) -> None:
    name = 'x"><script>.png'
    run = run_with(
        tmp_path,
        status=EVIL,
        command=EVIL,
        versions={EVIL: EVIL},
        parameters={EVIL: 1},
        results={"epoch": 1, "step": 1, EVIL: 0.5},
        samples=[{"epoch": 1, "step": 1, "file": f"samples/{name}"}],
        data={
            "name": EVIL,
            "origin": EVIL,
            "train": {"count": 1, "sha256": ""},
            "test": {"count": 1, "sha256": ""},
        },
    )
    save_png(run.folder / "samples" / name, np.zeros((4, 4, 1), np.uint8))
    page = report_run(run).read_text(encoding="utf-8")
    assert "<script" not in page
    assert page.count("&lt;script&gt;") >= 8
    assert "samples/x%22%3E%3Cscript%3E.png" in page


def test_a_sample_outside_the_run_is_refused(tmp_path: Path) -> None:
    run = run_with(tmp_path, samples=[{"epoch": 1, "step": 1, "file": "../../secret.png"}])
    with pytest.raises(DataError, match="outside the run"):
        report_run(run)


@pytest.mark.parametrize("name", ["classifier", "generator"])
@pytest.mark.parametrize("text", ["{}", '{"accuracy_95": 3}', '{"measured": [], "floor": 1}', "["])
def test_numbers_that_eval_did_not_write(name: str, text: str, tmp_path: Path) -> None:
    run = run_with(tmp_path)
    path = run.folder / "eval" / f"{name}.json"
    write_json(path, {})
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=f"{name}.json"):
        report_run(run)
    assert json.loads((run.folder / "run.json").read_text())["status"] == "running"
