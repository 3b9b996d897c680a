"""What boards tell about their people, and what guests may be called: the site's settings."""

import logging

import pytest
from asgiref.sync import async_to_sync
from django.contrib.auth.models import AnonymousUser, User
from django.http import HttpResponse
from django.template import Context, Template
from django.test import RequestFactory

from presence.auth import Privacy, Right, admit, names, permitted
from presence.auth.rights import SiteRules
from presence.boards import NamedBoard, privacy_of
from presence.checks import check_settings
from presence.guests import set_cookie
from presence.protocol.errors import NoBoard, Restarting, TryLater
from presence.protocol.identity import look_of
from presence_site.models import Board
from tests.support.examples import example

pytestmark = pytest.mark.django_db(transaction=True)

ROOM = NamedBoard("lobby")
MODEL = {"BOARD_MODEL": "presence_site.Board", "GUESTS": True}
LEVELS = [*Privacy]


def by_name(board):
    """The rule of a site that names rooms after their level."""
    return "counts-only" if isinstance(board, Board) else board


def nonsense(board):
    return "nonsense"


@pytest.fixture
def give(monkeypatch):
    """Give the boards of the example site a level of their own."""
    return lambda level: monkeypatch.setattr(Board, "presence_privacy", level, raising=False)


async def level_of(board, **scope):
    return (await admit({"cookies": {}, **scope}, board)).privacy


def rendered(tag, **context):
    request = RequestFactory().get("/")
    request.user = AnonymousUser()
    page = Template(f"{{% load presence %}}{{% {tag} %}}")
    return page.render(Context({"request": request, **context}))


@pytest.mark.parametrize("level", LEVELS)
def test_the_level_is_the_boards_own_or_the_sites(settings, give, level):
    settings.PRESENCE = {**MODEL, "PRIVACY": level.value}
    assert privacy_of(Board()) is privacy_of("lobby") is level
    for own in ("full", Privacy.COUNTS_ONLY, lambda self: "counts-only"):
        give(own)
        assert privacy_of(Board()) is Privacy(own(None) if callable(own) else own)
    for none in (None, "", lambda self: None):
        give(none)
        assert privacy_of(Board()) is level


def test_the_examples_of_the_page(settings, give):
    made = {}
    for code in ("PRESENCE", "mysite/rules.py"):
        exec(example("docs/privacy.md", "Levels", "python", code), made)
    settings.PRESENCE = {**MODEL, **made["PRESENCE"]}
    assert privacy_of("lobby") is Privacy.NO_GUEST_NAMES
    assert [Privacy(made["privacy"](room)) for room in ("clinic", "lobby")] == [
        Privacy.OFF,
        Privacy.NO_GUEST_NAMES,
    ]


def test_a_function_of_the_site_says_it_for_rooms(settings, give):
    settings.PRESENCE = {**MODEL, "PRIVACY": f"{__name__}.by_name"}
    assert [privacy_of(level.value) for level in LEVELS] == LEVELS
    assert privacy_of(Board()) is Privacy.COUNTS_ONLY
    give("full")
    assert privacy_of(Board()) is Privacy.FULL


async def test_visitors_get_the_level_of_their_board(settings):
    settings.PRESENCE = {**MODEL, "PRIVACY": f"{__name__}.by_name"}
    for level in LEVELS[:3]:
        for _ in range(2):  # Guests share an answer.
            assert await level_of(NamedBoard(level.value)) is level
        account = User(pk=1, username="ada")
        assert await level_of(NamedBoard(level.value), user=account) is level


@pytest.mark.parametrize("user", [{}, {"user": User(pk=1, username="ada")}])
async def test_nobody_comes_onto_a_board_that_is_off(settings, user):
    settings.PRESENCE = {**MODEL, "PRIVACY": "off"}
    with pytest.raises(NoBoard, match=r"off for 'lobby': PRESENCE\['PRIVACY'\] is 'off'"):
        await level_of(ROOM, **user)
    assert await permitted(AnonymousUser(), [ROOM]) == []


async def test_nobody_comes_in_where_the_level_is_not_known(settings, caplog):
    settings.PRESENCE = {**MODEL, "PRIVACY": f"{__name__}.nonsense"}
    with pytest.raises(TryLater, match="nonsense of 'lobby' is 'nonsense', not one of 'full'"):
        await level_of(ROOM)
    assert await permitted(AnonymousUser(), [ROOM]) == []


@pytest.mark.parametrize(
    ("before", "after", "verdict"),
    [
        ("full", "full", type(None)),
        ("full", "counts-only", Restarting),
        ("counts-only", "full", Restarting),
        ("full", "off", NoBoard),
        ("full", "nonsense", TypeError),
    ],
)
async def test_open_sockets_follow_the_level(settings, monkeypatch, before, after, verdict):
    settings.PRESENCE = {**MODEL, "PRIVACY": f"{__name__}.level"}
    monkeypatch.setitem(globals(), "level", lambda board: before)
    visitor = await admit({"cookies": {}}, ROOM)
    monkeypatch.setitem(globals(), "level", lambda board: after)
    assert isinstance(visitor.right, Right)
    answers = await SiteRules().ask([visitor.right])
    assert type(answers[visitor.right]) is verdict


