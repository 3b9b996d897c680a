"""The seam of the store: who is on which board, over all processes.

A store assigns user ids and board ids, counts people, and drops the members of processes that
stopped renewing their lease. `tests/store/` holds every implementation to this contract.

Boards are named by their UUID; `boards` returns those that `join` got as a `NamedBoard` with their
reference. Durations are in seconds. Every method may raise `TryLater` when the shared state is out
of reach. The call then changed nothing, or only its answer was lost: a join whose answer was lost
is undone by the next `renew`, and a leave may be repeated.

A board's *version* is a whole number, 0 for an unknown board. Every call that adds or removes
members raises it by one, however many they are. Two different memberships of one board never share
a version, even after the shared state was lost. Only a server that comes back with an old copy of
its data can repeat versions. A session whose time is up leaves the roster at once, but raises the
version only when it is reaped.

Bans (removed persons, closed boards) are part of the shared state and are lost with it.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol
from uuid import UUID

from presence.protocol.messages import NO_USER, Color

REMOVED_SESSION_TTL = 3600.0
"""Seconds, at least, for which a process that lost contact cannot put a removed session back."""

MAX_CLOSED = 365 * 24 * 3600.0
"""Seconds for which a board may be closed, at most: every key in the store expires."""


SEEN_FOR = 30 * 24 * 3600.0
"""Seconds for which it is known when somebody was last on a board."""

MAX_SEEN = 100_000
"""Accounts of which that is known: those seen last. It is known of as many guests, who are apart
and push out no account."""

POOL_RESTS = 8
"""User ids of one pool that rest, at most, before its next newcomer gets one of them back."""

POOL_HOLDS, POOL_LEAVES = 128, 64
"""User ids that one pool holds, at most, once as few of a board's are not held as it leaves to
others."""

REAP_BATCH = 200
"""Members that one call of `reap` takes off, at most: the store serves nobody else meanwhile."""

MAX_WORN = 5_000
"""Persons on boards whose colours a store knows of: those who came last. They take about 1 MB."""

ACCOUNT = "user:"
"""Prefix of the key of a person with an account; the account's primary key follows."""

EMBEDDED = "embedded:"
"""Prefix of the key of a person whom a token names."""


@dataclass(frozen=True, slots=True)
class Member:
    """One session on one board.

    `session` and `process` are unique strings. `person` is the same for all sockets of one person
    (PROTOCOL.md, "Who counts as one person"). `user` is 0..254, or 255 for a spectator. `name` is
    "" for somebody on a board that shows counts only, who always is a spectator.
    """

    session: str
    process: str
    person: str
    name: str
    color: Color
    user: int
    since: float = field(default=0.0, compare=False)
    """When the member came, by the store's clock. Resuming a session keeps its time."""
    pool: str = field(default="", compare=False, repr=False)
    """See `JoinRequest`."""
    avatar: str = ""
    """The URL of the member's picture, 1..255 characters of ASCII, "" without one."""

    @property
    def spectator(self) -> bool:
        """True if the member is counted, but has no user id: the board was full, or it shows counts
        only."""
        return self.user == NO_USER

    @property
    def signed_in(self) -> bool:
        """Whether the member has an account."""
        return self.person.startswith(ACCOUNT)

    @property
    def chooses_name(self) -> bool:
        """Whether the name is the member's own choice, and not the site's."""
        return not self.person.startswith((ACCOUNT, EMBEDDED))


class WornColors:
    """The colours that persons had on boards when they came to them last, through this store. So
    they come back to the same ones, as long as the process lives."""

    def __init__(self) -> None:
        # By one text each: the garbage collector need not look at those.
        self._colors: dict[str, Color] = {}

    def get(self, board: UUID, person: str) -> Color | None:
        """Return the colour that a person had on a board, None if that is not known."""
        return self._colors.get(f"{board.hex} {person}")

    def note(self, board: UUID, member: Member) -> None:
        """Note the colour of a member, and forget those who came long ago."""
        key = f"{board.hex} {member.person}"
        self._colors.pop(key, None)
        self._colors[key] = member.color
        if len(self._colors) > MAX_WORN:
            del self._colors[next(iter(self._colors))]


def people(members: Iterable[Member]) -> int:
    """Count persons: several tabs of one person count once."""
    return len({member.person for member in members})


