"""People who come and go, and crowds who come at once: others are sent little of it, and what they
know in the end is true."""

import asyncio
from collections.abc import Sequence

import pytest

from presence.protocol.messages import Dialect
from tests.hostile.conftest import production
from tests.hostile.trial import Outcome, attempt
from tests.support.clients import Client, Clients
from tests.support.server import Server

pytestmark = pytest.mark.alone

AGE_P99 = 250.0
"""Milliseconds that 99 % of the witnesses' cursors take at most."""


@pytest.fixture(scope="module")
def site(environment: dict[str, str]) -> dict[str, str]:
    """A site that lets everybody in from one address, and takes people off their boards soon."""
    return production(environment, MAX_ADDRESS_SOCKETS=0, MAX_ADDRESS_JOINS=0)


async def trial(
    server: Server, boards: list[str], seconds: float, attack: str | None = None
) -> Outcome:
    """Attack the first of two boards, and see that the witnesses notice nothing."""
    outcome = await asyncio.to_thread(attempt, server, *boards, seconds, attack)
    assert outcome.lost == 0, outcome
    assert outcome.age_p99 < AGE_P99 + 1_000 * outcome.waited, outcome
    return outcome


async def agree(people: Sequence[Client]) -> None:
    """Wait until people know nobody but each other."""
    for person in people:
        others = {other.user: other.name for other in people if other is not person}

        def knows(person: Client = person, others: dict[int, str] = others) -> bool:
            return (person.count, person.others) == (len(people), others)

        await person.until(knows, f"{others}")


@pytest.mark.parametrize("boards", [2], indirect=True)
async def test_a_hundred_who_come_and_go_all_the_time(
    server: Server, boards: list[str], clients: Clients
) -> None:
    people = [await clients.join(each.value, board=boards[0], dialect=each) for each in Dialect]
    await agree(people)
    rest = await trial(server, boards, 3.0)
    churn = await trial(server, boards, 8.0, "churn")
    assert churn.tally.joined > 100, churn
    assert churn.attacked.bytes / 8.0 < 2 * rest.attacked.bytes / 3.0, (rest, churn)
    await agree(people)


@pytest.mark.parametrize("boards", [2], indirect=True)
async def test_joins_as_fast_as_they_go(
    server: Server, boards: list[str], clients: Clients
) -> None:
    people = [await clients.join(each.value, board=boards[0], dialect=each) for each in Dialect]
    await trial(server, boards, 4.0, "joins")
    await agree(people)
