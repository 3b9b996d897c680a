"""Who may do what: every address of a board, for everyone who may ask."""

import pytest
from django.contrib.auth.models import AnonymousUser

from presence.auth import Decision
from presence_site.models import Board, Note

pytestmark = pytest.mark.django_db

OK, SIGN_IN, FORBIDDEN = "ok", "sign in", "forbidden"
SEE_OPEN = {"guest": OK, "user": OK, "owner": OK, "staff": OK}
SEE_CLOSED = {**SEE_OPEN, "guest": SIGN_IN}
MANAGE = {"guest": SIGN_IN, "user": FORBIDDEN, "owner": OK, "staff": OK}

PAGES = {
    "": ["get"],
    "rename/": ["get", "post"],
    "delete/": ["get", "post"],
    "notes/": ["get", "post"],
    "notes/add/": ["get", "post"],
    "notes/{note}/": ["patch", "delete"],
    "notes/{note}/edit/": ["get", "post"],
    "notes/{note}/delete/": ["get", "post"],
}
FORM = {"title": "Changed", "text": "Changed", "color": "pink"}
JSON = {"text": "Changed", "color": "pink", "x": 0.5, "y": 0.5}


def outcome(answer):
    if answer.status_code == 302 and answer.headers["Location"].startswith("/accounts/login/"):
        return SIGN_IN
    return {200: OK, 302: OK, 201: OK, 204: OK, 401: SIGN_IN, 403: FORBIDDEN}[answer.status_code]


def send(client, method, path, url):
    if method == "get":
        return client.get(url)
    if path == "notes/" or method != "post":
        return getattr(client, method)(url, JSON, content_type="application/json")
    return client.post(url, FORM)


def state():
    boards = list(Board.objects.values_list("pk", "title"))
    return boards, list(Note.objects.order_by("pk").values_list("pk", "text", "color", "x"))


@pytest.mark.parametrize("who", SEE_OPEN)
@pytest.mark.parametrize("open_to_guests", [True, False])
@pytest.mark.parametrize(
    ("path", "method"), [(path, method) for path, methods in PAGES.items() for method in methods]
)
def test_who_may_do_what(people, open_board, note, signed_in, who, open_to_guests, path, method):
    Board.objects.update(open_to_guests=open_to_guests)
    client, before = signed_in(people[who]), state()
    url = f"/boards/{open_board.pk}/{path.format(note=note.pk)}"
    may_see = SEE_OPEN if open_to_guests else SEE_CLOSED
    expected = (MANAGE if path in ("rename/", "delete/") else may_see)[who]
    assert outcome(send(client, method, path, url)) == expected
    assert (state() != before) == (expected == OK and method != "get")


@pytest.mark.parametrize(("who", "expected"), {**MANAGE, "user": OK}.items())
def test_whoever_is_signed_in_may_make_boards(people, signed_in, who, expected):
    client = signed_in(people[who])
    assert outcome(client.get("/boards/new/")) == expected
    assert outcome(client.post("/boards/new/", {"title": "Mine"})) == expected
    assert Board.objects.exists() == (expected == OK)


def test_only_those_who_manage_a_board_are_offered_to(people, open_board, signed_in):
    url = f"/boards/{open_board.pk}/"
    offered = {
        who for who, person in people.items() if f"{url}rename/" in signed_in(person).get(url).text
    }
    assert offered == {"owner", "staff"}


def test_a_guest_comes_back_to_the_board_after_signing_in(client, owner, closed_board):
    url = f"/boards/{closed_board.pk}/"
    login = client.get(url).headers["Location"]
    assert login == f"/accounts/login/?next={url}"
    form = {"username": "olga", "password": "pw-olga-1", "next": url}
    assert client.post(login, form).headers["Location"] == url


def test_the_decision_for_each_kind_of_person(people, open_board, closed_board):
    guest, suspended = AnonymousUser(), people["user"]
    suspended.is_active = False
    assert open_board.presence_decision(guest) is Decision.ALLOW
    assert closed_board.presence_decision(guest) is Decision.SIGN_IN
    assert closed_board.presence_decision(people["owner"]) is Decision.ALLOW
    for board in (open_board, closed_board):
        assert board.presence_decision(suspended) is Decision.FORBID
        assert not board.managed_by(suspended)


@pytest.mark.parametrize(
    ("decision", "page", "api"),
    [(Decision.FORBID, 403, 403), (Decision.NOT_FOUND, 404, 404), (Decision.SIGN_IN, 302, 401)],
)
def test_pages_and_json_obey_every_decision(client, open_board, monkeypatch, decision, page, api):
    monkeypatch.setattr(Board, "presence_decision", lambda self, user: decision)
    assert client.get(f"/boards/{open_board.pk}/").status_code == page
    answer = client.get(f"/boards/{open_board.pk}/notes/")
    assert (answer.status_code, list(answer.json())) == (api, ["error"])


def test_a_note_is_reached_through_its_own_board_only(people, note, closed_board, signed_in):
    client = signed_in(people["owner"])
    path = f"/boards/{closed_board.pk}/notes/{note.pk}/"
    assert client.delete(path).status_code == 404
    for page in ("delete/", "edit/"):
        assert client.post(path + page, FORM).status_code == 404
    assert Note.objects.filter(text="Hello").exists()
