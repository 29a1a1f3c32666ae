"""`metrics.jsonl`, a line per call of steps and one per epoch, and the plots redrawn from it."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from convgan.reporting import save_curves, save_metric_over_epochs
from convgan.runs import Run
from convgan.training.callback import Callback, Numbers
from convgan.training.state import TrainingState


class MetricsLog(Callback):
    """The log has what a repeated run gives again; times are in the manifest."""

    def __init__(self, run: Run, state: TrainingState, steps_per_epoch: float) -> None:
        self.run = run
        self.progress = state.progress
        self.steps_per_epoch = steps_per_epoch

    def on_call_end(self, step: int, logs: Numbers) -> None:
        """Log the means over the steps of one call."""
        self.run.log({"step": step, "epoch": round(step / self.steps_per_epoch, 4)} | logs)

    def on_epoch_end(self, epoch: int, logs: Numbers) -> None:
        """Log the epoch's means and validation numbers; in the manifest, how long they took."""
        where = {"step": self.progress.step, "epoch": epoch + 1}
        self.run.log(where | {"end_of_epoch": True} | logs)
        time = where | {"seconds": round(self.progress.seconds, 3)}
        self.run.update(times=[*self.run.manifest.get("times", []), time])

    def on_rollback(self, step: int) -> None:
        """Forget what was logged and drawn after this step."""
        self.run.rewind(step)


class Plot(Callback):
    """A plot of the log; one that a full disk did not take is drawn again later.

    Args:
        run: whose log, and where to.
        name: of the file.
    """

    def __init__(self, run: Run, name: str) -> None:
        self.run = run
        self.path = run.folder / name

    def on_train_begin(self) -> None:
        """See whether there is one."""
        self.missing = not self.path.is_file()

    def on_epoch_end(self, epoch: int, logs: Numbers) -> None:
        """Draw all that is logged."""
        del epoch, logs
        self.missing = True
        self.draw(self.run.records())
        self.missing = False

    def on_train_end(self) -> None:
        """Draw what could not be drawn before."""
        if self.missing and (records := self.run.records()):
            self.draw(records)

    @abstractmethod
    def draw(self, records: list[dict[str, Any]]) -> None:
        """Draw these lines of the log."""


class Curves(Plot):
    """`curves.png`: the training's numbers per call, the validation's per epoch."""

    def __init__(self, run: Run) -> None:
        super().__init__(run, "curves.png")

    def draw(self, records: list[dict[str, Any]]) -> None:
        """Draw them without what is logged twice."""
        shown = [
            {key: value for key, value in record.items() if _belongs(key, record)}
            for record in records
        ]
        save_curves(self.path, shown)


class QualityCurve(Plot):
    """`frechet.png`: the distance after each epoch whose log has `val_frechet`."""

    def __init__(self, run: Run, protocol: str) -> None:
        super().__init__(run, "frechet.png")
        self.protocol = protocol

    def draw(self, records: list[dict[str, Any]]) -> None:
        """Draw the distances so far, the best marked."""
        points = [
            (record["epoch"], record["val_frechet"], None)
            for record in records
            if record.get("val_frechet") is not None
        ]
        if points:
            best, _, _ = min(points, key=lambda point: point[1])
            save_metric_over_epochs(self.path, points, name=self.protocol, best=best)


def _belongs(key: str, record: dict[str, float]) -> bool:
    """Of an epoch's line only the validation is drawn; its means repeat the calls' lines."""
    if "end_of_epoch" in record:
        return key.startswith(("val_", "step", "epoch"))
    return True
