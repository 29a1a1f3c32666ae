"""Plots that are redrawn after each epoch from the log."""

from __future__ import annotations

import math

from convgan.reporting import save_curves, save_metric_over_epochs
from convgan.runs import Run
from convgan.training.callback import Callback, Numbers


class Curves(Callback):
    """`curves.png`: the training's numbers per call, the validation's per epoch."""

    def __init__(self, run: Run) -> None:
        self.run = run

    def on_epoch_end(self, epoch: int, logs: Numbers) -> None:
        """Draw all that is logged."""
        del epoch, logs
        shown = [
            {key: value for key, value in record.items() if _belongs(key, record)}
            for record in self.run.records()
        ]
        save_curves(self.run.folder / "curves.png", shown)


class QualityCurve(Callback):
    """`frechet.png`: the distance after each epoch whose log has `val_frechet`."""

    def __init__(self, run: Run, protocol: str) -> None:
        self.run = run
        self.protocol = protocol

    def on_epoch_end(self, epoch: int, logs: Numbers) -> None:
        """Draw the distances so far, the best marked."""
        del epoch
        if not math.isfinite(logs.get("val_frechet", math.nan)):
            return
        points = [
            (record["epoch"], record["val_frechet"], None)
            for record in self.run.records()
            if record.get("val_frechet") is not None
        ]
        if not points:  # the log waits for a disk that is full
            return
        best, _, _ = min(points, key=lambda point: point[1])
        save_metric_over_epochs(
            self.run.folder / "frechet.png", points, name=self.protocol, best=best
        )


def _belongs(key: str, record: dict[str, float]) -> bool:
    """Of an epoch's line only the validation is drawn; its means repeat the calls' lines."""
    if "end_of_epoch" in record:
        return key.startswith(("val_", "step", "epoch"))
    return True
