"""How many sockets a process takes, and how fast."""

import logging
import resource
from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import pytest

from presence.protocol.errors import Full
from presence.server.caps import RATES, RESERVE, RETRY, Cap, Caps, descriptors_left
from presence.server.logs import LOG_EVERY

BOARD, OTHER = uuid4(), uuid4()


class World:
    """A clock, and the refusals in their order."""

    def __init__(self) -> None:
        self.now = 1_000.0
        self.refused: list[Cap] = []

    def caps(self, **limits: int) -> Caps:
        given = {Cap(name): limit for name, limit in limits.items()}
        return Caps(given, lambda: self.now, self.refused.append)


@pytest.fixture
def world() -> World:
    return World()


def is_full(enter: Callable[[], object]) -> Full | None:
    """Return the refusal, None if there is none."""
    try:
        enter()
    except Full as error:
        return error
    return None


@pytest.mark.parametrize(
    ("cap", "first", "second"),
    [
        ("sockets", ("1.1.1.1", BOARD), ("2.2.2.2", OTHER)),
        ("handshakes", ("", BOARD), ("2.2.2.2", OTHER)),
        ("board", ("1.1.1.1", BOARD), ("2.2.2.2", BOARD)),
        ("address", ("1.1.1.1", BOARD), ("1.1.1.1", OTHER)),
        ("address", ("1.1.1.1", BOARD), ("1.1.1.1", None)),
    ],
)
def test_a_cap_is_full_until_somebody_goes(
    world: World, cap: str, first: tuple[str, UUID], second: tuple[str, UUID | None]
) -> None:
    caps = world.caps(**{cap: 2})
    tickets = [caps.enter(*first), caps.enter(*first)]
    for _ in range(3):
        refusal = is_full(lambda: caps.enter(*second))
        assert refusal is not None
        assert RETRY[0] * 1000 <= refusal.retry <= RETRY[1] * 1000
    assert world.refused == [cap] * 3
    tickets[0].close()
    tickets[0].close()
    caps.enter(*second)
    assert is_full(lambda: caps.enter(*second)), "each place is given back once"


def test_the_others_are_not_counted(world: World) -> None:
    caps = world.caps(board=1, address=1)
    caps.enter("1.1.1.1", BOARD)
    caps.enter("2.2.2.2", OTHER)
    for _ in range(3):
        caps.enter("", None)
    assert not world.refused


def test_no_limit_is_no_cap(world: World) -> None:
    caps = world.caps(**{str(cap): 0 for cap in Cap})
    for _ in range(100):
        caps.enter("1.1.1.1", BOARD).let_in("user:1")
    assert not world.refused


def test_a_handshake_ends_when_somebody_is_let_in(world: World) -> None:
    caps = world.caps(handshakes=1)
    for _ in range(3):
        caps.enter().let_in("user:1")
    waits = caps.enter()
    assert is_full(caps.enter)
    waits.close()
    caps.enter()


def test_a_person_has_so_many_sockets(world: World) -> None:
    caps = world.caps(person=2, sockets=3)
    first, second, third = caps.enter(), caps.enter(), caps.enter()
    first.let_in("user:1")
    second.let_in("user:1")
    assert is_full(lambda: third.let_in("user:1"))
    third.let_in("user:2")
    for ticket in (first, second, third):
        ticket.close()
    for _ in range(2):
        caps.enter().let_in("user:1")
    assert world.refused == [Cap.PERSON]


def test_an_address_joins_so_often_in_a_minute(world: World) -> None:
    caps = world.caps(joins=60)
    for _ in range(60):
        caps.enter("1.1.1.1", BOARD).close()
    assert is_full(lambda: caps.enter("1.1.1.1", OTHER))
    caps.enter("2.2.2.2", BOARD)
    world.now += 1.0
    caps.enter("1.1.1.1", BOARD)
    assert is_full(lambda: caps.enter("1.1.1.1", BOARD))
    assert world.refused == [Cap.JOINS] * 2


def test_joins_on_one_socket_count_from_the_second_on(world: World) -> None:
    ticket = world.caps(joins=3).enter("1.1.1.1", BOARD)
    for _ in range(3):
        ticket.join()
    assert is_full(ticket.join)


def test_a_refusal_at_one_cap_takes_nothing_of_another(world: World) -> None:
    caps = world.caps(board=1, address=2, joins=60)
    caps.enter("1.1.1.1", BOARD)
    for _ in range(100):
        assert is_full(lambda: caps.enter("1.1.1.1", BOARD))
    caps.enter("1.1.1.1", OTHER)
    assert {*world.refused} == {Cap.BOARD}


def test_crowds_of_addresses_leave_nothing_but_the_latest(world: World) -> None:
    caps = world.caps(joins=60, address=5, sockets=100)
    for number in range(4 * RATES):
        world.now += 0.001
        caps.enter(f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}", BOARD).close()
    assert len(caps._rates) == RATES
    assert not caps._counts


def test_the_log_says_it_once_a_minute_for_each_cap(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    caps = world.caps(sockets=1)
    caps.enter()
    for _ in range(50):
        assert is_full(caps.enter)
    world.now += LOG_EVERY
    assert is_full(caps.enter)
    said = [record.getMessage() for record in caplog.records]
    assert [line.partition("refused (")[2].partition(", reason")[0] for line in said] == [
        "cap=sockets, refused=1",
        "cap=sockets, refused=50",
    ]
    assert all("MAX_SOCKETS" in line for line in said)


@pytest.fixture
def few_descriptors() -> Iterator[int]:
    """This process has a limit of 200 file descriptors for a while."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (200, before[1]))
    yield 200
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


def test_an_address_takes_half_of_the_file_descriptors(world: World, few_descriptors: int) -> None:
    caps = world.caps(address=2_000)
    for _ in range(few_descriptors // 2):
        caps.enter("1.1.1.1")
    refusal = is_full(lambda: caps.enter("1.1.1.1"))
    assert refusal is not None
    assert f"{few_descriptors // 2} sessions" in str(refusal)
    caps.enter("2.2.2.2")
    caps.enter()
    for _ in range(few_descriptors):
        world.caps(address=0).enter("1.1.1.1")


def test_an_address_takes_half_of_the_handshakes(world: World) -> None:
    caps = world.caps(handshakes=5)
    tickets = [caps.enter("1.1.1.1") for _ in range(3)]
    assert is_full(lambda: caps.enter("1.1.1.1"))
    caps.enter("2.2.2.2").close()
    tickets[0].let_in()
    tickets[1].close()
    again = [caps.enter("1.1.1.1") for _ in range(2)]
    for ticket in [*tickets, *again]:
        ticket.close()
    assert not caps._counts


def test_the_last_file_descriptors_are_not_for_sockets(world: World, few_descriptors: int) -> None:
    caps, opened = world.caps(), []
    caps.enter()
    try:
        while descriptors_left() >= RESERVE:
            opened.append(open("/dev/null"))  # noqa: SIM115
        assert len(opened) < few_descriptors
        assert is_full(caps.enter)
        while descriptors_left() > 0:
            opened.append(open("/dev/null"))  # noqa: SIM115
        assert is_full(caps.enter)
    finally:
        for each in opened:
            each.close()
    caps.enter()
    assert world.refused == [Cap.DESCRIPTORS] * 2
