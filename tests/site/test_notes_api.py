import json

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from presence_site.models import Note
from presence_site.notes import MAX_NOTES

pytestmark = pytest.mark.django_db


@pytest.fixture
def send(client, open_board):
    def send(method, path="", body=None):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        url = f"/boards/{open_board.pk}/notes/{path}"
        return client.generic(method, url, data, content_type="application/json")

    return send


WHOLE = {"text": "New", "x": 0.1, "y": 0.9, "color": "green"}


def test_the_list_has_every_note_of_the_board(send, note):
    answer = send("GET")
    assert answer.json() == {
        "notes": [{"id": note.pk, "text": "Hello", "color": "blue", "x": 0.25, "y": 0.5}]
    }
    assert "no-store" in answer.headers["Cache-Control"]


def test_a_new_note_is_answered_as_it_is_kept(send, open_board):
    answer = send("POST", body=WHOLE)
    made = Note.objects.get()
    assert (answer.status_code, answer.json()) == (201, {"id": made.pk, **WHOLE})
    assert made.board == open_board


@pytest.mark.parametrize(
    "change",
    [{"x": 0}, {"y": 1}, {"x": 0.1, "y": 1.0}, {"text": "Bye"}, {"color": "orange"}, WHOLE],
)
def test_a_change_changes_what_it_names(send, note, change):
    before = send("GET").json()["notes"][0]
    answer = send("PATCH", f"{note.pk}/", change)
    assert (answer.status_code, answer.json()) == (200, {**before, **change})
    assert send("GET").json()["notes"] == [{**before, **change}]


def test_words_come_and_go_as_they_are(send, note):
    words = "<script>alert('x')</script> & \u202eright\nמימין"
    assert send("PATCH", f"{note.pk}/", {"text": words}).json()["text"] == words
    assert send("PATCH", f"{note.pk}/", {"text": "a\r\nb"}).json()["text"] == "a\nb"


def test_two_changes_at_once_both_stand(send, note, monkeypatch):
    """Between reading the note for a move and writing it, its words change."""
    real = Note.objects.filter

    def words_first(**kwargs):
        real(pk=note.pk).update(text="Changed meanwhile")
        return real(**kwargs)

    monkeypatch.setattr(Note.objects, "filter", words_first)
    send("PATCH", f"{note.pk}/", {"x": 0.75})
    note.refresh_from_db()
    assert (note.text, note.x) == ("Changed meanwhile", 0.75)


def test_a_note_deleted_meanwhile_is_a_404(send, note, monkeypatch):
    monkeypatch.setattr(Note.objects, "filter", lambda **kwargs: Note.objects.none())
    assert send("PATCH", f"{note.pk}/", {"x": 0.75}).status_code == 404


def test_delete(send, note):
    assert send("DELETE", f"{note.pk}/").status_code == 204
    assert not Note.objects.exists()
    assert send("DELETE", f"{note.pk}/").status_code == 404
    assert send("DELETE", f"{10**30}/").status_code == 404


BAD = [
    (b"", "not JSON"),
    (b"{", "not JSON"),
    (b"\xff\xfe", "not JSON"),
    (b"[" * 100_000, "not JSON"),
    (b'{"x": ' + b"9" * 5000 + b"}", "not JSON"),
    (b"[]", "JSON object"),
    (b"{}", "JSON object"),
    (b"null", "JSON object"),
    (b'{"x": NaN}', "x:"),
    (b'{"x": 1e999}', "x:"),
    (b'{"x": -0.001}', "x:"),
    (b'{"y": 1.001}', "y:"),
    (b'{"x": "0.5"}', "'x' cannot be str"),
    (b'{"x": true}', "'x' cannot be bool"),
    (b'{"x": null}', "'x' cannot be NoneType"),
    (b'{"y": [0.5]}', "'y' cannot be list"),
    (b'{"text": 5}', "'text' cannot be int"),
    (b'{"text": "  "}', "text:"),
    (b'{"text": "a\\u0000b"}', "text:"),
    (b'{"text": "\\ud800"}', "Unicode"),
    (json.dumps({"text": "x" * 501}).encode(), "text:"),
    (b'{"color": "plaid"}', "color:"),
    (b'{"id": 7}', "'id' cannot be"),
    (b'{"board": "x"}', "'board' cannot be"),
    (b'{"x": 0.5, "y": 2}', "y:"),
]


@pytest.mark.parametrize(("body", "reason"), BAD)
def test_bad_input_is_told_why_and_changes_nothing(send, note, body, reason):
    before = list(Note.objects.values())
    whole = json.dumps(WHOLE)[:-1].encode() + b", " + body[1:] if body[:2] == b'{"' else body
    for answer in (send("PATCH", f"{note.pk}/", body), send("POST", body=whole)):
        assert answer.status_code == 400
        assert reason in answer.json()["error"]
    assert list(Note.objects.values()) == before


@pytest.mark.parametrize("missing", ["text", "x", "y", "color"])
def test_a_new_note_needs_all_of_it(send, missing):
    answer = send("POST", body={name: WHOLE[name] for name in WHOLE if name != missing})
    assert (answer.status_code, answer.json()["error"].split(":")[0]) == (400, missing)
    assert not Note.objects.exists()


def test_a_full_board_takes_no_more(send, client, open_board):
    Note.objects.bulk_create(Note(board=open_board, text="x", x=0, y=0) for _ in range(MAX_NOTES))
    answer = send("POST", body=WHOLE)
    assert (answer.status_code, "full" in answer.json()["error"]) == (400, True)
    page = client.post(f"/boards/{open_board.pk}/notes/add/", {"text": "New", "color": "pink"})
    assert "This board is full" in page.text
    assert Note.objects.count() == MAX_NOTES


def test_nothing_is_changed_without_the_csrf_token(open_board, note):
    client = Client(enforce_csrf_checks=True)
    board = f"/boards/{open_board.pk}/"
    url = f"{board}notes/{note.pk}/"
    assert client.delete(url).status_code == 403
    answer = client.post(f"{url}delete/")
    assert (answer.status_code, "too old" in answer.text) == (403, True)
    assert Note.objects.exists()
    client.get(board)
    token = client.cookies["csrftoken"].value
    assert client.delete(url, headers={"X-CSRFToken": token}).status_code == 204


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", ""), ("DELETE", ""), ("GET", "1/"), ("POST", "1/")]
)
def test_other_methods_are_refused(send, method, path):
    assert send(method, path).status_code == 405


@pytest.mark.parametrize("bad", [{"x": -0.1}, {"x": 1.1}, {"y": -0.1}, {"y": 1.1}, {"color": "no"}])
def test_the_database_keeps_notes_on_the_surface(open_board, bad):
    with pytest.raises(IntegrityError), transaction.atomic():
        Note.objects.create(**{"board": open_board, "text": "x", "x": 0, "y": 0, **bad})
