"""Notes, as JSON for the board's script and as pages and forms without it."""

import json

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from presence_site.models import Note
from presence_site.notes import MAX_NOTES, open_spot

pytestmark = pytest.mark.django_db

WHOLE = {"text": "New", "x": 0.1, "y": 0.9, "color": "green"}
WIDTH, HEIGHT = 200 / 1600, 180 / 1000
"""Of a note, in fractions of the surface."""


@pytest.fixture
def url(open_board):
    return f"/boards/{open_board.pk}/"


@pytest.fixture
def send(client, url):
    def send(method, path="", body=None):
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        return client.generic(method, f"{url}notes/{path}", data, content_type="application/json")

    return send


class TestAsJson:
    def test_the_list(self, send, note):
        answer = send("GET")
        told = {"id": note.pk, "text": "Hello", "color": "blue", "x": 0.25, "y": 0.5}
        assert answer.json() == {"notes": [told]}
        assert "no-store" in answer.headers["Cache-Control"]

    def test_a_new_note(self, send, open_board):
        answer = send("POST", body=WHOLE)
        made = Note.objects.get()
        assert (answer.status_code, answer.json()) == (201, {"id": made.pk, **WHOLE})
        assert made.board == open_board

    @pytest.mark.parametrize(
        "change", [{"x": 0}, {"x": 0.1, "y": 1.0}, {"text": "Bye"}, {"color": "orange"}, WHOLE]
    )
    def test_a_change_changes_what_it_names(self, send, note, change):
        before = send("GET").json()["notes"][0]
        answer = send("PATCH", f"{note.pk}/", change)
        assert (answer.status_code, answer.json()) == (200, {**before, **change})
        assert send("GET").json()["notes"] == [{**before, **change}]

    def test_words_are_kept_as_they_are(self, send, note):
        words = "<script>alert('x')</script> & \u202eright\nמימין"
        assert send("PATCH", f"{note.pk}/", {"text": words}).json()["text"] == words
        assert send("PATCH", f"{note.pk}/", {"text": "a\r\nb"}).json()["text"] == "a\nb"

    def test_two_changes_at_once_both_stand(self, send, note, monkeypatch):
        """Between reading the note for a move and writing it, its words change."""
        real = Note.objects.filter

        def words_first(**kwargs):
            real(pk=note.pk).update(text="Changed meanwhile")
            return real(**kwargs)

        monkeypatch.setattr(Note.objects, "filter", words_first)
        send("PATCH", f"{note.pk}/", {"x": 0.75})
        note.refresh_from_db()
        assert (note.text, note.x) == ("Changed meanwhile", 0.75)
        monkeypatch.setattr(Note.objects, "filter", lambda **kwargs: Note.objects.none())
        assert send("PATCH", f"{note.pk}/", {"x": 0.75}).status_code == 404, "deleted meanwhile"

    def test_delete(self, send, note):
        for path, status in ((note.pk, 204), (note.pk, 404), (10**30, 404)):
            assert send("DELETE", f"{path}/").status_code == status
        assert not Note.objects.exists()

    @pytest.mark.parametrize(
        ("body", "reason"),
        [
            *((body, "not JSON") for body in (b"", b"{", b"\xff\xfe", b"[" * 100_000)),
            (b'{"x": ' + b"9" * 5000 + b"}", "not JSON"),
            *((body, "JSON object") for body in (b"[]", b"{}", b"null")),
            *((b'{"x": %b}' % value, "x:") for value in (b"NaN", b"1e999", b"-0.001")),
            (b'{"y": 1.001}', "y:"),
            (b'{"x": "0.5"}', "'x' cannot be str"),
            (b'{"x": true}', "'x' cannot be bool"),
            (b'{"x": null}', "'x' cannot be NoneType"),
            (b'{"y": [0.5]}', "'y' cannot be list"),
            (b'{"text": 5}', "'text' cannot be int"),
            *((b'{"text": "%b"}' % text, "text:") for text in (b"  ", b"a\\u0000b", b"x" * 501)),
            (b'{"text": "\\ud800"}', "Unicode"),
            (b'{"color": "plaid"}', "color:"),
            (b'{"id": 7}', "'id' cannot be"),
            (b'{"board": "x"}', "'board' cannot be"),
            (b'{"x": 0.5, "y": 2}', "y:"),
        ],
    )
    def test_bad_input_is_told_why_and_changes_nothing(self, send, note, body, reason):
        before = list(Note.objects.values())
        whole = json.dumps(WHOLE)[:-1].encode() + b", " + body[1:] if body[:2] == b'{"' else body
        for answer in (send("PATCH", f"{note.pk}/", body), send("POST", body=whole)):
            assert answer.status_code == 400
            assert reason in answer.json()["error"]
        assert list(Note.objects.values()) == before

    @pytest.mark.parametrize("missing", WHOLE)
    def test_a_new_note_needs_all_of_it(self, send, missing):
        answer = send("POST", body={name: WHOLE[name] for name in WHOLE if name != missing})
        assert (answer.status_code, answer.json()["error"].split(":")[0]) == (400, missing)
        assert not Note.objects.exists()

    @pytest.mark.parametrize(
        ("method", "path"), [("PUT", ""), ("DELETE", ""), ("GET", "1/"), ("POST", "1/")]
    )
    def test_other_methods(self, send, method, path):
        assert send(method, path).status_code == 405


