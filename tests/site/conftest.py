import pytest
from django.contrib.auth.models import User
from django.test import Client

from presence import page_counts
from presence_site.models import Board, Note
from tests.support.admin import serving


@pytest.fixture(autouse=True)
def rested(monkeypatch):
    """Have no trouble with counts of an earlier test to rest from."""
    monkeypatch.setattr(page_counts, "breaker", page_counts.Breaker())


@pytest.fixture
def fill():
    """Puts people on boards of this process."""
    with serving() as process:
        yield process.put


@pytest.fixture
def owner(db):
    return User.objects.create_user("olga", password="pw-olga-1", first_name="Olga", last_name="Ow")


@pytest.fixture
def people(owner):
    """Everyone who may ask, by what they are to a board of Olga's; None is a guest."""
    return {
        "guest": None,
        "user": User.objects.create_user("uma"),
        "owner": owner,
        "staff": User.objects.create_user("stan", is_staff=True),
    }


@pytest.fixture
def open_board(owner):
    return Board.objects.create(title="Open board", owner=owner, open_to_guests=True)


@pytest.fixture
def closed_board(owner):
    return Board.objects.create(title="Closed board", owner=owner)


@pytest.fixture
def note(open_board):
    return Note.objects.create(board=open_board, text="Hello", x=0.25, y=0.5, color="blue")


@pytest.fixture
def signed_in():
    """A browser of a person's; of a guest's for None."""

    def browser(user):
        client = Client()
        if user is not None:
            client.force_login(user)
        return client

    return browser
