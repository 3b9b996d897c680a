"""What it takes to let somebody in: trips to a thread and queries. And what the answers that guests
share delay, and what they do not."""

import asyncio
import gc
import logging
import re
from importlib.resources import files
from threading import Barrier, Event, Semaphore
from types import SimpleNamespace
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from channels.auth import AuthMiddlewareStack
from django.contrib.auth.models import AnonymousUser, User
from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.backends.utils import CursorWrapper
from django.test import Client

from presence import api, auth
from presence.auth import Decision, admit, admit_at_once
from presence.consumers import PresenceConsumer
from presence.embed import EMBEDDED
from presence.guests import guest_person, sign_guest
from presence.protocol.codec import decode_server, encode
from presence.protocol.errors import Close, NoBoard, SignInRequired, TryLater
from presence.protocol.identity import Visitor
from presence.protocol.messages import Dialect, Join, Welcome
from presence.recent import RecentAnswers
from presence.runtime import current_hub
from presence.server.connection import Connection
from presence.tokens import SUBPROTOCOL_PREFIX, issue
from presence_site.models import Board
from tests.support.communicator import Communicator
from tests.support.waiting import DEADLINE

pytestmark = pytest.mark.django_db(transaction=True)

ORIGIN = "http://testserver"
asked = []


async def count_asked(user, board):
    asked.append(user)
    return Decision.ALLOW


async def read_the_database(user, board):
    await Board.objects.aget(pk=board.pk)
    return Decision.ALLOW


async def fail(user, board):
    raise RuntimeError("the site's own bug")


together = Barrier(auth.RULE_THREADS, timeout=30)
asked_last = Event()


async def wait_for_others(user, board):
    await sync_to_async(together.wait)()
    return Decision.ALLOW


async def wait_for_test(user, board):
    await sync_to_async(asked_last.wait)(30)
    return Decision.ALLOW


cancelled = asyncio.Event()


async def never_answers(user, board):
    try:
        await asyncio.Event().wait()
    finally:
        cancelled.set()


@pytest.fixture(autouse=True)
def clock(monkeypatch):
    """The clock of the answers that guests share: it stands still."""
    clock = SimpleNamespace(now=0.0)
    for name in ("_lets_guests_in", "_exists"):
        answers = RecentAnswers(auth.GUESTS_FOR, lambda: clock.now)
        monkeypatch.setattr(auth, name, answers)
    asked.clear()
    return clock


@pytest.fixture
def cost(monkeypatch):
    """Counts trips to threads, and the tables of the queries."""
    cost = SimpleNamespace(trips=0, queries=[])
    loop_class, execute = asyncio.BaseEventLoop, CursorWrapper.execute
    run_in_executor = loop_class.run_in_executor

    def counted(self, executor, function, *args):
        cost.trips += 1
        return run_in_executor(self, executor, function, *args)

    def noted(self, sql, params=None):
        cost.queries.append(sql.split(" FROM ")[-1].split('"')[1])
        return execute(self, sql, params)

    def spent():
        spent = (cost.trips, cost.queries)
        cost.trips, cost.queries = 0, []
        return spent

    monkeypatch.setattr(loop_class, "run_in_executor", counted)
    monkeypatch.setattr(CursorWrapper, "execute", noted)
    return spent


def scope(token="", **cookies):
    """Return the scope of a socket that no middleware has seen."""
    header = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return {
        "type": "websocket",
        "headers": [(b"origin", ORIGIN.encode()), (b"cookie", header.encode())],
        "subprotocols": ["presence.v1", *([SUBPROTOCOL_PREFIX + token] if token else [])],
    }


@pytest.fixture
async def session():
    """The key of a session that the user "ada" is signed in with."""
    user = await User.objects.acreate(username="ada")
    client = Client()
    await sync_to_async(client.force_login)(user)
    return client.cookies["sessionid"].value


BOARD, ACCOUNT = "presence_site_board", ["django_session", "auth_user"]


