"""Attacks on a real server, on both paths: nobody else notices much, the server's memory stays
bounded, and nothing is left afterwards.

`make test` runs each for one second, `make hostile` (PRESENCE_LONG=1) in full length.
"""

import logging
from collections.abc import Collection
from dataclasses import dataclass

import pytest

from tests.hostile.attacks import FLOODS
from tests.hostile.trial import Outcome, State, attempt, state_of
from tests.support.fixtures import COLLISION
from tests.support.insides import turn
from tests.support.server import Server
from tests.support.waiting import LONG, eventually

logger = logging.getLogger(__name__)

pytestmark = pytest.mark.alone

AGE = 250.0
"""Milliseconds that 99 % of the witnesses' cursors take at most, beyond those for which the machine
kept the server and the witnesses waiting."""

TURN = 200.0
"""Milliseconds of CPU that one turn of the server's event loop takes at most. However busy the
machine is, everybody has waited for so long."""

SILENCE = 1_000.0
"""The same for the time in which a witness hears of nobody; each of ten moves 20 times a second."""


@dataclass(frozen=True)
class Row:
    """What one attack may cost, and what its sockets are told.

    `mebibytes`: the memory that the server may need for it. `answers` are keys of the tally's
    `closes` of which all must occur. `seconds` is the full length.
    """

    mebibytes: int
    answers: Collection[str] = ()
    seconds: float = 20.0


FULL: dict[str, Row] = {
    "fuzz": Row(40, ["cut"], 60),
    "floods": Row(40, ["4429", "4400", "1009"], 60),
    "unread-pings": Row(20, ["cut"], 60),
    "bombs": Row(20, ["cut"]),
    "never-read": Row(60, [], 60),
    "explicit-never-read": Row(60, [], 60),
    "slow-headers": Row(40, [], 60),
    "come-and-go": Row(40),
    "crowd": Row(250, [], 60),
    "joins": Row(40),
    "joins-from-everywhere": Row(40),
    "churn": Row(40),
    **dict.fromkeys(FLOODS, Row(40, seconds=5)),
}
ALSO = {"slow-headers", "come-and-go", "crowd", "joins", "joins-from-everywhere", "churn", *FLOODS}
"""Those that `test_newcomers` and `test_churn` have, too, or "floods" together."""

ROWS = {name: row for name, row in FULL.items() if LONG or name not in ALSO}


@pytest.fixture(scope="module")
def rest(server: Server) -> Outcome:
    """What witnesses see without an attack."""
    outcome = attempt(server, *COLLISION, 2.0)
    logger.info("at rest: %s", outcome)
    return outcome


@pytest.fixture(scope="module")
def fresh(server: Server, rest: Outcome) -> State:
    """What the server holds before all attacks, when it has had sockets once."""
    eventually(lambda: state_of(server).boards == 0, "nobody on a board")
    return state_of(server)


def left(server: Server, fresh: State) -> str:
    """Return what a server holds more than before all attacks; "" where that is nothing."""
    now = state_of(server)
    names = ("descriptors", "sockets", "boards")
    more = {name: getattr(now, name) - getattr(fresh, name) for name in names}
    more |= now.tasks - fresh.tasks
    return ", ".join(f"{count} {name}" for name, count in more.items() if count > 0)


@pytest.mark.parametrize("boards", [2], indirect=True)
@pytest.mark.parametrize("attack", ROWS)
def test_nobody_suffers(
    server: Server, fresh: State, rest: Outcome, boards: list[str], attack: str
) -> None:
    row = ROWS[attack]
    outcome = attempt(server, *boards, row.seconds if LONG else 1.0, attack)
    logger.info("%s: %s", attack, outcome)
    eventually(lambda: not left(server, fresh), lambda: f"gone: {left(server, fresh)}")
    assert outcome.lost == 0, outcome
    assert outcome.turn <= TURN, outcome
    assert turn(server) <= TURN, "when the attackers went"
    assert outcome.age_p99 <= AGE + outcome.noise, outcome
    assert outcome.silence <= SILENCE + outcome.noise, outcome
    assert outcome.growth <= row.mebibytes << 20, outcome
    assert outcome.newcomer[0] is not None, outcome
    assert set(row.answers) <= outcome.tally.closes.keys(), outcome
    if attack == "churn":
        assert not outcome.newcomer[1], outcome
    assert "Traceback" not in server.logged()
