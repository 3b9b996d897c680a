"""An event loop whose time passes only where it would have slept: hours take no time, and no test
depends on how fast the machine is."""

import asyncio
import selectors
from collections.abc import Mapping
from typing import Any


class _Skipping(selectors.SelectSelector):
    """A selector that tells how long it would have slept, in place of sleeping."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 1_000.0

    def select(self, timeout: float | None = None) -> Any:
        ready = super().select(0)
        if not ready:
            if timeout is None:
                raise RuntimeError("the test waits for something that nothing will bring about")
            self.now += max(timeout, 0.0)
        return ready


class SkippingLoop(asyncio.SelectorEventLoop):
    """A loop in which a timer is the next thing to happen as soon as nothing else is left to do.

    It does what the loops of asyncio do, except for `time`. Not for tests with real sockets.
    """

    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        return self._skipping.now

    def busy(self, seconds: float) -> None:
        """Let time pass in which the loop could not turn, as a long computation does."""
        self._skipping.now += seconds


LOOPS: Mapping[str, type[SkippingLoop]] = {"skipping": SkippingLoop}
