"""`metrics.jsonl`, a line per call of steps and one per epoch, and the plot redrawn from it."""

from __future__ import annotations

from convgan.reporting.curves import save_curves, without_repetition
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


class Curves(Callback):
    """`curves.png`: the training's numbers per call, the validation's per epoch.

    A plot that a full disk did not take is drawn again later.
    """

    def __init__(self, run: Run) -> None:
        self.run = run
        self.path = run.folder / "curves.png"

    def on_train_begin(self) -> None:
        """See whether there is one."""
        self.missing = not self.path.is_file()

    def on_epoch_end(self, epoch: int, logs: Numbers) -> None:
        """Draw all that is logged, without what is logged twice."""
        del epoch, logs
        self.missing = True
        self._draw(self.run.records())

    def on_train_end(self) -> None:
        """Draw what could not be drawn before."""
        if self.missing and (records := self.run.records()):
            self._draw(records)

    def _draw(self, records: list[dict[str, float | None]]) -> None:
        save_curves(self.path, without_repetition(records))
        self.missing = False