class TestCost:
    async def test_guests(self, board, cost):
        await admit(scope(), board)
        assert cost() == (1, [BOARD])
        visitor = await admit(scope(presence_guest=sign_guest("a")), board)
        assert visitor == Visitor(guest_person("a"), None)
        assert cost() == (0, [])

    async def test_guests_after_another(self, configure, clock, board, session):
        """They need not wait for anything, as long as the answer is known."""
        guest = scope(presence_guest=sign_guest("a"))
        assert admit_at_once(guest, board) is None
        await admit(scope(), board)
        assert admit_at_once(guest, board) == Visitor(guest_person("a"), None)
        middleware = {**guest, "user": AnonymousUser()}
        assert admit_at_once(middleware, board) == Visitor(guest_person("a"), None)
        others = [
            scope(sessionid=session),
            scope(issue(board, origin=ORIGIN, person="7")),
            {**guest, EMBEDDED: True},
            {**guest, "user": await User.objects.aget()},
        ]
        assert [admit_at_once(other, board) for other in others] == [None] * len(others)
        configure(ENABLED=False)
        assert admit_at_once(guest, board) is None
        configure()
        clock.now = auth.GUESTS_FOR
        assert admit_at_once(guest, board) is None

    async def test_guests_who_come_at_once(self, board, cost):
        await asyncio.gather(*(admit(scope(), board) for _ in range(50)))
        assert cost() == (1, [BOARD])

    async def test_an_account(self, board, session, cost):
        for _ in range(2):
            visitor = await admit(scope(sessionid=session), board)
            assert visitor.name == "ada"
            assert cost() == (1, [*ACCOUNT, BOARD])

    async def test_accounts_who_come_at_once(self, board, session, cost):
        await asyncio.gather(*(admit(scope(sessionid=session), board) for _ in range(50)))
        trips, queries = cost()
        assert (trips, sorted(queries)) == (50, sorted([*ACCOUNT, BOARD] * 50))

    async def test_a_token_of_an_account(self, board, session, cost):
        user = await User.objects.aget()
        token = issue(board, origin=ORIGIN, user=user)
        cost()
        assert (await admit(scope(token), board)).name == "ada"
        assert cost() == (1, ["auth_user", BOARD])

    async def test_a_token_of_a_person(self, board, cost):
        token = issue(board, origin=ORIGIN, person="7")
        for expected in [(1, [BOARD]), (0, [])]:
            await admit(scope(token), board)
            assert cost() == expected

    async def test_an_async_rule(self, configure, board, session, cost):
        """A trip before it, and its own."""
        configure(AUTHORIZE=f"{__name__}.count_asked")
        await admit(scope(sessionid=session), board)
        assert cost() == (1, [*ACCOUNT, BOARD])
        configure(AUTHORIZE=f"{__name__}.read_the_database")
        await admit(scope(sessionid=session), board)
        assert cost() == (2, [*ACCOUNT, BOARD, BOARD])

    async def test_a_whole_visit_of_a_guest(self, board, cost):
        await admit(scope(), board)
        cost()
        socket = Communicator(PresenceConsumer.as_asgi(), "/")
        socket.scope |= {**scope(), "url_route": {"kwargs": {"board": str(board)}}}
        assert await socket.connect() == (True, "presence.v1")
        await socket.send_to(bytes_data=encode(Join(0, "Ada"), Dialect.COMPACT))
        await socket.receive_from()
        for _ in range(20):
            await socket.send_to(bytes_data=b"\x08")
            while await socket.receive_from() != b"\x08":
                pass
        await socket.disconnect()
        await current_hub().close()
        assert cost() == (0, [])


def visit(board, **cookies):
    """Return a socket on a board."""
    socket = Communicator(PresenceConsumer.as_asgi(), "/")
    socket.scope |= {**scope(**cookies), "url_route": {"kwargs": {"board": str(board)}}}
    return socket


