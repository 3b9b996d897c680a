"""Who may join a board, and as whom: by session, by cookie, by token, and for counts."""

import asyncio
import logging
import time
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser, User
from django.utils.translation import gettext_lazy

from presence import auth
from presence.auth import (
    Decision,
    account_name,
    admit,
    ask_board,
    avatars,
    names,
    permitted,
    visitor_name,
)
from presence.auth.avatars import avatar_url
from presence.guests import embedded_person, guest_person, sign_guest
from presence.protocol.errors import Forbidden, NoBoard, SignInRequired, TryLater
from presence.protocol.identity import Visitor, anonymous_name
from presence.server.logs import OutageLog
from presence.tokens import SUBPROTOCOL_PREFIX, issue
from presence_site.models import Board
from tests.django.conftest import boards

GUEST = AnonymousUser()
OWN = "http://testserver"
OTHER = "https://www.example.com"


async def forbid(user, board):
    return Decision.FORBID


async def hide(user, board):
    return Decision.NOT_FOUND


async def answer_no_decision(user, board):
    return True


async def fail(user, board):
    raise RuntimeError("the site's own bug")


async def never(user, board):
    await asyncio.sleep(60)


async def by_title(user, board):
    return decide_by_title(board, user)


def picture(user):
    return f"/media/{user.pk}.png"


async def async_picture(user):
    return picture(user)


def shout(user):
    return user.username.upper()


def scope(user=GUEST, token="", origin=OWN, **more):
    return {
        "user": user,
        "cookies": {},
        "headers": [(b"origin", origin.encode())],
        "subprotocols": ["presence.v1", *([SUBPROTOCOL_PREFIX + token] if token else [])],
        "presence.embedded": origin != OWN,
        **more,
    }


async def members_board():
    """Make a board that guests may not join."""
    return (await Board.objects.acreate(title="Members")).pk


async def test_who_may_join_a_board_without_a_rule():
    assert await ask_board(GUEST, object()) is Decision.SIGN_IN
    assert await ask_board(User(username="ada"), object()) is Decision.ALLOW


async def true(user):
    return True


@pytest.mark.parametrize("rule", [lambda user: True, lambda user: None, true])
async def test_what_is_no_decision_is_an_error_that_names_the_rule(monkeypatch, rule):
    monkeypatch.setattr(Board, "presence_decision", staticmethod(rule))
    with pytest.raises(TypeError, match=r"presence_decision of presence_site.Board returned \w+,"):
        await ask_board(GUEST, Board())


async def test_a_board_may_decide_in_async_code():
    class Deciding:
        async def presence_decision(self, user):
            return Decision.FORBID

    assert await ask_board(GUEST, Deciding()) is Decision.FORBID


def test_every_refusal_has_its_error():
    assert auth.REFUSALS.keys() == set(Decision) - {Decision.ALLOW}


class Person:
    """An account of a user model unlike Django's: what it says of its names."""

    is_authenticated = True

    def __init__(self, pk=7, **names):
        self.pk = pk
        for method, name in names.items():
            setattr(self, method, lambda name=name: name)


def test_the_name_of_an_account():
    assert account_name(User(username="ada")) == "ada"
    assert account_name(User(username="ada", first_name="Ada", last_name="L.")) == "Ada L."
    assert account_name(User(username="ada", first_name="Ada", last_name="a@b.example")) == "Ada"


@pytest.mark.parametrize(
    ("names", "name"),
    [
        ({"get_full_name": None, "get_username": "ada"}, "ada"),
        ({"get_full_name": gettext_lazy("Staff"), "get_username": "ada"}, "Staff"),
        ({"get_full_name": " ", "get_short_name": "Ada", "get_username": "ada"}, "Ada"),
        ({"get_full_name": 7, "get_username": "4711"}, "4711"),
    ],
)
def test_the_name_of_an_account_of_another_model(names, name):
    assert account_name(Person(**names)) == name


