"""A flush to every kind of socket of a board, byte for byte, over real sockets."""

import asyncio
import socket
from collections.abc import AsyncIterator, Collection

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presence.protocol.errors import PresenceError
from presence.protocol.messages import Dialect
from presence.rooms.frames import Flush
from presence.server.audience import Audience
from presence.server.metrics import Metrics
from presence.server.pump import Line, Pump
from tests.server.wire import WrittenServer, drain, server_frame
from tests.support.opcodes import OpcodeCount

COMPACT, EXPLICIT = Dialect.COMPACT, Dialect.EXPLICIT
JOINED, STATES, CURSORS = b"joined", b"s" * 126, b"cursors"
LONG = b"an explicit cursor"
WELCOME, ROSTER = b"welcome", b"r" * 70_000


class Member:
    """A peer that writes down what it is asked to write; `wire` is its end of a socket."""

    session_id = ""
    sessions: Collection[str] = ()

    def __init__(self, pump: Pump | None, dialect: Dialect = COMPACT, buffer: int = 0) -> None:
        self.dialect = dialect
        self.held = False
        self.line: Line | None = None
        self.wrote: list[bytes] = []
        self.held_back: list[bytes] = []
        self.wire, ours = socket.socketpair()
        self.wire.setblocking(False)
        self.server = WrittenServer(ours)
        if buffer:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
        if pump is not None:
            self.line = pump.attach(self.server, lambda payload, now: None)

    def write(self, frames: Collection[bytes]) -> None:
        self.wrote += frames
        if self.line is not None:
            self.line.write_frames(frames)

    def write_own(self, frames: Collection[bytes]) -> None:
        self.write(frames)

    def write_cursors(self, frames: Collection[bytes]) -> None:
        if self.held:
            self.held_back += frames
        else:
            self.write(frames)

    def admitted(self, board_id: int, user: int) -> None:
        raise NotImplementedError

    def refuse(self, error: PresenceError) -> None:
        raise NotImplementedError

    def restart(self) -> None:
        raise NotImplementedError

    def got(self) -> bytes:
        """Return what came at the client since the last call."""
        return drain(self.wire)


class Board:
    """An audience, and its members by session."""

    def __init__(self) -> None:
        self.pump = Pump(lambda: None, lambda: None)
        self.metrics = Metrics("p")
        self.audience = Audience(self.metrics)
        self.members: dict[str, Member] = {}

    def add(
        self, session: str, *, direct: bool = True, dialect: Dialect = COMPACT, buffer: int = 0
    ) -> Member:
        member = Member(self.pump if direct else None, dialect, buffer)
        self.members[session] = member
        self.audience.add(session, member)
        return member

    def add_beside(self, other: str, session: str) -> None:
        """Add another session of a socket."""
        member = self.members[session] = self.members[other]
        member.sessions = [other, session]
        self.audience.add(session, member)

    def remove_beside(self, other: str, session: str) -> None:
        """Remove one session of a socket that stays open for another."""
        self.members.pop(session).sessions = [other]
        self.audience.remove(session)

    def remove(self, session: str) -> None:
        self.audience.remove(session)
        member = self.members.pop(session)
        member.wire.close()
        member.server.socket.close()

    def write(self, flush: Flush) -> dict[str, bytes]:
        """Write a flush; return what came at the clients, by session."""
        self.audience.write(flush)
        return {session: member.got() for session, member in self.members.items()}

    def close(self) -> None:
        self.pump.close()
        for member in self.members.values():
            member.wire.close()
            member.server.socket.close()


@pytest.fixture
async def board() -> AsyncIterator[Board]:
    board = Board()
    yield board
    board.close()


def told(*cursors: tuple[bytes, str | None], **welcomes: list[bytes]) -> Flush:
    """A flush of two frames for everybody, then cursors."""
    common = {COMPACT: [JOINED, STATES], EXPLICIT: [JOINED]}
    return Flush(common, {COMPACT: [*cursors], EXPLICIT: [(LONG, "bob")]}, welcomes)


def framed(*payloads: bytes) -> bytes:
    return b"".join(map(server_frame, payloads))