class TestSlowRules:
    @pytest.mark.parametrize("sync", [False, True])
    async def test_several_are_asked_at_once(self, configure, monkeypatch, board, session, sync):
        """Each of them waits in its thread until as many are asked as there are threads."""

        def decide(self, user):
            together.wait()
            return Decision.ALLOW

        if sync:
            monkeypatch.setattr(Board, "presence_decision", decide)
        else:
            configure(AUTHORIZE=f"{__name__}.wait_for_others")
        visits = (admit(scope(sessionid=session), board) for _ in range(2 * auth.RULE_THREADS))
        assert {visitor.name for visitor in await asyncio.gather(*visits)} == {"ada"}

    async def test_the_socket_is_open_and_the_sites_own_thread_is_free(self, configure, board):
        configure(AUTHORIZE=f"{__name__}.wait_for_test")
        asked_last.clear()
        sockets = [visit(board) for _ in range(auth.RULE_THREADS + 1)]
        for socket in sockets:
            assert await socket.connect() == (True, "presence.v1")
            await socket.send_to(bytes_data=encode(Join(0, "Ada"), Dialect.COMPACT))
            await socket.send_to(bytes_data=b"\x08")
            assert await socket.receive_from() == b"\x08"
        await sync_to_async(asked_last.set)()
        for socket in sockets:
            message = decode_server(await socket.receive_from(), Dialect.COMPACT)
            assert isinstance(message, Welcome)
            await socket.disconnect()
        await current_hub().close()

    def test_a_browser_waits_until_it_is_told(self):
        client = files("presence") / "client/src/client/connection.ts"
        waits = re.search(r"WELCOME_TIMEOUT = ([\d_]+);", client.read_text())
        assert int(waits[1]) / 1000 > auth.DECIDE_WITHIN

    async def test_a_rule_that_does_not_answer(self, configure, monkeypatch, board, session):
        monkeypatch.setattr(auth, "DECIDE_WITHIN", 0.01)
        configure(AUTHORIZE=f"{__name__}.wait_for_test")
        asked_last.clear()
        socket = visit(board, sessionid=session)
        assert await socket.connect() == (True, "presence.v1")
        assert await closed(socket) == Close.TRY_LATER
        asked_last.set()
        await current_hub().close()

    async def test_an_async_rule_that_does_not_answer_is_cancelled(
        self, configure, monkeypatch, board, session
    ):
        monkeypatch.setattr(auth, "DECIDE_WITHIN", 0.01)
        configure(AUTHORIZE=f"{__name__}.never_answers")
        cancelled.clear()
        with pytest.raises(TryLater):
            await admit(scope(sessionid=session), board)
        await asyncio.wait_for(cancelled.wait(), DEADLINE)

    async def test_who_gave_up_is_not_asked_about(self, monkeypatch, board, session, caplog):
        """Neither does the refusal of somebody who gave up earlier reach the log."""
        begun, goes_on = Semaphore(0), Event()

        def decide(self, user):
            asked.append(user)
            begun.release()
            goes_on.wait(30)
            return Decision.FORBID

        monkeypatch.setattr(Board, "presence_decision", decide)
        gc.collect()
        caplog.clear()  # of what earlier tests left
        others = asyncio.all_tasks()
        visits = [
            asyncio.create_task(admit(scope(sessionid=session), board))
            for _ in range(3 * auth.RULE_THREADS)
        ]
        for _ in range(auth.RULE_THREADS):
            await asyncio.to_thread(begun.acquire)
        for each in visits:
            each.cancel()
        await asyncio.wait(visits)
        goes_on.set()
        await asyncio.wait(asyncio.all_tasks() - others)
        assert len(asked) == auth.RULE_THREADS
        gc.collect()
        assert not caplog.records

    async def test_a_bug_while_somebody_is_let_in(self, monkeypatch, board, caplog):
        def raises(self, visitor):
            raise RuntimeError("on purpose")

        monkeypatch.setattr(Connection, "let_in", raises)
        socket = visit(board)
        assert await socket.connect() == (True, "presence.v1")
        assert await closed(socket) == Close.TRY_LATER
        assert "on purpose" in caplog.text
        await current_hub().close()


class TestSessions:
    async def test_one_that_has_ended(self, session):
        board = (await Board.objects.acreate(title="Members")).pk
        assert (await admit(scope(sessionid=session), board)).name == "ada"
        await Session.objects.all().adelete()
        with pytest.raises(SignInRequired):
            await admit(scope(sessionid=session), board)

    async def test_one_of_before_the_password_changed(self, board, session):
        await User.objects.aupdate(password="another")
        visitor = await admit(scope(sessionid=session), board)
        assert visitor.name is None
        assert visitor.person.startswith("socket:")
        assert await Session.objects.aexists(), "a socket writes no session"

    async def test_one_of_a_guest(self, board):
        client = Client()
        guest_session = await sync_to_async(lambda: client.session)()
        guest_session["basket"] = 1
        await sync_to_async(guest_session.save)()
        keys = [guest_session.session_key, "an unknown session key"]
        persons = [(await admit(scope(sessionid=key), board)).person for key in keys]
        assert [person.split(":")[0] for person in persons] == ["session", "socket"]

    async def test_the_users_of_channels_own_middleware(self, board, session):
        users = []

        async def application(scope, receive, send):
            users.append(await admit(scope, board))

        for key in (session, "nobody's"):
            await AuthMiddlewareStack(application)(scope(sessionid=key), None, None)
        assert [user.name for user in users] == ["ada", None]


