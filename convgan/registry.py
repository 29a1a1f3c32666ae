"""What users add, by name: one registry per kind, filled by the modules that define the entries.

An extension is a module of its own that adds an entry when it is imported; who wants it imports it:

    @PENALTIES.add("zero_centred")
    class ZeroCentred(Penalty): ...
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from convgan.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from convgan.data import DataSource

Entry = TypeVar("Entry")
Added = TypeVar("Added")


class Registry(Generic[Entry]):
    """The entries of one kind, by name.

    Args:
        kind: what an entry is, in error messages.
        home: the module whose import adds the entries that come with convgan, imported at the
            first look-up, so that nothing is imported for what nobody asks.
        check: of the name and an entry; raises TypeError if it is not what an entry must be.
    """

    def __init__(
        self, kind: str, home: str, check: Callable[[str, Any], None] | None = None
    ) -> None:
        self.kind = kind
        self._home = home
        self._check = check
        self._entries: dict[str, Entry] = {}

    def add(self, name: str) -> Callable[[Added], Added]:
        """Return a decorator that adds an entry under this name.

        Raises:
            ValueError: another entry has the name.
            TypeError: it is not what an entry must be.
        """

        def register(entry: Added) -> Added:
            import_module(self._home)  # convgan's own come first; no more than begun by themselves
            if self._check:
                self._check(name, entry)
            if name in self._entries:
                raise ValueError(f"there already is a {self.kind} named {name!r}")
            self._entries[name] = entry  # type: ignore[assignment]  # the decorated class itself
            return entry

        return register

    def __getitem__(self, name: object) -> Entry:
        """Return the entry of this name, or raise UsageError with what is near, and all names."""
        known = tuple(self)
        if not isinstance(name, str) or name not in known:
            hint = did_you_mean(name, known, "expected one of")
            raise UsageError(
                f"there is no {self.kind} {name!r:.80}; {hint} ({', '.join(known)}). One of "
                "your own must be imported first"
            )
        return self._entries[name]

    def __iter__(self) -> Iterator[str]:
        """Give all names, in the order in which they were added."""
        import_module(self._home)
        return iter(tuple(self._entries))


def _is_data_source(name: str, entry: Any) -> None:
    base = import_module("convgan.data.source").DataSource  # which is above this module
    if not isinstance(entry, base):
        raise TypeError(f"the entry {name!r} is {entry!r}; expected an instance of a DataSource")


DATASETS: Registry[DataSource] = Registry("data set", "convgan.data.datasets", _is_data_source)
