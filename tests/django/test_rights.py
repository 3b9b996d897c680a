"""Those who were let in are asked about again: every way to lose a right is found, and nobody whose
right remains is told to go. No signal is needed for that; `test_changes.py` has the signals."""

import asyncio
from types import SimpleNamespace

import pytest
from asgiref.sync import sync_to_async
from channels.auth import AuthMiddlewareStack
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser, Permission, User
from django.contrib.sessions.models import Session
from django.core.cache import caches
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from presence.auth import Decision, Right, admit, rights
from presence.auth.rights import RULES_AT_ONCE, SiteRules
from presence.guests import sign_guest
from presence.protocol.errors import Forbidden, NoBoard, SignInRequired
from presence.tokens import issue
from presence_site.models import Board
from tests.django.test_joins import ORIGIN, scope
from tests.django.test_sessions import engine  # noqa: F401
from tests.support.fixtures import redis  # noqa: F401

pytestmark = pytest.mark.django_db(transaction=True)

MAY_SEE = "presence_site.view_board"


async def with_permission(user, board):
    allowed = await sync_to_async(user.has_perm)(MAY_SEE)
    return Decision.ALLOW if allowed or not user.is_authenticated else Decision.FORBID


async def only_ada(user, board):
    asked.append((user.pk, board.pk))
    under_way.append(1)
    most_at_once.append(len(under_way))
    await asyncio.sleep(0)
    under_way.pop()
    if user.username == "eve":
        raise RuntimeError("on purpose")
    return Decision.ALLOW if user.username == "ada" else Decision.FORBID


asked, under_way, most_at_once = [], [], []


def sign_in(name="ada"):
    """Return the user, and the cookies of a session."""
    user, _ = User.objects.get_or_create(username=name)
    client = Client()
    client.force_login(user)
    return user, {name: cookie.value for name, cookie in client.cookies.items()}


async def visit(board, name="ada", token="", **cookies):
    """Let somebody in, and return their right."""
    if name:
        cookies |= (await sync_to_async(sign_in)(name))[1]
    return (await admit(scope(token, **cookies), board)).right


async def verdict(right: Right):
    """Return what the rules say now about one right."""
    return (await SiteRules().ask([right]))[right]


@sync_to_async
def change(does):
    """Change something in a way that sends no signal."""
    does(User.objects.get(username="ada"))


def new_password(user):
    user.set_password("another")
    User.objects.filter(pk=user.pk).update(password=user.password)


WAYS = {
    "deactivated": (lambda user: User.objects.filter(pk=user.pk).update(is_active=False), 4401),
    "deleted": (lambda user: user.delete(), 4401),
    "password": (new_password, 4401),
    "signed out": (lambda user: Session.objects.all()._raw_delete("default"), 4401),
    "expired": (lambda user: Session.objects.update(expire_date=timezone.now()), 4401),
    "no permission": (lambda user: user.user_permissions.through.objects.all().delete(), 4403),
    "board deleted": (lambda user: Board.objects.all()._raw_delete("default"), 4404),
}


@pytest.mark.parametrize("way", WAYS)
async def test_each_way_to_lose_a_right(configure, board, way):
    configure(AUTHORIZE=f"{__name__}.with_permission")
    user, cookies = await sync_to_async(sign_in)()
    seeing = await Permission.objects.aget(codename="view_board")
    await user.user_permissions.aadd(seeing)
    right = (await admit(scope(**cookies), board)).right
    assert await verdict(right) is None
    does, code = WAYS[way]
    await change(does)
    error = await verdict(right)
    assert error.close == code
    assert bool(error.retry) is (code == 4401), "the browser may have a new session, or be a guest"


async def test_a_board_that_is_for_members_now(board):
    guest, ada = await visit(board, ""), await visit(board)
    await Board.objects.aupdate(open_to_guests=False)
    answers = await SiteRules().ask([guest, ada])
    assert answers[ada] is None
    assert isinstance(answers[guest], SignInRequired)
    assert answers[guest].retry == 0, "there is nothing to come back with"


async def test_a_member_who_signed_out_is_no_guest(board):
    """Guests may be there, but the socket has the account's name."""
    right = await visit(board)
    await Session.objects.all().adelete()
    assert isinstance(await verdict(right), SignInRequired)


async def test_the_session_of_another_who_signed_in_with_it(board):
    """Django gives it another key, but a site may not."""
    _, cookies = await sync_to_async(sign_in)()
    right = (await admit(scope(**cookies), board)).right
    await sync_to_async(lambda: exchange(cookies["sessionid"]))()
    assert isinstance(await verdict(right), SignInRequired)