def kind_of(person: str) -> str:
    """Return of which kind a person is, by the person's key."""
    return "accounts" if person.startswith(ACCOUNT) else "guests"


@dataclass(frozen=True, slots=True)
class Timing:
    """How long things last, in seconds.

    `grace`: a session stays on the roster after its socket broke. `reload_grace`: the same after
    its page went away, which may only be loaded again. `id_rest`: a released user id is not given
    to anybody else. `board_rest`: an empty board keeps its board id. `lease`: a process counts as
    alive after it renewed.
    """

    grace: float = 5.0
    reload_grace: float = 3.0
    id_rest: float = 5.0
    board_rest: float = 60.0
    lease: float = 10.0


@dataclass(frozen=True, slots=True)
class JoinRequest:
    """The fields of a `Member` that the caller decides; the store decides the rest. Without a
    `name` it makes the member a spectator.

    `pool` is the same for all who might be one attacker, such as the clients of one address, and
    tells nobody which address that is. User ids that they leave are theirs before they are anybody
    else's. It is empty for somebody who shares with nobody.

    `known` are the user ids that somebody holds as far as the caller knows. None of them is chosen
    for a newcomer, even by a store that lost who holds them.
    """

    session: str
    process: str
    person: str
    name: str
    pool: str = ""
    known: Collection[int] = ()
    avatar: str = ""


@dataclass(frozen=True, slots=True)
class Admission:
    """The answer to `Store.join`.

    `board_id` is the board's id on the wire, 1..65535. `processes` hold a lease and have members on
    the board; the asking process is always among them. `resumed` is the session of the same person
    that this one replaced. `arrived` is true if the person had no session on the board.
    """

    member: Member
    board_id: int
    people: int
    version: int
    processes: frozenset[str]
    resumed: str | None = None
    arrived: bool = field(default=True, compare=False)


