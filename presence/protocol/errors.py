"""Everything that can go wrong between a browser and a board, as one tree.

Each leaf holds the NOTICE and the close code that the client gets, and whether the client may
return. No other file holds a close code::

    PresenceError
    ├── MalformedFrame          NOTICE 1, the socket stays open; it counts as a strike
    ├── Abused                  the client broke a limit
    │   ├── StruckOut           NOTICE 1  close 4400
    │   ├── TooFast             NOTICE 2  close 4429  returns after ``retry``
    │   └── TooBig                        close 1009  returns, backing off
    ├── Refused                 this person may not be on this board; none of them returns
    │   ├── SignInRequired      NOTICE 3  close 4401
    │   ├── Forbidden           NOTICE 4  close 4403
    │   ├── NoBoard             NOTICE 5  close 4404
    │   └── Removed             NOTICE 6  close 4409
    ├── Unavailable             the server cannot serve the client now; all of them return
    │   ├── Restarting          NOTICE 7  close 1012  after a random part of ``retry``
    │   ├── TryLater            NOTICE 8  close 1013  after ``retry``
    │   └── Full                NOTICE 8  close 1013  after ``retry``
    └── Silent                            close 4408  returns at once

PROTOCOL.md, Notices and closes, has the same codes. 1000 to 1013 are defined by RFC 6455, section
7.4.1, and its registry.
"""

from enum import IntEnum, StrEnum
from typing import ClassVar


class Notice(IntEnum):
    """The code of a NOTICE frame."""

    MALFORMED = 1
    TOO_FAST = 2
    SIGN_IN = 3
    FORBIDDEN = 4
    NO_BOARD = 5
    REMOVED = 6
    RESTARTING = 7
    TRY_LATER = 8


class Close(IntEnum):
    """The close codes of a presence socket, from either side."""

    CLEAN = 1000
    GOING_AWAY = 1001
    BROKEN = 1006
    TOO_BIG = 1009
    RESTARTING = 1012
    TRY_LATER = 1013
    MALFORMED = 4400
    SIGN_IN = 4401
    FORBIDDEN = 4403
    NO_BOARD = 4404
    SILENT = 4408
    REMOVED = 4409
    TOO_FAST = 4429


MAX_RETRY = 65_535
"""Milliseconds: the largest ``retry`` that its field holds (PROTOCOL.md, Messages)."""

AT_ONCE = 200
"""Milliseconds: the ``retry`` of clients that come back nearly at once, but not all together."""

RETURNS = 300
"""Clients that a process can let in in a second, on a slow machine."""


class Malformed(StrEnum):
    """What is wrong with a malformed frame; the values of a metric's label."""

    EMPTY = "empty"
    TEXT = "text"
    UNKNOWN_TYPE = "unknown_type"
    LENGTH = "length"
    UTF8 = "utf8"
    NAME_TOO_LONG = "name_too_long"
    VALUE = "value"
    OUT_OF_ORDER = "out_of_order"
    WRONG_BOARD = "wrong_board"


class PresenceError(Exception):
    """The root: the ``notice`` to send, the ``close`` code, and whether the client ``returns``.

    ``retry`` is the NOTICE's field: 0..65535 milliseconds, ``ValueError`` for anything else.
    """

    notice: ClassVar[Notice | None] = None
    close: ClassVar[Close | None] = None
    returns: ClassVar[bool] = False
    default_retry: ClassVar[int] = 0

    def __init__(self, *args: object, retry: int | None = None) -> None:
        super().__init__(*args)
        self.retry = self.default_retry if retry is None else retry
        if not 0 <= self.retry <= MAX_RETRY:
            raise ValueError(f"retry is {self.retry} ms, outside 0..65535")


class MalformedFrame(PresenceError):
    """One bad frame. It changes nothing and closes nothing; too many of them are `StruckOut`."""

    notice = Notice.MALFORMED
    returns = True

    def __init__(self, reason: Malformed) -> None:
        super().__init__(reason)
        self.reason = reason


class Abused(PresenceError):
    """The client broke a limit (PROTOCOL.md, Bad input)."""


class StruckOut(Abused):
    """The client sent too many malformed frames."""

    notice = Notice.MALFORMED
    close = Close.MALFORMED


class TooFast(Abused):
    """The client sent too many frames or too many JOINs."""

    notice = Notice.TOO_FAST
    close = Close.TOO_FAST
    returns = True
    default_retry = 5_000


class TooBig(Abused):
    """The client sent a message over `presence.protocol.messages.MAX_MESSAGE_BYTES`."""

    close = Close.TOO_BIG
    returns = True


class Refused(PresenceError):
    """This person may not be on this board."""


class SignInRequired(Refused):
    """The board is for signed-in users."""

    notice = Notice.SIGN_IN
    close = Close.SIGN_IN


class Forbidden(Refused):
    """This person is not allowed on this board, or no longer."""

    notice = Notice.FORBIDDEN
    close = Close.FORBIDDEN


class NoBoard(Refused):
    """There is no such board."""

    notice = Notice.NO_BOARD
    close = Close.NO_BOARD


class Removed(Refused):
    """Staff removed this person."""

    notice = Notice.REMOVED
    close = Close.REMOVED


class Unavailable(PresenceError):
    """The server cannot serve the client now, through no fault of the client."""

    returns = True
    default_retry = 5_000


class Restarting(Unavailable):
    """The server goes down for a moment; clients spread their return over ``retry``."""

    notice = Notice.RESTARTING
    close = Close.RESTARTING

    @classmethod
    def within(
        cls, grace: float, sockets: int = 0, turns: float = 0.0, reason: str = ""
    ) -> "Restarting":
        """Return the error after which all clients are back well within a grace, in seconds.

        Where their sockets end in turns over some seconds, each comes back at once. Else they wait
        for 1.5 s of the usual 5 at most, so that hardly anybody is without cursors for 3. Where the
        sockets that end are more than another process can take in meanwhile, they wait for longer:
        those that try in vain would keep others out.
        """
        needed = sockets * 1000 // RETURNS
        if turns and needed <= turns * 1000:
            return cls(reason, retry=AT_ONCE)
        return cls(reason, retry=min(max(int(grace * 300), needed), MAX_RETRY))


class TryLater(Unavailable):
    """The shared state is out of reach."""

    notice = Notice.TRY_LATER
    close = Close.TRY_LATER


class Full(Unavailable):
    """The server, the board, the person or the address has as many sockets as it may have."""

    notice = Notice.TRY_LATER
    close = Close.TRY_LATER


class Silent(PresenceError):
    """The client sent nothing for too long, or did not answer a PROBE in time."""

    close = Close.SILENT
    returns = True