def exchange(key):
    """Put another account into a session."""
    sign_in("bob")
    row, others = Session.objects.get(pk=key), Session.objects.exclude(pk=key).get()
    row.session_data = others.session_data
    row.save()


class TestTokens:
    @pytest.mark.parametrize("way", ["deactivated", "deleted", "password", "board deleted"])
    async def test_of_an_account(self, board, way):
        user = await User.objects.acreate(username="ada")
        token = issue(board, origin=ORIGIN, user=user)
        right = await visit(board, "", token)
        assert await verdict(right) is None
        does, code = WAYS[way]
        await change(does)
        assert (await verdict(right)).close == code
        with pytest.raises((SignInRequired, NoBoard)):
            await admit(scope(token), board)

    async def test_of_a_person(self, configure, board):
        """The token is the permission."""
        right = await visit(board, "", issue(board, origin=ORIGIN, person="7"))
        await Board.objects.aupdate(open_to_guests=False)
        assert await verdict(right) is None
        await Board.objects.all().adelete()
        assert isinstance(await verdict(right), NoBoard)

    async def test_says_nothing_of_the_password(self, board):
        user = await User.objects.acreate(username="ada", password="secret")
        right = await visit(board, "", issue(board, origin=ORIGIN, user=user))
        assert user.get_session_auth_hash() not in right.account.proof


class TestEngines:
    @pytest.mark.parametrize("ends", [False, True])
    async def test_each(self, engine, board, ends):  # noqa: F811
        cookies = (await sync_to_async(sign_in)())[1]
        right = (await admit(scope(**cookies), board)).right
        stranger = await visit(board, "bob")
        assert await SiteRules().ask([right, stranger]) == {right: None, stranger: None}
        if ends and engine != "signed_cookies":
            await sync_to_async(log_out)(cookies)
        elif ends:
            await change(new_password)
        answers = await SiteRules().ask([right, stranger])
        assert isinstance(answers[right], SignInRequired) is ends
        assert answers[stranger] is None

    @pytest.mark.parametrize("name", ["db", "cache", "cached_db"])
    async def test_one_query_for_all(self, settings, board, name):
        settings.SESSION_ENGINE = f"django.contrib.sessions.backends.{name}"
        everybody = [await visit(board, f"person{n}") for n in range(20)]
        if name == "cached_db":
            caches["default"].clear()
        queries = await sync_to_async(count_queries)(lambda: rights._ask_in_thread(everybody))
        assert len(queries) == (2 if name == "cache" else 3)

    async def test_a_cache_that_is_down_throws_nobody_out(self, settings, board, monkeypatch):
        settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
        right = await visit(board)

        def fail(self, keys, version=None):
            raise ConnectionError("on purpose")

        monkeypatch.setattr(type(caches["default"]), "get_many", fail)
        with pytest.raises(ConnectionError):
            await SiteRules().ask([right])


def log_out(cookies):
    client = Client()
    client.cookies.load(cookies)
    client.logout()


def count_queries(work):
    with CaptureQueriesContext(connection) as captured:
        work()
    return captured.captured_queries


class TestBackends:
    async def test_a_backend_of_the_sites_own_is_asked(self, settings, board):
        settings.AUTHENTICATION_BACKENDS = [f"{__name__}.NobodyNamedEve"]
        ada, eve = await visit(board, "ada"), await visit(board, "eve")
        NobodyNamedEve.banned.add("eve")
        answers = await SiteRules().ask([ada, eve])
        NobodyNamedEve.banned.clear()
        assert answers[ada] is None
        assert isinstance(answers[eve], SignInRequired)

    async def test_a_backend_that_is_gone(self, settings, board):
        right = await visit(board)
        settings.AUTHENTICATION_BACKENDS = [f"{__name__}.NobodyNamedEve"]
        assert isinstance(await verdict(right), SignInRequired)

    async def test_a_secret_key_that_is_new(self, settings, board):
        """As after a restart with another key, while the cookies are those of before."""
        settings.SESSION_ENGINE = "django.contrib.sessions.backends.cache"
        right = await visit(board)
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "another"
        assert await verdict(right) is None


class NobodyNamedEve(ModelBackend):
    """Lets in all but some."""

    banned = set()

    def get_user(self, user_id):
        user = super().get_user(user_id)
        return None if user is None or user.username in self.banned else user