class TestAsPages:
    def test_the_board_links_to_them(self, client, url, note):
        page = client.get(url).text
        for path in ("notes/add/", f"notes/{note.pk}/edit/", f"notes/{note.pk}/delete/"):
            assert f'href="{url}{path}"' in page

    def test_add(self, client, url, note):
        answer = client.post(f"{url}notes/add/", {"text": "One\r\ntwo", "color": "green"})
        assert answer.headers["Location"] == url
        made = Note.objects.latest("pk")
        assert (made.text, made.color, (made.x, made.y)) == ("One\ntwo", "green", open_spot(1))

    def test_edit_leaves_the_place_alone(self, client, url, note):
        page = f"{url}notes/{note.pk}/edit/"
        assert "Hello</textarea>" in client.get(page).text
        assert client.post(page, {"text": "Bye", "color": "pink"}).headers["Location"] == url
        note.refresh_from_db()
        assert (note.text, note.color, note.x, note.y) == ("Bye", "pink", 0.25, 0.5)

    def test_delete_asks_first(self, client, url, note):
        page = f"{url}notes/{note.pk}/delete/"
        assert "Delete this note?" in client.get(page).text
        assert Note.objects.exists()
        assert client.post(page).headers["Location"] == url
        assert not Note.objects.exists()

    @pytest.mark.parametrize(
        ("form", "reason"),
        [
            ({"text": " ", "color": "pink"}, "This field is required"),
            ({"text": "x" * 501, "color": "pink"}, "at most 500 characters"),
            ({"text": "Bye", "color": "plaid"}, "not one of the available choices"),
        ],
    )
    def test_bad_input_is_told_in_words_and_changes_nothing(self, client, url, note, form, reason):
        for path in ("add/", f"{note.pk}/edit/"):
            answer = client.post(f"{url}notes/{path}", form)
            assert (answer.status_code, reason in answer.text) == (200, True)
        assert [(kept.text, kept.color) for kept in Note.objects.all()] == [("Hello", "blue")]

    def test_line_breaks_count_once(self, client, url):
        form = {"text": "\r\n".join("x" * 250), "color": "pink"}
        assert client.post(f"{url}notes/add/", form).status_code == 302
        assert len(Note.objects.get().text) == 499


def test_new_notes_do_not_lie_upon_each_other():
    spots = [open_spot(nth) for nth in range(24)]
    assert len(set(spots)) == 24
    assert all(0 <= x <= 1 - WIDTH and 0 <= y <= 1 - HEIGHT for x, y in spots)
    assert open_spot(24) == open_spot(0)


def test_a_full_board_takes_no_more(send, client, url, open_board):
    Note.objects.bulk_create(Note(board=open_board, text="x", x=0, y=0) for _ in range(MAX_NOTES))
    answer = send("POST", body=WHOLE)
    assert (answer.status_code, "full" in answer.json()["error"]) == (400, True)
    page = client.post(f"{url}notes/add/", {"text": "New", "color": "pink"})
    assert "This board is full" in page.text
    assert Note.objects.count() == MAX_NOTES


def test_nothing_is_changed_without_the_csrf_token(url, note):
    client, json_url = Client(enforce_csrf_checks=True), f"{url}notes/{note.pk}/"
    assert client.delete(json_url).status_code == 403
    answer = client.post(f"{json_url}delete/")
    assert (answer.status_code, "too old" in answer.text) == (403, True)
    assert Note.objects.exists()
    client.get(url)
    token = client.cookies["csrftoken"].value
    assert client.delete(json_url, headers={"X-CSRFToken": token}).status_code == 204


@pytest.mark.parametrize("bad", [{"x": -0.1}, {"x": 1.1}, {"y": -0.1}, {"y": 1.1}, {"color": "no"}])
def test_the_database_keeps_notes_on_the_surface(open_board, bad):
    with pytest.raises(IntegrityError), transaction.atomic():
        Note.objects.create(**{"board": open_board, "text": "x", "x": 0, "y": 0, **bad})
