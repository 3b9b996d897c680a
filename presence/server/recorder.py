"""Looks how many people there are, as long as this process is the one that does."""

from presence.store.base import Store
from presence.store.history import History


class Recorder:
    """One process's side of the history. `recording` is whether it was the recorder when it last
    tried, which every process does: so the next one follows when that one dies."""

    def __init__(self, history: History, store: Store, process: str) -> None:
        self.recording = False
        self._history = history
        self._store = store
        self._process = process

    async def look(self) -> None:
        """Count once, if this process may; `TryLater` where the store is out of reach, which leaves
        a gap."""
        at = await self._history.claim(self._process)
        self.recording = at is not None
        if at is not None:
            people = await self._store.boards()
            self.recording = await self._history.record(self._process, at, people)
