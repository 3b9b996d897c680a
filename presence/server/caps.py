"""How many sockets this process takes, and how fast. Whoever is refused at a cap has cost no
database, no store, no task and no rule; only the cap of a person is known after the rule."""

import logging
import os
from collections import Counter, OrderedDict
from collections.abc import Callable, Hashable, Mapping
from enum import StrEnum
from math import ceil
from random import uniform
from uuid import UUID

from presence.protocol.errors import Full
from presence.protocol.limits import TokenBucket
from presence.server.logs import LogLimit

try:
    from resource import RLIM_INFINITY, RLIMIT_NOFILE, getrlimit
except ImportError:  # Windows has no such limit.
    getrlimit = None  # type: ignore[assignment]

logger = logging.getLogger(__name__)

RETRY = (10.0, 30.0)
"""Seconds after which somebody who was refused returns, at random between these: a crowd that was
refused at once does not return at once."""

RATES = 16_384
"""Addresses whose joins are remembered, in 6 MB. Beyond it the one that joined longest ago is
forgotten."""

RESERVE = 0.05
"""Share of this process's file descriptors that sockets leave to databases, files and pages."""

ADDRESS_SHARE = 0.5
"""Share of the handshakes and of the file descriptors that one address may take, at most: nobody
alone keeps all others out."""

LOW = 0.2
"""Share of them that is left when `/healthz` warns."""


class Cap(StrEnum):
    """What can be full; the values of a metric's label."""

    SOCKETS = "sockets"
    BOARD = "board"
    PERSON = "person"
    ADDRESS = "address"
    JOINS = "joins"
    HANDSHAKES = "handshakes"
    DESCRIPTORS = "descriptors"


REASONS: Mapping[Cap, str] = {
    Cap.SOCKETS: "this process has {} open sockets, as many as MAX_SOCKETS allows",
    Cap.BOARD: "the board has {} sessions in this process, as many as MAX_BOARD_SOCKETS allows",
    Cap.PERSON: "the person has {} sessions in this process, as many as MAX_PERSON_SOCKETS allows",
    Cap.ADDRESS: "the address has {} sessions in this process, as many as MAX_ADDRESS_SOCKETS, "
    "or half of the file descriptors, allows; if it is a proxy's, name that in TRUSTED_PROXIES",
    Cap.JOINS: "the address joined {} times in a minute, as often as MAX_ADDRESS_JOINS allows; "
    "if it is a proxy's, name that in TRUSTED_PROXIES",
    Cap.HANDSHAKES: "{} sockets wait for the rule's answer, as many as MAX_HANDSHAKES allows: half "
    "of them from one address",
    Cap.DESCRIPTORS: "this process is about to run out of file descriptors (ulimit -n)",
}
"""Why somebody is refused, for the log and the site's developer."""

Key = tuple[Cap, Hashable]
"""A cap, and what it counts for: a board, a person or an address."""

OF_SESSIONS = frozenset({Cap.BOARD, Cap.PERSON, Cap.ADDRESS})
"""What every session counts for, so that nobody has more of them by sharing sockets."""

SOCKET: Key = (Cap.SOCKETS, None)
HANDSHAKE: Key = (Cap.HANDSHAKES, None)


