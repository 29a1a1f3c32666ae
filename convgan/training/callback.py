"""What happens beside a training: the events, and telling them.

Not Keras's callbacks: a file that cannot be written must end no training, a rollback is an event
here, and the arguments have types.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import TypeAlias

from convgan.errors import ConvganError

Numbers: TypeAlias = dict[str, float]

logger = logging.getLogger("convgan")


class Callback:
    """Does nothing at each event; a subclass does something at some."""

    def on_train_begin(self) -> None:
        """The state is restored, or new; also called after a rollback."""

    def on_epoch_begin(self, epoch: int) -> None:
        """An epoch, from 0, begins or goes on."""

    def on_call_end(self, step: int, logs: Numbers) -> None:
        """So many steps are done; the means over those of the last compiled call."""

    def on_epoch_end(self, epoch: int, logs: Numbers) -> None:
        """An epoch, from 0, is over; the means over its steps, and its validation numbers."""

    def on_rollback(self, step: int) -> None:
        """The training is back at this step, and what came after it did not happen."""

    def on_train_end(self) -> None:
        """The training is over, stopped or failed."""


class Callbacks:
    """Tells callbacks what happens.

    A file that cannot be written is reported once, and again only if it could be in between.
    """

    def __init__(self, callbacks: Sequence[Callback]) -> None:
        self._callbacks = callbacks
        self._failing: set[tuple[int, str]] = set()

    def tell(self, event: Callable[..., None], *args: object) -> None:
        """Call each callback's own form of this method of `Callback`."""
        for index, callback in enumerate(self._callbacks):
            what = (index, event.__name__)
            try:
                getattr(callback, event.__name__)(*args)
            except (ConvganError, OSError) as error:
                if what not in self._failing:
                    logger.warning("%s; training goes on", error)
                self._failing.add(what)
            else:
                self._failing.discard(what)
