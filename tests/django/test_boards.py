"""What is a board: objects with any key, references, named rooms, and how they are found."""

import copy
import pickle
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from urllib.parse import unquote
from uuid import UUID, uuid4, uuid5

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from django.contrib.sessions.models import Session
from django.db import models
from django.test.utils import isolate_apps
from django.urls import resolve, reverse
from django.utils.functional import SimpleLazyObject
from django.utils.safestring import SafeString

from presence import api, auth
from presence.auth import Decision, permit, permitted
from presence.boards import (
    NotABoard,
    board_of,
    find_board,
    find_boards,
    is_room,
    keys_in,
    of_key,
    parse_board,
    quoted,
)
from presence.protocol.board_ids import NAMESPACE, NamedBoard
from presence.protocol.errors import Forbidden, NoBoard, SignInRequired
from presence_site.models import Board
from tests.django.conftest import boards

LABELS = ["presence_site.Board", "auth.User", "auth.Group", "sessions.Session"]


@pytest.fixture(autouse=True)
def several_models(configure):
    configure(BOARD_MODEL="", BOARDS=LABELS)


def session(key):
    return Session(session_key=key)


@pytest.mark.parametrize(
    ("given", "reference", "in_url"),
    [
        (Group(pk=42), "auth.group:42", "auth.group:42"),
        (SimpleLazyObject(lambda: User(pk=7)), "auth.user:7", "auth.user:7"),
        ("auth.Group:042", "auth.group:42", "auth.group:42"),
        (session("a/b c:ü#?%"), "sessions.session:a/b c:ü#?%", None),
        ("lobby", "lobby", "lobby"),
        (SafeString("Tea-room_2.b"), "Tea-room_2.b", "Tea-room_2.b"),
    ],
)
def test_a_board_without_a_uuid_as_its_key_is_known_by_its_reference(given, reference, in_url):
    board = board_of(given)
    assert str(board) == reference
    assert board == uuid5(NAMESPACE, reference)
    assert board_of(reference) == parse_board(reference) == board_of(board) == board
    assert quoted(board) == (in_url or "sessions.session:a%2Fb%20c:%C3%BC%23%3F%25")
    assert is_room(board) is (":" not in reference)


def test_a_board_with_a_uuid_as_its_key_is_that_uuid():
    key = uuid4()
    given = (
        key,
        str(key),
        key.hex,
        Board(pk=key),
        Board(pk=str(key)),
        f"presence_site.board:{key}",
    )
    assert {type(board_of(each)) for each in given} == {UUID}
    assert {board_of(each) for each in given} == {key}
    assert quoted(key) == str(key)


def test_a_named_board_is_a_uuid_that_keeps_its_reference():
    board = NamedBoard("lobby")
    same = UUID(board.hex)
    assert (board, hash(board)) == (same, hash(same))
    assert repr(board) == "NamedBoard('lobby')"
    for each in (copy.deepcopy(board), pickle.loads(pickle.dumps(board))):
        assert (each, str(each)) == (board, "lobby")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (None, "None (NoneType)"),
        (7, "7 (int)"),
        ("", "'' is no board"),
        ("7", "'7' is no board"),
        ("staff", "'staff' is no board"),
        ("tea room", "1 to 100 letters"),
        ("x" * 101, "1 to 100 letters"),
        ("x" * 501, "at most 500 characters"),
        ("a:", "names no model 'a'"),
        ("auth.permission:7", "names no model 'auth.permission'"),
        ("auth.group:", "'' is no key of auth.group"),
        ("auth.group:x", "'x' is no key of auth.group"),
        (f"auth.group:{10**30}", "is no key of auth.group"),
        ("sessions.session:a\0b", "is no key of sessions.session"),
        ("sessions.session:\udc80", "is no key of sessions.session"),
        ("presence_site.board:7", "'7' is no key of presence_site.board"),
        (Group(), "auth.Group object (None) is no board until it is saved"),
        (session("x" * 500), "over 500 characters"),
    ],
)
def test_what_is_no_board(given, said):
    with pytest.raises(NotABoard) as raised:
        board_of(given)
    assert said in str(raised.value)
    if isinstance(given, str):
        with pytest.raises(NoBoard):
            parse_board(given)