async def test_each_socket_gets_exactly_its_frames(board: Board) -> None:
    ada, bob, cy = board.add("ada"), board.add("bob"), board.add("cy")
    clogged, held = board.add("clogged"), board.add("held")
    board.add("explicit", dialect=EXPLICIT)
    board.add("newcomer")
    through_the_server = board.add("through the server", direct=False)
    assert clogged.line is not None
    clogged.line.finish(b"beforehand", 2)
    held.held = True
    board.audience.changed()
    got = board.write(told((CURSORS, "bob"), newcomer=[WELCOME, ROSTER]))
    clogged.server.flush()
    assert got == {
        "ada": framed(JOINED, STATES, CURSORS),
        "bob": framed(JOINED, STATES),
        "cy": framed(JOINED, STATES, CURSORS),
        "clogged": b"",
        "held": framed(JOINED, STATES),
        "explicit": framed(JOINED, LONG),
        "newcomer": framed(WELCOME, ROSTER),
        "through the server": b"",
    }
    assert clogged.got() == b"forehand" + framed(JOINED, STATES, CURSORS)
    assert through_the_server.wrote == [JOINED, STATES, CURSORS]
    assert held.held_back == [CURSORS]
    assert (ada.wrote, bob.wrote, cy.wrote) == ([], [JOINED, STATES], [])
    # What the others get, their connections count.
    size = len(JOINED + STATES + CURSORS)
    assert board.audience.written == size
    assert (board.metrics.frames_out, board.metrics.bytes_out) == (2 * 3, 2 * size)


async def test_nothing_to_tell_writes_nothing(board: Board) -> None:
    board.add("ada")
    board.add("bob", direct=False)
    assert board.write(Flush()) == {"ada": b"", "bob": b""}
    assert (board.audience.written, board.metrics.frames_out) == (0, 0)


async def test_a_session_is_written_to_directly_while_it_is_alone_on_its_socket(
    board: Board,
) -> None:
    ada, bob = board.add("ada"), board.add("bob")
    moved = told((CURSORS, "ada"))
    board.write(moved)
    for _ in range(2):
        board.add_beside("bob", "beside")
        ada.wrote.clear()
        assert board.write(moved)["bob"] == framed(JOINED, STATES, CURSORS), "once"
        assert bob.wrote == [JOINED, STATES, CURSORS]
        board.remove_beside("bob", "beside")
        bob.wrote.clear()
        assert board.write(moved) == {
            "ada": framed(JOINED, STATES),
            "bob": framed(JOINED, STATES, CURSORS),
        }
        assert (bob.wrote, board.audience.writes_directly("bob")) == ([], True)


async def test_a_sole_mover_alone_gets_nothing(board: Board) -> None:
    board.add("ada")
    assert board.write(Flush(cursors={COMPACT: [(CURSORS, "ada")]})) == {"ada": b""}
    assert (board.audience.written, board.metrics.frames_out) == (0, 0)


async def test_who_moved_alone_may_be_elsewhere_or_no_longer_here(board: Board) -> None:
    board.add("ada")
    board.add("bob")
    board.audience.remove("bob")
    for mover in ("bob", "in another process", None):
        flush = Flush(cursors={COMPACT: [(CURSORS, mover)]})
        assert board.write(flush) == {"ada": framed(CURSORS), "bob": b""}


async def test_anchors_and_cursors_of_a_sole_mover_go_out_together(board: Board) -> None:
    for session in ("ada", "bob", "cy"):
        board.add(session)
    flush = Flush(cursors={COMPACT: [(STATES, "bob"), (CURSORS, "bob")]})
    both = framed(STATES, CURSORS)
    assert board.write(flush) == {"ada": both, "bob": b"", "cy": both}
    assert board.metrics.frames_out == 2 * 2


@pytest.mark.parametrize("mover", ["ada", "bob", "cy", "dee"])
async def test_a_newcomer_who_moved_alone_costs_nobody_a_frame(board: Board, mover: str) -> None:
    for session in ("ada", "bob", "cy", "dee"):
        board.add(session)
    got = board.write(told((CURSORS, mover), **{mover: [WELCOME]}))
    rest = dict.fromkeys(board.members, framed(JOINED, STATES, CURSORS))
    assert got == {**rest, mover: framed(WELCOME)}
    assert board.metrics.frames_out == 3 * 3


async def test_a_client_that_reads_slowly_gets_the_same_bytes_later_and_delays_nobody(
    board: Board,
) -> None:
    good, slow = board.add("good"), board.add("slow", buffer=2_000)
    assert slow.line is not None
    sent = bytearray()
    good_got, slow_got = bytearray(), bytearray()

    def flush() -> None:
        frame = len(sent).to_bytes(4, "big") * 100
        sent.extend(server_frame(frame))
        board.audience.write(Flush(cursors={COMPACT: [(frame, None)]}))
        good_got.extend(good.got())

    for _ in range(3):
        flush()
        while not slow.line.clogged:
            flush()
        for _ in range(10):
            flush()
        assert good_got == sent
        while slow.server.backlog:
            slow_got += slow.got()
            slow.server.flush()
        slow_got += slow.got()
        assert slow_got == sent
    wrote = len(slow.wrote)
    flush()  # unclogs it
    flush()
    assert len(slow.wrote) == wrote + 1, "directly again"
    assert slow_got + slow.got() == sent