@pytest.mark.parametrize(
    "name",
    ["ada@b.example", "Ada <ada@b.example>", "@ada", "a\uff20b.example", "ada\ufe6bb", None, 7, "",
     "+49 (151) 123-456", "0151/123456", "\uff10\uff11\uff15\uff11\uff11\uff12"],
)  # fmt: skip
def test_an_address_or_a_number_is_nobodys_name(name):
    whole = Person(get_full_name=name, get_short_name=name, get_username=name)
    assert account_name(whole) == anonymous_name("user:7")
    assert account_name(Person(get_username=name)) == anonymous_name("user:7")
    assert account_name(Person(8, get_username=name)) == anonymous_name("user:8")


def give(name):
    def display_name(user):
        if name is RuntimeError:
            raise RuntimeError("the site's own bug")
        return name

    return display_name


@pytest.mark.parametrize(
    ("given", "name", "errors"),
    [
        ("ada@b.example", "ada@b.example", 0),  # The site's own word.
        (gettext_lazy("Staff"), "Staff", 0),
        (None, None, 0),
        ("", None, 0),
        ("\u200b", None, 0),
        (7, None, 1),
        (Person(), None, 1),
        (RuntimeError, None, 1),
    ],
)
def test_whatever_the_site_returns_is_a_name(configure, monkeypatch, caplog, given, name, errors):
    monkeypatch.setattr(names, "_naming", OutageLog(names.logger, "%s failed", "%s works"))
    monkeypatch.setitem(globals(), "display_name", give(given))
    configure(DISPLAY_NAME=f"{__name__}.display_name")
    for _ in range(2):
        assert visitor_name(Person()) == (name or anonymous_name("user:7"))
    failed = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(failed) == errors
    assert all("display_name" in record.getMessage() for record in failed)


@pytest.mark.parametrize(
    ("given", "url"),
    [
        (None, ""),
        ("", ""),
        ("/media/ada.png", "/media/ada.png"),
        (gettext_lazy("/media/ada.png"), "/media/ada.png"),
        ("/media/Zoë 1.png", "/media/Zo%C3%AB%201.png"),
        ("/\\evil.example/a.png", "/%5Cevil.example/a.png"),
        ("/\t/evil.example/a.png", "/%09/evil.example/a.png"),
        ("https://cdn.example/a.png?s=1#x", "https://cdn.example/a.png?s=1#x"),
        ("https://a.b.pictures.example/a", "https://a.b.pictures.example/a"),
        ("http://localhost:9000/a", "http://localhost:9000/a"),
        ("https://CDN.example/A", "https://CDN.example/A"),
    ],
)
def test_a_picture_is_a_path_or_of_a_host_that_the_site_names(configure, given, url):
    configure(AVATAR_HOSTS=["cdn.example", ".pictures.example", "localhost:9000"])
    assert avatar_url(given) == url


@pytest.mark.parametrize(
    "given",
    [
        *("//evil.example/a.png", "https://evil.example/a.png", "https://evilcdn.example/a"),
        *("https://cdn.example@evil.example/", "https://cdn.example:8443/a", "https:/cdn.example/"),
        *(
            "media/ada.png",
            "javascript:alert(1)",
            "data:image/png;base64,AA==",
            "ftp://cdn.example/",
        ),
        *("https://a b.pictures.example/", "https://me@a.pictures.example/", "https://[::1/a"),
        *("https://.pictures.example/", "https://a%.pictures.example/", "https:///a"),
        *("//cdn.example/a", " /a.png", "\t//evil.example/a", "/" + "é" * 100, "/" * 256, b"/a", 7),
    ],
)
def test_any_other_picture_is_refused(configure, given):
    configure(AVATAR_HOSTS=["cdn.example", ".pictures.example"])
    with pytest.raises((ValueError, TypeError), match=r"it returned|Invalid IPv6"):
        avatar_url(given)


