"""A board without script: a form to add a note, and a page to edit or delete each."""

import pytest

from presence_site.models import Note
from presence_site.notes import open_spot

pytestmark = pytest.mark.django_db


@pytest.fixture
def board_url(open_board):
    return f"/boards/{open_board.pk}/"


def test_the_page_links_to_all_of_it(client, board_url, note):
    page = client.get(board_url).text
    for path in ("notes/add/", f"notes/{note.pk}/edit/", f"notes/{note.pk}/delete/"):
        assert f'href="{board_url}{path}"' in page


def test_add(client, board_url, note):
    answer = client.post(f"{board_url}notes/add/", {"text": "One\r\ntwo", "color": "green"})
    assert answer.headers["Location"] == board_url
    made = Note.objects.latest("pk")
    assert (made.text, made.color, (made.x, made.y)) == ("One\ntwo", "green", open_spot(1))


def test_new_notes_do_not_lie_upon_each_other():
    spots = [open_spot(nth) for nth in range(24)]
    assert len(set(spots)) == 24
    # A note is 200 x 180 of 1600 x 1000 pixels: all of it is to be on the surface.
    assert all(0 <= x <= 1 - 200 / 1600 and 0 <= y <= 1 - 180 / 1000 for x, y in spots)
    assert open_spot(24) == open_spot(0)


def test_edit_leaves_the_place_alone(client, board_url, note):
    url = f"{board_url}notes/{note.pk}/edit/"
    assert "Hello</textarea>" in client.get(url).text
    assert client.post(url, {"text": "Bye", "color": "pink"}).headers["Location"] == board_url
    note.refresh_from_db()
    assert (note.text, note.color, note.x, note.y) == ("Bye", "pink", 0.25, 0.5)


def test_delete_asks_first(client, board_url, note):
    url = f"{board_url}notes/{note.pk}/delete/"
    assert "Delete this note?" in client.get(url).text
    assert Note.objects.exists()
    assert client.post(url).headers["Location"] == board_url
    assert not Note.objects.exists()


@pytest.mark.parametrize(
    ("form", "reason"),
    [
        ({"text": " ", "color": "pink"}, "This field is required"),
        ({"text": "x" * 501, "color": "pink"}, "at most 500 characters"),
        ({"text": "Bye", "color": "plaid"}, "not one of the available choices"),
    ],
)
def test_bad_input_is_told_in_words_and_changes_nothing(client, board_url, note, form, reason):
    for path in ("add/", f"{note.pk}/edit/"):
        answer = client.post(f"{board_url}notes/{path}", form)
        assert (answer.status_code, reason in answer.text) == (200, True)
    assert [(kept.text, kept.color) for kept in Note.objects.all()] == [("Hello", "blue")]


def test_line_breaks_count_once(client, board_url):
    text = "\r\n".join("x" * 250)
    assert client.post(f"{board_url}notes/add/", {"text": text, "color": "pink"}).status_code == 302
    assert len(Note.objects.get().text) == 499
