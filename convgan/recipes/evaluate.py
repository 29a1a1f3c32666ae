"""`convgan eval`: finished runs' networks and the test pictures to numbers and pictures."""

from __future__ import annotations

from typing import Any

from convgan.config import GanRunConfig
from convgan.errors import UsageError
from convgan.recipes.evaluate_classifier import evaluate_classifier
from convgan.recipes.evaluate_generator import EvalOptions, evaluate_generator
from convgan.recipes.report import report_run
from convgan.runs import Run

__all__ = ["EvalOptions", "evaluate_all"]


def evaluate_all(runs: list[Run], request: EvalOptions) -> list[dict[str, Any]]:
    """Evaluate runs on the test pictures of their data set; write `eval/*.json` and pictures.

    Raises:
        UsageError: the pictures have no classes, no evaluator fits, or several runs are not
            measured by one protocol.
        DataError: a network of a run is missing or damaged.
    """
    if len(runs) > 1 and {run.task for run in runs} != {"dcgan"}:
        tasks = ", ".join(f"{run.name} is a {run.task}" for run in runs)
        raise UsageError(f"only DCGAN runs are compared side by side: {tasks}")
    evaluations = []
    for run in runs:
        config = run.config()
        if isinstance(config, GanRunConfig):
            numbers = evaluate_generator(run, config, request)
        else:
            numbers = evaluate_classifier(run, config)
        report_run(run)
        evaluations.append(numbers)
        _check_alike(evaluations)
    return evaluations


def _check_alike(evaluations: list[dict[str, Any]]) -> None:
    """Refuse to put numbers side by side that do not mean the same."""
    first, last = evaluations[0], evaluations[-1]
    differing = [
        f"{key}: {value} and {last['protocol'][key]}"
        for key, value in first.get("protocol", {}).items()
        if last["protocol"][key] != value
    ]
    if differing:
        raise UsageError(
            f"{first['run']} and {last['run']} are not measured by one protocol and do not "
            f"compare: {'; '.join(differing)}. Each one's own numbers are in its eval folder"
        )
