"""Sockets that flood, and sockets that never read: everybody else has their turn, and memory is
bounded. `PRESENCE_LONG=1` runs every attack of the kind, and each for longer."""

import os

import pytest

from tests.hostile.attacks import FLOODS
from tests.hostile.trial import Outcome, attempt
from tests.support.server import Server
from tests.system.paths import BOTH_PATHS

pytestmark = BOTH_PATHS

LONG = os.environ.get("PRESENCE_LONG") == "1"
SECONDS = 60.0 if LONG else 2.0

AGE_P99 = 250.0
"""Milliseconds that 99 % of the witnesses' cursors take at most."""

MIB = 2**20

SHORT_FLOODS = ["heartbeats", "empty-pings", "two-byte-fragments"]


def hold(server: Server, boards: list[str], attack: str, growth: int) -> Outcome:
    """Attack one of two boards, and see that the witnesses notice nothing, and that the server
    holds at most so many bytes more at any moment."""
    outcome = attempt(server, *boards, SECONDS, attack)
    assert outcome.lost == 0, outcome
    assert outcome.age_p99 < AGE_P99 + 1_000 * outcome.waited, outcome
    assert outcome.growth < growth, outcome
    assert "Traceback" not in server.logged()
    return outcome


@pytest.mark.parametrize("boards", [2], indirect=True)
@pytest.mark.parametrize("attack", list(FLOODS) if LONG else SHORT_FLOODS)
def test_sockets_that_flood_delay_nobody(server: Server, boards: list[str], attack: str) -> None:
    assert hold(server, boards, attack, 32 * MIB).tally.closes


@pytest.mark.parametrize("boards", [2], indirect=True)
def test_pings_of_clients_that_never_read_cost_bounded_memory(
    server: Server, boards: list[str]
) -> None:
    hold(server, boards, "unread-pings", 16 * MIB)


@pytest.mark.parametrize("boards", [2], indirect=True)
@pytest.mark.parametrize("attack", ["explicit-never-read", *["never-read"] * LONG])
def test_clients_that_never_read_cost_bounded_memory(
    server: Server, boards: list[str], attack: str
) -> None:
    """64 KiB at most wait for each of them in the process."""
    hold(server, boards, attack, 64 * MIB)


@pytest.mark.parametrize("boards", [2], indirect=True)
def test_what_is_compressed_is_not_unpacked(server: Server, boards: list[str]) -> None:
    hold(server, boards, "bombs", 48 * MIB)
