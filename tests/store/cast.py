"""Names, requests and small questions that the store's tests share."""

import json
from pathlib import Path
from uuid import UUID

from presence.store.base import Admission, Departure, JoinRequest, Store, Timing

BOARD = UUID("00000000-0000-4000-8000-000000000001")
OTHER_BOARD = UUID("00000000-0000-4000-8000-000000000002")
HERE = "process-here"
THERE = "process-there"

# Any sum of whole seconds lies 0.2 s or more from any sum of these, so that no test depends on how
# exact a clock is.
TIMING = Timing(grace=2.4, id_rest=3.4, board_rest=5.4, lease=1000.4)
SHORT_LEASE = Timing(grace=2.4, id_rest=3.4, board_rest=5.4, lease=4.4)
GRACE = TIMING.grace
BRIEF_GRACE = 1.4

_VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "frames.json").read_text())
_COLLISION = _VECTORS["board_ids"]["collision"]
FIRST_OF_PAIR, SECOND_OF_PAIR = (UUID(text) for text in _COLLISION["uuids"])
HOME_OF_PAIR: int = _COLLISION["home"]
NEXT_TO_HOME: int = _COLLISION["second_gets"]


def request(
    session: str, person: str | None = None, process: str = HERE, name: str = "Ada"
) -> JoinRequest:
    """Return a request; without a person it is for one of its own."""
    return JoinRequest(session, process, person or f"person of {session}", name)


async def fill(store: Store, count: int, board: UUID = BOARD) -> list[Admission]:
    """Put persons on a board, one after the other: sessions 'filler 0' and up."""
    return [await store.join(board, request(f"filler {n}")) for n in range(count)]


async def break_off(
    store: Store, session: str, person: str, process: str = HERE, seconds: float = GRACE
) -> Admission:
    """Join, and start the session's grace."""
    admission = await store.join(BOARD, request(session, person, process))
    await store.start_grace(BOARD, session, seconds)
    return admission


async def people_on(store: Store, board: UUID = BOARD) -> int:
    """Count the people on one board."""
    return (await store.counts([board]))[board]


async def sessions_on(store: Store, board: UUID = BOARD) -> list[str]:
    """Return the sessions on a board, in the roster's order."""
    return [member.session for member in (await store.snapshot(board)).members]


def gone(departure: Departure) -> list[str]:
    """Return the sessions that a departure took off the board."""
    return [member.session for member in departure.members]
