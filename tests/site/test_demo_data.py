import pytest
from django.contrib.auth import authenticate
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import User
from django.core.management import CommandError, call_command

from presence_site.models import Board, Note

pytestmark = pytest.mark.django_db

WELCOME = "00000000-0000-4000-8000-000000000001"
TEAM = "00000000-0000-4000-8000-000000000002"


@pytest.fixture
def demo_data(settings, capsys):
    settings.DEBUG = True

    def run():
        call_command("demo_data")
        return capsys.readouterr().out

    return run


def test_it_makes_staff_and_two_boards(demo_data, client):
    assert "Welcome board" in demo_data()
    admin = authenticate(username="admin", password="admin")
    assert (admin.is_superuser, admin.is_staff, admin.get_full_name()) == (True, True, "Ada Admin")
    welcome, team = Board.objects.get(pk=WELCOME), Board.objects.get(pk=TEAM)
    assert (welcome.title, welcome.open_to_guests) == ("Welcome board", True)
    assert (team.title, team.open_to_guests) == ("Team board", False)
    assert welcome.notes.count() >= 4
    assert team.notes.count() >= 4
    page = client.get("/").text
    assert page.index("Welcome board") < page.index("Team board")


def test_its_notes_are_whole_and_apart(demo_data):
    demo_data()
    for note in Note.objects.all():
        note.full_clean()
        # A note is 200 x 180 of 1600 x 1000 pixels.
        beside = note.board.notes.exclude(pk=note.pk)
        assert not [n for n in beside if abs(n.x - note.x) < 0.125 and abs(n.y - note.y) < 0.18]


def test_a_second_run_leaves_alone_what_people_changed(demo_data):
    demo_data()
    Board.objects.filter(pk=WELCOME).update(title="Ours", open_to_guests=False)
    Note.objects.filter(board=WELCOME).delete()
    User.objects.update(first_name="Grace", is_staff=False, password=make_password("better"))
    before = list(Board.objects.values()), list(Note.objects.values()), list(User.objects.values())
    assert "already" in demo_data()
    after = list(Board.objects.values()), list(Note.objects.values()), list(User.objects.values())
    assert after == before


def test_outside_debug_it_refuses(settings):
    settings.DEBUG = False
    with pytest.raises(CommandError, match="DEBUG"):
        call_command("demo_data")
    assert not User.objects.exists()