@pytest.mark.parametrize(
    ("given", "url", "errors"), [("/a.png", "/a.png", 0), ("//evil", "", 1), (RuntimeError, "", 1)]
)
@pytest.mark.parametrize("function", ["display_name", "async_display_name"])
async def test_a_picture_that_fails_keeps_nobody_out(
    configure, monkeypatch, caplog, given, url, errors, function
):
    monkeypatch.setattr(avatars, "_showing", OutageLog(avatars.logger, "%s failed", "%s works"))
    monkeypatch.setitem(globals(), "display_name", give(given))
    configure(AVATAR=f"{__name__}.{function}")
    shown = avatars.avatar_in_thread(Person())
    if function == "async_display_name":
        assert shown is None
        shown = await avatars.avatar_on_loop(Person())
    assert shown == url
    failed = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert len(failed) == errors
    assert all(function in record.getMessage() for record in failed)


async def async_display_name(user):
    return globals()["display_name"](user)


@pytest.mark.django_db(transaction=True)
class TestBySession:
    async def test_a_guest(self, board):
        visitor = await admit(scope(), board)
        assert visitor.name is None
        assert visitor.person.startswith("socket:")
        with pytest.raises(SignInRequired):
            await admit(scope(), await members_board())

    async def test_an_account(self, configure):
        board, user = await members_board(), await User.objects.acreate(username="ada")
        assert await admit(scope(user), board) == Visitor(f"user:{user.pk}", "ada")
        configure(DISPLAY_NAME=f"{__name__}.shout")
        assert (await admit(scope(user), board)).name == "ADA"

    @pytest.mark.parametrize("function", ["picture", "async_picture"])
    async def test_an_account_with_a_picture(self, configure, board, function):
        configure(AVATAR=f"{__name__}.{function}")
        user = await User.objects.acreate(username="ada")
        assert (await admit(scope(user), board)).avatar == f"/media/{user.pk}.png"
        assert (await admit(scope(), board)).avatar == ""
        configure(AVATAR=f"{__name__}.{function}", PRIVACY="counts-only")
        assert (await admit(scope(user), board)).avatar == ""

    async def test_an_account_without_a_visible_name_has_an_anonymous_one(self, board):
        user = await User.objects.acreate(username="\u200b")
        assert (await admit(scope(user), board)).name == anonymous_name(f"user:{user.pk}")

    async def test_a_guest_with_a_cookie_is_one_person(self, board):
        cookies = {"presence_guest": sign_guest("a")}
        assert (await admit(scope(cookies=cookies), board)).person == guest_person("a")
        forged = {"presence_guest": "forged:signature"}
        assert (await admit(scope(cookies=forged), board)).person.startswith("socket:")

    @pytest.mark.parametrize(
        ("rule", "error", "reason"),
        [
            ("forbid", Forbidden, "forbid returned Decision.FORBID for a guest: have it"),
            ("hide", NoBoard, "hide returned Decision.NOT_FOUND"),
            ("fail", TryLater, "failed with RuntimeError: the site's own bug"),
            ("answer_no_decision", TryLater, "answer_no_decision returned True, which is no"),
        ],
    )
    async def test_the_sites_own_rule(self, configure, board, rule, error, reason, caplog):
        configure(AUTHORIZE=f"{__name__}.{rule}")
        with pytest.raises(error, match=reason):
            await admit(scope(), board)
        failed = [record for record in caplog.records if record.levelno == logging.ERROR]
        assert len(failed) == (error is TryLater)

    async def test_a_rule_that_does_not_answer(self, configure, board, monkeypatch):
        monkeypatch.setattr(auth, "DECIDE_WITHIN", 0.01)
        configure(AUTHORIZE=f"{__name__}.never")
        with pytest.raises(TryLater, match="failed with TimeoutError: no answer"):
            await admit(scope(), board)

    async def test_no_such_board_and_no_presence(self, configure, board):
        with pytest.raises(NoBoard):
            await admit(scope(), uuid4())
        configure(ENABLED=False)
        with pytest.raises(TryLater):
            await admit(scope(), board)