PRICE = models.DecimalField(max_digits=6, decimal_places=2)
TIME = models.DateTimeField()
CET = timezone(timedelta(hours=1))


@isolate_apps("tests")
def model_with(field):
    key = copy.copy(field)
    key.primary_key = True
    attributes = {"key": key, "__module__": __name__}
    return type(
        "Thing", (models.Model,), {**attributes, "Meta": type("Meta", (), {"app_label": "tests"})}
    )


@pytest.mark.parametrize(
    ("field", "made", "stored", "text"),
    [
        (PRICE, Decimal("1.5"), Decimal("1.50"), "1.5"),
        (PRICE, 1200, Decimal("1200.00"), "1200"),
        (PRICE, "0", Decimal("0.00"), "0"),
        (
            TIME,
            datetime(2026, 1, 2, 1, 30, tzinfo=CET),
            datetime(2026, 1, 2, 0, 30, tzinfo=UTC),
            "2026-01-02 00:30:00+00:00",
        ),
    ],
)
def test_an_object_that_was_just_made_is_the_board_that_the_database_returns(
    field, made, stored, text
):
    model = model_with(field)
    board = of_key(model, stored)
    assert str(board) == f"tests.thing:{text}"
    assert of_key(model, made) == of_key(model, text) == board
    assert keys_in(model, [board]) == {board: stored}


@pytest.mark.parametrize(
    ("field", "key"),
    [
        (PRICE, "1E+999999999"),
        (PRICE, "123456"),
        (PRICE, "1.234"),
        (PRICE, "NaN"),
        (TIME, "9999-12-31T23:59:59-12:00"),
    ],
)
def test_a_key_with_which_a_query_would_fail_is_none(field, key):
    """Otherwise one such reference would take the counts of all others with it."""
    with pytest.raises(NotABoard, match="is no key of "):
        of_key(model_with(field), key)


def test_an_object_of_another_model_is_named(configure):
    configure(BOARDS=["auth.Group"])
    with pytest.raises(NotABoard, match=r"auth.User object \(7\) .* PRESENCE\['BOARDS'\]"):
        board_of(User(pk=7))


@pytest.mark.django_db(transaction=True)
class TestFound:
    def test_objects_and_rooms_are_found_with_one_query_for_each_model(
        self, django_assert_num_queries
    ):
        group, (plans,) = Group.objects.create(name="Chess"), boards()
        user = User.objects.create(username="ada")
        asked = [board_of(each) for each in (group, plans, "lobby", user, Group(pk=99), uuid4())]
        with django_assert_num_queries(3):
            found = find_boards(asked)
        assert found.keys() == {*asked[:4]}
        assert found[asked[0]] == group
        assert found[asked[1]] == Board.objects.get()
        assert found[asked[2]] == "lobby"
        for missing in asked[4:]:
            with pytest.raises(NoBoard, match=str(missing)):
                find_board(missing)

    def test_a_key_that_the_database_takes_for_another_is_not_found(self, monkeypatch):
        """As of a collation that ignores case."""
        Session.objects.create(session_key="abc", expire_date="2030-01-01T00:00Z")
        everything = Session.objects.all()
        monkeypatch.setattr(Session._default_manager, "filter", lambda **kwargs: everything)
        assert [*find_boards([board_of("sessions.session:abc")])]
        assert not find_boards([board_of("sessions.session:ABC")])

    def test_a_key_of_a_time_when_the_model_had_others_is_not_found(self):
        assert not find_boards([NamedBoard("auth.group:a-slug")])

    async def test_the_api_finds_them_too(self):
        group = await Group.objects.acreate(name="Chess")
        assert await api.afind(f"auth.group:{group.pk}") == group
        assert await api.afind("lobby") == "lobby"
        assert await api.afind(uuid4()) is None


@pytest.mark.parametrize("given", [session("a/b ü#%"), Group(pk=7), "lobby", uuid4()])
@pytest.mark.parametrize("name", ["token", "board_hours"])
def test_urls_have_any_reference(given, name):
    board = board_of(given)
    found = resolve(unquote(reverse(f"presence:{name}", kwargs={"board": board})))
    assert (found.kwargs["board"], str(found.kwargs["board"])) == (board, str(board))


