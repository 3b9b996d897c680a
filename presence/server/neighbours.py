"""How many processes serve a site on this machine, where they share no store that could tell.

Each of them holds a lock on one of a few files. The kernel frees it when the process ends, however
it ends. Whoever counts tries every file.
"""

import os
import tempfile
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows has none.
    fcntl = None  # type: ignore[assignment]

PLACES = 8
"""Files of one site. More processes than these are not counted."""


class Neighbours:
    """The processes of one site. `site` is a text that all of them have, and no other site."""

    def __init__(self, site: str) -> None:
        digest = blake2b(site.encode(), digest_size=8).hexdigest()
        folder = Path(tempfile.gettempdir())
        self._places = [folder / f"presence-{digest}-{n}.lock" for n in range(PLACES)]
        self._held: int | None = None

    def join(self) -> None:
        """Count this process from now on. Further calls change nothing."""
        for place in self._places if self._held is None and fcntl else ():
            with suppress(OSError):  # Another process has it, or another user's cannot be opened.
                file = os.open(place, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
                try:
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except OSError:
                    os.close(file)
                    raise
                self._held = file
                return

    def leave(self) -> None:
        """Count this process no more."""
        if self._held is not None:
            os.close(self._held)
            self._held = None

    def count(self) -> int:
        """Return how many processes have joined; 0 where the system has no such locks."""
        return sum(map(_is_held, self._places)) if fcntl else 0


def _is_held(place: Path) -> bool:
    try:
        file = os.open(place, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError:
        return False
    try:
        # Shared, so that two who count at once do not take each other for a process.
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(file)
    return False
