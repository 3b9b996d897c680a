"""Settings, boards and people for the tests of what Django looks for and what a site imports."""

from collections.abc import Callable, Mapping
from uuid import UUID

import pytest

from presence import page_counts
from presence_site.models import Board
from tests.support.admin import serving

Configure = Callable[..., None]
Fill = Callable[[Mapping[UUID, int]], list[list[UUID]]]


@pytest.fixture(autouse=True)
def closed_breaker(monkeypatch):
    """Have pages ask for counts, whatever failed in an earlier test."""
    monkeypatch.setattr(page_counts, "breaker", page_counts.Breaker())


@pytest.fixture
def configure(settings):
    """Changes keys of `PRESENCE`."""

    def change(**keys):
        settings.PRESENCE = {**settings.PRESENCE, **keys}

    return change


@pytest.fixture
def fill(monkeypatch):
    """Puts people on boards of this process; returns the requests to the store that follow."""
    with serving() as process:
        requests = []
        counts = process.hub.store.counts

        async def counted(boards):
            requests.append([*boards])
            return await counts(boards)

        def put(people):
            process.put(people)
            return requests

        monkeypatch.setattr(process.hub.store, "counts", counted)
        yield put


@pytest.fixture
async def board():
    """A board that is open to guests."""
    return (await Board.objects.acreate(title="Plans", open_to_guests=True)).pk


def boards(number=1, **fields):
    """Make boards, open to guests by default."""
    made = [Board(**{"title": "Plans", "open_to_guests": True, **fields}) for _ in range(number)]
    return [board.pk for board in Board.objects.bulk_create(made)]