@pytest.mark.parametrize("tag", ["presence_overlay board", "presence_count board"])
def test_pages_of_boards_that_are_off_have_nothing(settings, give, tag):
    settings.PRESENCE = {**MODEL, "PRIVACY": f"{__name__}.by_name"}
    board = Board(pk="00000000-0000-4000-8000-000000000001")
    assert "endpoint" in rendered(tag, board=board)
    give("off")
    for off in (board, "off"):
        settings.DEBUG = False
        assert "script" not in rendered(tag, board=off)
        settings.DEBUG = True
        assert "'off'. -->" in rendered(tag, board=off)


@pytest.mark.parametrize("level", LEVELS[:3])
def test_the_page_has_a_guests_name_only_where_it_is_shown(settings, level):
    settings.PRESENCE = {**MODEL, "PRIVACY": level.value}
    page = rendered('presence_overlay board name="Evelyn"', board="lobby")
    assert ("Evelyn" in page) is (level is Privacy.FULL)


@pytest.mark.parametrize("level", ["counts-only", "off"])
def test_nobody_is_seen_online_where_the_site_shows_counts_only(settings, level, monkeypatch):
    settings.PRESENCE = {**MODEL, "PRIVACY": level}
    monkeypatch.setattr("presence.page_counts.PagePresence.whereabouts", pytest.fail)
    assert rendered("presence_last_seen user", user=User(pk=1)) == ""


def test_a_wrong_level_of_a_model_is_found(settings, give):
    settings.PRESENCE = {"BOARD_MODEL": "presence_site.Board"}

    async def level(self):
        return "full"

    for wrong in ("secret", level):
        give(wrong)
        (message,) = check_settings(None)
        assert (message.id, "presence_site.Board" in message.msg) == ("presence.E031", True)
    for right in ("", "off", Privacy.FULL, property(lambda self: "full"), lambda self: "full"):
        give(right)
        assert check_settings(None) == []


@pytest.mark.parametrize(("age", "told"), [(0, ""), (60, 60), (None, 31_536_000)])
def test_the_guests_cookie_lives_as_long_as_the_site_says(settings, age, told):
    settings.PRESENCE = {**MODEL, **({} if age is None else {"GUEST_COOKIE_AGE": age})}
    response = HttpResponse()
    set_cookie(response, "guest")
    assert response.cookies["presence_guest"]["max-age"] == told


# The names of accounts


@pytest.fixture
def forbids(settings):
    settings.PRESENCE = {**MODEL, "FORBID_ACCOUNT_NAMES": True}


def reserved(**user):
    """The looks that a guest may not have."""
    return async_to_sync(admit)({"cookies": {}}, ROOM).reserved


def test_a_guest_may_not_have_the_name_of_an_account(forbids, settings):
    User.objects.create(username="grace", first_name="Grace", last_name="Hopper")
    assert {look_of("GRACE"), look_of("Gracе Hоpper")} <= {*reserved()}
    # Known at once in this process, from now on; in others by the next time that they read.
    User.objects.create(username="Edsger")
    assert look_of("edsgеr") in reserved()
    settings.PRESENCE = MODEL
    assert look_of("grace") not in reserved()


async def test_the_accounts_are_read_once_for_many_guests(forbids, monkeypatch):
    reads = []
    monkeypatch.setattr(names, "_read_looks", lambda: reads.append(1))
    for _ in range(3):
        await admit({"cookies": {}}, ROOM)
    assert reads == [1]


def test_what_is_read_is_bounded(forbids, monkeypatch, caplog):
    names._reads.clear()
    names._say_too_many.cache_clear()
    monkeypatch.setattr(names, "MAX_ACCOUNTS", 2)
    for name in ("ada", "bob", "cy"):
        User.objects.create(username=name)
    with caplog.at_level(logging.WARNING):
        assert len({look_of(name) for name in ("ada", "bob", "cy")} & {*reserved()}) <= 3
    assert "keeps the names of 2 accounts" in caplog.text


def test_names_of_accounts_that_are_gone_are_free(forbids):
    names._reads.clear()
    user = User.objects.create(username="barbara")
    assert look_of("barbara") in reserved()
    user.delete()
    names._reads.clear()
    assert look_of("barbara") not in reserved()


async def test_an_account_is_not_asked_about(forbids, monkeypatch):
    monkeypatch.setattr(names._reads, "ask", pytest.fail)
    visitor = await admit({"cookies": {}, "user": User(pk=1, username="ada")}, ROOM)
    assert visitor.reserved == frozenset()