class Caps:
    """Counts the sockets of one process.

    `limits` are the most that there may be at once, of joins the most in a minute; 0 is no limit.
    `now` returns seconds. `refused` is called with the cap for everybody who is refused.
    """

    def __init__(
        self,
        limits: Mapping[Cap, int],
        now: Callable[[], float],
        refused: Callable[[Cap], None] = lambda cap: None,
    ) -> None:
        self._limits = limits
        self._now = now
        self._refused = refused
        self._counts: Counter[Key] = Counter()
        self._rates: OrderedDict[str, TokenBucket] = OrderedDict()
        self._log_limit = LogLimit()

    def enter(self, address: str = "", board: UUID | None = None) -> "Ticket":
        """Return the ticket of a new socket, which is a handshake until it is let in. Raises `Full`
        at a cap. `address` is "" where it may be anybody's: no cap of an address counts it."""
        keys = self.check(address)
        if board is not None:
            keys.append((Cap.BOARD, board))
            self._check(keys[-1])
        self.count_join(address)
        self._counts.update(keys)
        return Ticket(self, address, keys)

    def check(self, address: str = "") -> list[Key]:
        """Return what a new socket from an address counts for, whatever its board. Raises `Full`
        where `enter` would."""
        if descriptors_left() < RESERVE:
            raise self._full(Cap.DESCRIPTORS)
        keys: list[Key] = [SOCKET, HANDSHAKE]
        keys += [(Cap.ADDRESS, address), (Cap.HANDSHAKES, address)] if address else []
        for key in keys:
            self._check(key)
        if address in self._rates and not self._rates[address].has_one(self._now()):
            raise self._full(Cap.JOINS)
        return keys

    def count_join(self, address: str) -> None:
        """Count a join from an address. Raises `Full` where there are too many in a minute."""
        limit = self._limits.get(Cap.JOINS, 0)
        if not address or not limit:
            return
        rate = self._rates.pop(address, None) or TokenBucket(limit / 60, limit)
        self._rates[address] = rate
        if len(self._rates) > RATES:
            self._rates.popitem(last=False)
        if not rate.take(self._now()):
            raise self._full(Cap.JOINS)

    def hold(self, key: Key) -> None:
        """Count one more. Raises `Full` at its cap."""
        self._check(key)
        self._counts[key] += 1

    def release(self, key: Key) -> None:
        """Count one less."""
        self._counts[key] -= 1
        if not self._counts[key]:
            del self._counts[key]

    def _check(self, key: Key) -> None:
        # Nothing is below any limit, and most addresses have nothing yet: the kernel is not asked.
        count = self._counts.get(key, 0)
        if count and 0 < (limit := self._limit(key)) <= count:
            raise self._full(key[0], limit)

    def _limit(self, key: Key) -> int:
        """Return the limit for what is counted, 0 for none."""
        limit, most = self._limits.get(key[0], 0), 0
        if key[0] is Cap.ADDRESS:
            most = _descriptor_limit()
        elif key[0] is Cap.HANDSHAKES and key != HANDSHAKE:
            most = limit
        return min(limit, ceil(most * ADDRESS_SHARE)) if most else limit

    def _full(self, cap: Cap, limit: int = 0) -> Full:
        """Return the error of a refusal, after it was counted and perhaps logged."""
        self._refused(cap)
        reason = REASONS[cap].format(limit or self._limits.get(cap, 0))
        if refused := self._log_limit.times(cap, self._now()):
            logger.warning(
                "socket: newcomers are refused (cap=%s, refused=%d, reason=%s)",
                cap,
                refused,
                reason,
            )
        return Full(reason, retry=round(uniform(*RETRY) * 1000))  # noqa: S311 (no secret)


class Ticket:
    """What one socket takes of the caps, from its handshake to its end. `address` is what it counts
    as, "" where that may be anybody."""

    def __init__(self, caps: Caps, address: str, keys: list[Key]) -> None:
        self._caps = caps
        self.address = address
        self._keys = keys
        self._joined = False

    def let_in(self, person: str = "") -> None:
        """Note that the handshake is over, and count the socket as a person's; "" is nobody's.
        Raises `Full` at the cap."""
        if person:
            key = (Cap.PERSON, person)
            self._caps.hold(key)
            self._keys.append(key)
        for handshake in [each for each in self._keys if each[0] is Cap.HANDSHAKES]:
            self._keys.remove(handshake)
            self._caps.release(handshake)

    def join(self) -> None:
        """Count a JOIN; the first came with the handshake. Raises `Full` where there are too
        many."""
        if self._joined:
            self._caps.count_join(self.address)
        self._joined = True

    def count_sessions(self, sessions: int) -> None:
        """Count each session of the socket as if it had one of its own, for its board, person and
        address. Raises `Full` at a cap."""
        for key in {key for key in self._keys if key[0] in OF_SESSIONS}:
            for _ in range(self._keys.count(key), max(sessions, 1)):
                self._caps.hold(key)
                self._keys.append(key)
            for _ in range(max(sessions, 1), self._keys.count(key)):
                self._keys.remove(key)
                self._caps.release(key)

    def close(self) -> None:
        """Give everything back. Further calls change nothing."""
        while self._keys:
            self._caps.release(self._keys.pop())


def descriptors_left() -> float:
    """Return the share of the file descriptors of this process that is free; 1.0 where there is no
    limit.

    The kernel gives out the lowest number that is free, so a number tells how many are in use. The
    list of all of them would take milliseconds.
    """
    limit = _descriptor_limit()
    if not limit:
        return 1.0
    try:
        number = os.open(os.devnull, os.O_RDONLY)
    except OSError:
        return 0.0
    os.close(number)
    return 1.0 - number / limit


def _descriptor_limit() -> int:
    """Return how many file descriptors this process may have, 0 for any number."""
    if getrlimit is None:
        return 0
    limit, _ = getrlimit(RLIMIT_NOFILE)
    return 0 if limit == RLIM_INFINITY else limit