class TestWhatGuestsShare:
    async def test_a_board_that_closes_without_a_signal(self, board, clock):
        await admit(scope(), board)
        await Board.objects.filter(pk=board).aupdate(open_to_guests=False)
        clock.now = 1.9
        await admit(scope(), board)
        clock.now = 2.0
        with pytest.raises(SignInRequired):
            await admit(scope(), board)

    @pytest.mark.parametrize("token", [False, True])
    async def test_a_board_that_is_deleted_without_a_signal(self, board, clock, token):
        visit = scope(issue(board, origin=ORIGIN, person="7") if token else "")
        await admit(visit, board)
        await sync_to_async(Board.objects.filter(pk=board)._raw_delete)("default")
        await admit(visit, board)
        clock.now = 2.0
        with pytest.raises(NoBoard):
            await admit(visit, board)

    async def test_a_board_that_is_saved_or_deleted_here(self, board):
        await admit(scope(), board)
        found = await Board.objects.aget(pk=board)
        found.open_to_guests = False
        await found.asave()
        with pytest.raises(SignInRequired):
            await admit(scope(), board)
        found.open_to_guests = True
        await found.asave()
        token = issue(board, origin=ORIGIN, person="7")
        for visit in (scope(), scope(token)):
            await admit(visit, board)
        await found.adelete()
        for visit in (scope(), scope(token)):
            with pytest.raises(NoBoard):
                await admit(visit, board)

    async def test_a_board_that_is_saved_in_a_transaction(self, board):
        """Whoever comes before the commit reads the board as it was."""
        found, loop = await Board.objects.aget(pk=board), asyncio.get_running_loop()
        found.open_to_guests = False

        async def as_it_was():
            return None

        def save():
            with transaction.atomic():
                found.save()
                asking = auth._lets_guests_in.ask(board, as_it_was)
                asyncio.run_coroutine_threadsafe(asking, loop).result(10)

        await sync_to_async(save)()
        with pytest.raises(SignInRequired):
            await admit(scope(), board)

    async def test_a_refusal_is_not_shared_with_those_who_come_later(self, board):
        closed = Board.objects.filter(pk=board)
        await closed.aupdate(open_to_guests=False)
        with pytest.raises(SignInRequired):
            await admit(scope(), board)
        await closed.aupdate(open_to_guests=True)
        await admit(scope(), board)

    async def test_an_account_is_always_asked_for(self, board, session):
        await admit(scope(sessionid=session), board)
        await Board.objects.filter(pk=board).aupdate(open_to_guests=False)
        await User.objects.aupdate(is_active=False)
        with pytest.raises(SignInRequired):
            await admit(scope(sessionid=session), board)

    async def test_guests_of_whom_a_rule_may_know_more(self, configure, board):
        configure(AUTHORIZE=f"{__name__}.count_asked")

        class Customer(AnonymousUser):
            pass

        marked = AnonymousUser()
        marked.invited = True
        for user in (AnonymousUser(), Customer(), marked):
            for _ in range(2):
                await admit({**scope(), "user": user}, board)
        assert [type(user) for user in asked].count(Customer) == 2
        assert asked.count(marked) >= 2
        assert len(asked) == 5

    async def test_a_rule_that_fails_is_logged_once(self, configure, board, caplog):
        configure(AUTHORIZE=f"{__name__}.fail")
        visits = (admit(scope(), board) for _ in range(20))
        failed = await asyncio.gather(*visits, return_exceptions=True)
        assert [type(error) for error in failed] == [TryLater] * 20
        assert len([r for r in caplog.records if r.levelno == logging.ERROR]) == 1

    async def test_a_setting_that_changes(self, configure, board):
        await admit(scope(), board)
        configure(AUTHORIZE=f"{__name__}.fail")
        with pytest.raises(TryLater):
            await admit(scope(), board)

    async def test_nothing_of_presences_own_waits(self, board):
        """Closing to newcomers and removing are in the store, which a JOIN asks."""

        async def join(guest):
            socket = Communicator(PresenceConsumer.as_asgi(), "/")
            socket.scope |= {
                **scope(presence_guest=sign_guest(guest)),
                "url_route": {"kwargs": {"board": str(board)}},
            }
            assert (await socket.connect())[0]
            await socket.send_to(bytes_data=encode(Join(0, guest), Dialect.COMPACT))
            return socket

        sockets = [await join("ada")]
        assert isinstance(decode_server(await sockets[0].receive_from(), Dialect.COMPACT), Welcome)
        await api.aremove(board, guest_person("ada"))
        sockets.append(await join("ada"))
        assert await closed(sockets[-1]) == Close.REMOVED
        await api.aclose(board)
        sockets.append(await join("bob"))
        assert await closed(sockets[-1]) == Close.FORBIDDEN
        for socket in sockets:
            socket.future.cancel()
        await current_hub().close()


async def closed(socket):
    """Return the code with which the server closes a socket."""
    while True:
        message = await socket.receive_output()
        if message["type"] == "websocket.close":
            return message["code"]


async def test_an_unknown_board():
    with pytest.raises(NoBoard):
        await admit(scope(), uuid4())