@pytest.mark.django_db(transaction=True)
class TestByToken:
    @pytest.mark.parametrize("origin", [OWN, OTHER])
    async def test_a_person_of_another_system(self, origin):
        """The token is the permission: also for a board that guests may not join."""
        board = await members_board()
        token = issue(board, origin=origin, person="crm-7", name="Ada")
        assert await admit(scope(token=token, origin=origin), board) == Visitor(
            embedded_person("crm-7"), "Ada"
        )
        nameless = issue(board, origin=origin, person="crm-7")
        assert (await admit(scope(token=nameless, origin=origin), board)).name is None

    async def test_another_board_or_origin_or_none_at_all(self, board):
        token, other = issue(board, origin=OTHER, person="7"), await members_board()
        for opening, asked, error in [
            (scope(token=token, origin=OTHER), other, Forbidden),
            (scope(token=token), board, Forbidden),
            (scope(origin=OTHER), board, SignInRequired),
        ]:
            with pytest.raises(error):
                await admit(opening, asked)

    async def test_a_board_that_is_gone(self):
        board = uuid4()
        with pytest.raises(NoBoard):
            await admit(scope(token=issue(board, origin=OWN, person="7")), board)

    async def test_the_rules_are_asked_again_about_an_account(self):
        board, user = await members_board(), await User.objects.acreate(username="ada")
        opening = scope(token=issue(board, origin=OTHER, user=user), origin=OTHER)
        assert await admit(opening, board) == Visitor(f"user:{user.pk}", "ada")
        accounts = User.objects.filter(pk=user.pk)
        for take_away in (lambda: accounts.aupdate(is_active=False), accounts.adelete):
            await take_away()
            with pytest.raises(SignInRequired):
                await admit(opening, board)

    async def test_a_session_does_not_make_up_for_a_forged_token(self, board):
        user = await User.objects.acreate(username="ada")
        with pytest.raises(Forbidden):
            await admit(scope(user, token="forged"), board)


def decide_by_title(board, user):
    return True if board.title == "true" else Decision[board.title]


async def decide_by_title_in_async_code(board, user):
    return decide_by_title(board, user)


@pytest.mark.django_db(transaction=True)
class TestSeveralBoards:
    @pytest.mark.parametrize("rule", ["a setting", decide_by_title, decide_by_title_in_async_code])
    async def test_those_that_the_rule_allows(self, configure, monkeypatch, caplog, rule):
        if rule == "a setting":
            configure(AUTHORIZE=f"{__name__}.by_title")
        else:
            monkeypatch.setattr(Board, "presence_decision", rule)
        titles = [*(decision.name for decision in Decision), "a rule that fails", "true"]
        made = [(await sync_to_async(boards)(title=title))[0] for title in titles]
        assert await permitted(GUEST, [*made, uuid4()]) == [made[titles.index("ALLOW")]]
        assert caplog.text.count("auth: rule failed") == 1, "one line a minute"

    async def test_a_rule_that_cannot_be_imported(self, configure, board):
        configure(AUTHORIZE="nowhere.to_be.found")
        with pytest.raises(TryLater):
            await permitted(GUEST, [board])

    @pytest.mark.parametrize("kind", ["async", "blocking", "sync"])
    async def test_those_whose_rule_answers_by_the_deadline(self, configure, monkeypatch, kind):
        made = await sync_to_async(boards)(8)
        slow = made[3:]

        async def waits(user, board):
            await asyncio.sleep(60 if board.pk in slow else 0)
            return Decision.ALLOW

        async def blocks(user, board):
            return in_thread(board, user)

        def in_thread(board, user):
            time.sleep(0.4)
            return Decision.ALLOW

        if kind == "sync":
            monkeypatch.setattr(Board, "presence_decision", in_thread)
        else:
            monkeypatch.setattr(auth, "_authorize", lambda: waits if kind == "async" else blocks)
        allowed = await permitted(GUEST, made, time.monotonic() + 2.0)
        assert set(allowed) == set(made[:3]) if kind == "async" else 1 <= len(allowed) < 8