class TestMiddleware:
    """Users whom a middleware of the site put into the scope."""

    async def test_channels_own(self, board):
        cookies = (await sync_to_async(sign_in)())[1]
        rights = []

        async def application(scope, receive, send):
            rights.append((await admit(scope, board)).right)

        await AuthMiddlewareStack(application)(scope(**cookies), None, None)
        (right,) = rights
        assert right.account.session_key == cookies["sessionid"]
        assert await verdict(right) is None
        await sync_to_async(log_out)(cookies)
        assert isinstance(await verdict(right), SignInRequired)

    @pytest.mark.parametrize("way", ["deactivated", "deleted", "password"])
    async def test_an_account_without_a_session(self, board, way):
        user = await User.objects.acreate(username="ada")
        right = (await admit({**scope(), "user": user}, board)).right
        assert await verdict(right) is None
        await change(WAYS[way][0])
        assert isinstance(await verdict(right), SignInRequired)

    async def test_one_that_is_no_account(self, board):
        user = SimpleNamespace(pk=7, is_authenticated=True, is_active=True, username="ada")
        members = (await Board.objects.acreate(title="Members")).pk
        right = (await admit({**scope(), "user": user}, members)).right
        assert right.account is None
        assert await verdict(right) is None
        user.is_active = False
        assert isinstance(await verdict(right), Forbidden), "the rule knows it"

    async def test_a_guest_of_its_own_class(self, configure, board):
        class Customer(AnonymousUser):
            pass

        configure(AUTHORIZE=f"{__name__}.with_permission")
        right = (await admit({**scope(), "user": Customer()}, board)).right
        assert await verdict(right) is None


class TestRules:
    async def test_the_same_is_asked_once(self, board, monkeypatch):
        decide, calls = Board.presence_decision, []

        def counted(self, user):
            calls.append((self.pk, user.pk))
            return decide(self, user)

        guests = [await visit(board, "", presence_guest=sign_guest(f"{n}")) for n in range(5)]
        tabs = [await visit(board) for _ in range(5)]
        other = await visit((await Board.objects.acreate(title="Other")).pk)
        monkeypatch.setattr(Board, "presence_decision", counted)
        answers = await SiteRules().ask([*guests, *tabs, other])
        assert {*answers.values()} == {None}
        assert len(answers) == 11
        assert len(calls) == 3

    async def test_async_rules_some_at_once_and_one_that_fails(self, configure, board):
        configure(AUTHORIZE=f"{__name__}.only_ada")
        user = await User.objects.acreate(username="ada")
        tabs = [await visit(board) for _ in range(3)]
        others = {
            name: Right(board, frozenset(), None, await User.objects.acreate(username=name))
            for name in ("eve", *(f"person{n}" for n in range(10)))
        }
        asked.clear()
        most_at_once.clear()
        answers = await SiteRules().ask([*tabs, *others.values()])
        assert {answers[tab] for tab in tabs} == {None}
        assert isinstance(answers[others["eve"]], RuntimeError)
        assert all(isinstance(answers[others[f"person{n}"]], Forbidden) for n in range(10))
        assert asked.count((user.pk, board)) == 1
        assert max(most_at_once) == RULES_AT_ONCE

    async def test_a_sync_rule_that_fails_for_one(self, board, monkeypatch):
        def decide(self, user):
            if user.username == "eve":
                raise RuntimeError("on purpose")
            return Decision.ALLOW

        monkeypatch.setattr(Board, "presence_decision", decide)
        ada = await visit(board)
        user = await User.objects.acreate(username="eve")
        eve = Right(board, frozenset(), None, user)
        answers = await SiteRules().ask([ada, eve])
        assert answers[ada] is None
        assert isinstance(answers[eve], RuntimeError)

    async def test_a_slow_one_leaves_the_rest_for_later(self, board, monkeypatch):
        monkeypatch.setattr(rights, "SLICE", -1)
        tabs = [await visit(board, f"person{n}") for n in range(3)]
        assert await SiteRules().ask(tabs) == {tabs[0]: None}

    async def test_the_database_that_is_down(self, board, monkeypatch):
        right = await visit(board)

        def fail(self, sql, params=None):
            raise ConnectionError("on purpose")

        monkeypatch.setattr(CursorWrapper, "execute", fail)
        with pytest.raises(ConnectionError):
            await SiteRules().ask([right])


async def test_what_a_right_says_in_a_log_or_a_message(board):
    """No secret: not the key of the session, nor the guest's id."""
    cookies = (await sync_to_async(sign_in)())[1]
    guest = sign_guest("a secret id")
    right = (await admit(scope(presence_guest=guest, **cookies), board)).right
    said = repr(right) + str(right.subjects)
    assert len(right.subjects) == 4
    assert cookies["sessionid"] not in said
    assert "secret" not in said
    assert right.account.proof not in said
