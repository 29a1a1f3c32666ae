"""`metrics.jsonl`: one line per call of steps, and one per epoch."""

from __future__ import annotations

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