async def test_what_changes_between_two_flushes_counts(board: Board) -> None:
    ada = board.add("ada")
    flush, frames = Flush(common={COMPACT: [JOINED]}), framed(JOINED)
    assert board.write(flush) == {"ada": frames}
    board.add("bob")
    assert board.write(flush) == {"ada": frames, "bob": frames}
    assert ada.line is not None
    ada.line.detach()
    assert board.write(flush)["bob"] == frames
    assert ada.wrote == [JOINED], "what its server writes is its own"
    board.audience.remove("bob")
    board.audience.remove("nobody")
    assert board.write(flush)["bob"] == b""


async def test_the_number_of_a_closed_socket_is_not_written_to(board: Board) -> None:
    """The kernel gives it to the next socket at once, which may be anybody's."""
    ada = board.add("ada")
    flush = Flush(common={COMPACT: [JOINED]})
    assert board.write(flush) == {"ada": framed(JOINED)}
    assert ada.line is not None
    ada.server.lose()
    ours, theirs = sorted(socket.socketpair(), key=lambda end: end.fileno() != ada.line.fd)  # type: ignore[union-attr]
    assert ours.fileno() == ada.line.fd
    theirs.setblocking(False)
    board.audience.write(flush)
    board.audience.write(flush)
    assert drain(theirs) == b""
    ours.close()
    theirs.close()


async def test_a_socket_that_fails_costs_the_others_nothing(board: Board) -> None:
    broken = board.add("broken")
    for session in ("ada", "bob"):
        board.add(session)
    broken.wire.close()
    board.audience.write(told((CURSORS, None)))
    assert broken.server.backlog == 0
    assert (
        board.members["ada"].got() == board.members["bob"].got() == framed(JOINED, STATES, CURSORS)
    )


async def test_a_peer_that_goes_while_it_is_written_to_costs_the_others_nothing(
    board: Board,
) -> None:
    board.add("ada", direct=False)
    gone = board.add("gone", direct=False)
    board.add("bob", direct=False)
    board.add("cy")
    gone.write = lambda frames: board.audience.remove("gone")  # type: ignore[method-assign]
    got = board.write(told((CURSORS, None)))
    assert got["cy"] == framed(JOINED, STATES, CURSORS)
    for session in ("ada", "bob"):
        assert board.members[session].wrote == [JOINED, STATES, CURSORS]
    assert board.audience.peers.keys() == {"ada", "bob", "cy"}


@pytest.mark.parametrize("mover", ["ada", "bob", "cy", "dan", None])
async def test_the_rest_of_a_short_write_goes_to_its_own_socket(
    board: Board, mover: str | None
) -> None:
    for name in ("ada", "bob", "cy", "dan"):
        board.add(name, buffer=1)
    full = board.members["cy" if mover != "cy" else "dan"]
    while not full.server.backlog:
        board.audience.write(Flush(cursors={COMPACT: [(bytes(100), mover)]}))
        for name, other in board.members.items():
            if other is not full:
                assert other.server.backlog == 0
                assert other.got() == (b"" if name == mover else framed(bytes(100)))


@given(st.lists(st.tuples(st.sampled_from(["direct", "other", "remove", "write"]), st.integers())))
@settings(deadline=None)
def test_any_order_of_coming_and_going(steps: list[tuple[str, int]]) -> None:
    async def come_and_go() -> None:
        board = Board()
        for number, (what, n) in enumerate([*steps, ("write", 0)]):
            here = sorted(board.members)
            if what == "write":
                got = board.write(told((CURSORS, None)))
                for session, member in board.members.items():
                    direct = member.line is not None
                    assert got[session] == (framed(JOINED, STATES, CURSORS) if direct else b"")
                    assert member.wrote == ([] if direct else [JOINED, STATES, CURSORS])
                    member.wrote.clear()
            elif what != "remove":
                board.add(f"s{number}", direct=what == "direct")
            elif here:
                board.remove(here[n % len(here)])
        board.close()

    asyncio.run(come_and_go())


async def test_who_comes_and_goes_costs_the_others_nothing(board: Board) -> None:
    steps = []
    for people in (10, 300):
        while len(board.members) < people:
            board.add(f"s{len(board.members)}")
        board.write(told())
        with OpcodeCount("server/audience.py") as count:
            line = board.add("new").line
            board.audience.write(told())
            board.add_beside("new", "beside")
            board.audience.write(told())
            board.remove_beside("new", "beside")
            board.audience.write(told())
            assert line is not None
            line.detach()
            board.audience.write(told())
            board.remove("new")
            board.audience.write(told())
        steps.append(count.steps)
    assert steps[0] == steps[1]
