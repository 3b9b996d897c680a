"""Fixtures of all tests that use real servers; a folder's conftest.py imports what it needs."""

import json
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.postgresql import postgresql as run_postgresql
from tests.support.server import Server, manage, prepare, serve, site_environment
from tests.support.wire import Clients

BOARDS = [str(uuid4()) for _ in range(400)]
"""Open boards beside those of the demo data: a test has one to itself, where no id is resting."""

COLLISION = json.loads((Path(__file__).parents[1] / "vectors" / "frames.json").read_text())[
    "board_ids"
]["collision"]
"""Two boards more, which have one home id."""

MAKE_BOARDS = (
    "from presence_site.models import Board\n"
    "Board.objects.bulk_create(Board(id=id, title='Test', open_to_guests=True) for id in {})"
)

_unused = iter(BOARDS)


def make_boards(environment: dict[str, str], boards: list[str]) -> None:
    """Make boards that are open to guests."""
    manage(environment, "shell", "--no-imports", "-c", MAKE_BOARDS.format(boards))


@pytest.fixture(scope="session")
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a site with demo data, `BOARDS` and those of `COLLISION`."""
    environment = site_environment(tmp_path_factory.mktemp("site"))
    prepare(environment)
    make_boards(environment, [*BOARDS, *COLLISION["uuids"]])
    return environment


@pytest.fixture(scope="module")
def server(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Server]:
    """The example site under Daphne."""
    with serve(tmp_path_factory.mktemp("daphne"), environment) as running:
        yield running


@pytest.fixture
def board() -> str:
    """The UUID of an open board of this test's own."""
    return next(_unused)


@pytest.fixture
def boards(request: pytest.FixtureRequest) -> list[str]:
    """The UUIDs of three such boards, or of as many as asked for."""
    return [next(_unused) for _ in range(getattr(request, "param", 3))]


@pytest.fixture
async def clients(server: Server, board: str) -> AsyncIterator[Clients]:
    """Opens sockets, on the test's own board, that are closed when the test ends."""
    opened = Clients(server, board)
    yield opened
    await opened.close()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a real PostgreSQL database."""
    # Not below pytest's own folders: PostgreSQL's account may not look into them.
    with tempfile.TemporaryDirectory(prefix="presence-") as home, run_postgresql(Path(home)) as url:
        yield url


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of this test's own."""
    return tmp_path