@pytest.mark.django_db(transaction=True)
class TestWhoMayJoin:
    @pytest.mark.parametrize(
        ("given", "name"), [("auth.group:1", "auth.Group"), ("lobby", "the room 'lobby'")]
    )
    async def test_without_a_rule_guests_need_the_setting(self, configure, given, name):
        await Group.objects.acreate(pk=1, name="Chess")
        board, guest = board_of(given), AnonymousUser()
        await permit(User(username="ada"), board)
        remedy = f"Guests may not join {name}, which has no rule: .*PRESENCE\\['GUESTS'\\] to True"
        with pytest.raises(SignInRequired, match=remedy):
            await permit(guest, board)
        assert await permitted(guest, [board]) == []
        configure(GUESTS=True)
        await permit(guest, board)
        assert await permitted(guest, [board]) == [board]

    async def test_a_rule_in_the_model_is_asked_whatever_the_setting(self, configure):
        configure(GUESTS=True)
        board = (await Board.objects.acreate(title="Members")).pk
        with pytest.raises(SignInRequired, match=r"presence_decision of presence_site.Board"):
            await permit(AnonymousUser(), board)

    async def test_a_site_s_rule_gets_the_object_or_the_name(self, configure, monkeypatch):
        group = await Group.objects.acreate(name="Chess")
        asked = []

        async def rule(user, board):
            asked.append(board)
            return Decision.FORBID

        monkeypatch.setattr(auth, "import_string", lambda path: rule)
        for given in (group, "lobby"):
            with pytest.raises(Forbidden, match=r"returned Decision.FORBID"):
                await permit(AnonymousUser(), board_of(given))
        assert asked == [group, "lobby"]

    async def test_rules_of_several_kinds_are_asked_together(self, configure, monkeypatch):
        async def decide(self, user):
            return Decision.ALLOW

        monkeypatch.setattr(Group, "presence_decision", decide, raising=False)
        await Group.objects.acreate(pk=1, name="Chess")
        await User.objects.acreate(pk=1, username="ada")
        plans = await Board.objects.acreate(title="Plans", open_to_guests=True)
        asked = [board_of(each) for each in ("auth.group:1", plans, "auth.user:1", "lobby")]
        assert {*await permitted(AnonymousUser(), asked)} == {*asked[:2]}


@pytest.mark.django_db(transaction=True)
class TestAChosenUUID:
    """Whoever chooses the key of an object could choose the UUID of a named board."""

    @pytest.fixture
    def victim(self):
        return board_of("auth.group:42")

    @pytest.fixture
    def chosen(self, victim):
        """An object whose key is that UUID."""
        key = uuid5(NAMESPACE, "auth.group:42")
        assert key == victim
        return Board.objects.create(pk=key, title="Mine", open_to_guests=True)

    def test_it_is_another_board(self, victim, chosen):
        others = {board_of(chosen), board_of(chosen.pk), parse_board(str(chosen.pk))}
        assert len(others) == 1
        assert victim not in others
        assert not is_room(*others)

    def test_it_is_found(self, victim, chosen):
        board = board_of(chosen)
        assert (str(board), find_board(board)) == (str(chosen.pk), chosen)
        assert keys_in(Board, [board]) == {board: chosen.pk}
        assert find_boards([victim]) == {}

    def test_its_url_is_its_own(self, chosen):
        assert resolve(f"/presence/token/{chosen.pk}/").kwargs["board"] == board_of(chosen)


@pytest.mark.parametrize(
    ("rooms", "name", "allowed"),
    [
        (["*"], "anything", True),
        ([], "lobby", False),
        (["lobby", "team-*"], "lobby", True),
        (["lobby", "team-*"], "team-7", True),
        (["lobby", "team-*"], "lobby2", False),
        (["lobby", "team-*"], "Lobby", False),
        (["lobby", "team-*"], "my-team-7", False),
    ],
)
def test_the_names_that_rooms_may_have(configure, rooms, name, allowed):
    configure(ROOMS=rooms)
    if allowed:
        assert parse_board(name) == NamedBoard(name)
    else:
        with pytest.raises(NoBoard, match=r"PRESENCE\['ROOMS'\] has neither"):
            parse_board(name)
    assert board_of("auth.group:42"), "objects need no name"