@dataclass(frozen=True, slots=True)
class Departure:
    """Which members a call took off a board, and how many people remain.

    `left` are the persons whose last session this took, `emptied` is true if nobody remains. `more`
    means that the time of others is up, too: `reap` again. None of these, and not the version, take
    part in comparisons.
    """

    members: tuple[Member, ...]
    people: int
    version: int = field(default=0, compare=False)
    left: frozenset[str] = field(default=frozenset(), compare=False)
    emptied: bool = field(default=False, compare=False)
    more: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class BoardSummary:
    """A board in brief; `processes` hold a lease and have members on it. `overdue` means that
    somebody's time is up whom nobody has reaped."""

    people: int
    version: int
    processes: frozenset[str]
    overdue: bool = False


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A board at one moment, its members in the order they came: all, or those that a process needs
    to know (`Store.snapshot`), first those with user ids. `people` counts all. `agrees` means that
    the process has as many members there as it believes, of whom the spectators are left out.
    `hides` means that other processes than that have members without a name.

    `board_id` is 0 if the board holds none. `removed` are sessions that must not be put back.
    `closed` means that newcomers are refused. `at` is the moment, by the store's clock.
    """

    members: tuple[Member, ...]
    people: int
    version: int
    processes: frozenset[str]
    board_id: int
    removed: frozenset[str] = frozenset()
    closed: bool = False
    at: float = field(default=0.0, compare=False)
    agrees: bool = field(default=False, compare=False)
    hides: bool = field(default=False, compare=False)


@dataclass(frozen=True, slots=True)
class PersonSummary:
    """A person in brief.

    `boards` are those with sessions of the person, by their reference. `seen` is the time of a
    join, a grace that began, or a leave, whichever was last; for somebody on a board it is `at`,
    the moment of the answer. It is None for a stranger. Times are by the store's clock.
    """

    boards: tuple[UUID, ...]
    seen: float | None = field(compare=False)
    at: float = field(compare=False)


class Store(Protocol):
    """Shared state; the module's docstring says what holds for every method."""

    other_processes: int
    """How many processes held a lease at the last `renew`, besides the one that renewed."""

    async def join(self, board: UUID, request: JoinRequest) -> Admission:
        """Put a session on a board.

        If the same person has a session there in its grace, or of a process whose lease ran out,
        the new session replaces it and keeps its colour, and its user id if it has one and a name
        now. Otherwise it gets the lowest user
        id that is neither held nor at rest, or 255 (spectator) if none is free or it has no name;
        and the colour of the person's other tabs, or else the one that `colors.color_for`
        chooses. It knows which one somebody had who came to the board through this store before.

        A pool that holds `POOL_HOLDS` gets none of the last `POOL_LEAVES` of a board.

        If no user id is free, or `POOL_RESTS` rest that its pool left, it gets the one of these
        that has rested longest. So a pool keeps only few ids from others beside those it holds.
        Where its pool left none and no other is free, it gets the one that has rested longest of
        the pool that left most: ids at rest make nobody a spectator.

        Raises `Removed` for a banned person, and `Forbidden` for a newcomer to a closed board.
        """

    async def start_grace(self, board: UUID, session: str, seconds: float) -> None:
        """Start the grace of a session whose socket is gone. A grace that runs already is not
        changed; unknown sessions change nothing."""

    async def leave(self, board: UUID, session: str) -> Departure:
        """Take a session off a board; its user id rests. Unknown sessions change nothing."""

    async def reap(self, board: UUID) -> Departure:
        """Take off sessions whose time is up: their grace is over, or their process lost its lease
        a grace ago. Takes `REAP_BATCH` at most; `Departure.more` tells whether there are others. Of
        several processes that reap at once, only one gets a member in its answer."""

    async def restore(
        self, board: UUID, members: Sequence[Member], process: str = "", sessions: int = 0
    ) -> Snapshot:
        """Put back members that the shared state lost, or dropped because it took them for dead.

        Members keep everything; only the user id changes (to the lowest free one, or 255) if
        another session holds it or it rests after another person. Members who are on the board
        already stay as they are, but those whose time was up count again. Removed sessions are not
        put back. Neither are sessions of banned persons, which count as removed from then on.

        Returns what `snapshot` does.
        """

    async def remove(self, board: UUID, person: str, seconds: float) -> Departure:
        """Take all sessions of a person off a board, and ban the person for some seconds, 0 for
        none, in place of an earlier ban."""

    async def remove_from(
        self, boards: Collection[UUID], person: str, seconds: float
    ) -> Mapping[UUID, Departure]:
        """Do what `remove` does on each of the boards, in as many round trips as for one."""

    async def close_board(self, board: UUID, seconds: float) -> None:
        """Refuse newcomers for some seconds, at most `MAX_CLOSED`, in place of an earlier call; 0
        opens the board. Persons on it may open more tabs, and come back within their grace."""

    async def renew(self, process: str) -> Mapping[UUID, BoardSummary]:
        """Renew a process's lease; the first call starts it. Members count only during a lease, and
        for a grace after it. Then they stay gone, also if the process renews: call `restore`.

        Returns the boards on which this store put members of the process. If the shared state lost
        all of them, the board is returned once more, without the process: call `restore`.
        """

    async def retire(self, process: str) -> None:
        """Leave a process out of `processes`, since it ends. Its members stay as long as its lease
        would have lasted, and their graces."""

    async def snapshot(self, board: UUID, process: str = "", sessions: int = 0) -> Snapshot:
        """Return a board as it is at one moment, with spectators and sessions in their grace.

        For a `process` that believes to have so many sessions on the board: without spectators, but
        with all members of the process if it has more or fewer. A store of many processes may read
        more than `REAP_BATCH` members in parts, between which people come and go.
        """

    async def counts(self, boards: Collection[UUID]) -> Mapping[UUID, int]:
        """Count the people on each of the boards: 0 for empty ones."""

    async def boards(self, among: Collection[UUID] | None = None) -> Mapping[UUID, int]:
        """Count the people on each board that is not empty: of all boards, or only of `among`.

        Cheaper than `counts` if most are empty. Somebody on two boards is counted on both.
        """

    async def whereabouts(self, person: str) -> PersonSummary:
        """Return where a person is. Sessions count as they do on their boards, but for a short time
        after an answer of the store was lost. When they were seen is known of the last `MAX_SEEN`
        accounts and as many guests, for `SEEN_FOR` seconds."""

    async def processes(self) -> Mapping[str, int]:
        """Return the processes that hold a lease, and how many members each has on all boards."""

    async def ping(self) -> None:
        """Return once the shared state has answered."""

    async def check(self) -> None:
        """Return once the shared state has done everything that this store asks of it: more than
        `ping` for one whose user has few rights."""
