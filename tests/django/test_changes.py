"""What Django's signals have presence tell, once it is committed, and what harm it cannot do."""

import asyncio
import logging
import os
import threading
from types import SimpleNamespace

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth import alogout, login, logout, update_session_auth_hash
from django.contrib.auth.models import AnonymousUser, Group, Permission, User
from django.contrib.sessions.backends import signed_cookies
from django.contrib.sessions.models import Session
from django.core import management
from django.db import transaction
from django.test import Client, RequestFactory

from presence import api, changes, runtime
from presence.auth import admit
from presence.changes import MOST_CHANGES, Teller, teller
from presence.cluster.messages import RightsChange
from presence.guests import guest_person, person_key, session_person, sign_guest
from presence.protocol.errors import TryLater
from presence.runtime import current_hub
from presence_site.models import Board
from tests.django.test_joins import scope
from tests.support.waiting import DEADLINE, eventually

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def told(monkeypatch):
    """What was told: each change as its subjects, with "over" where it says so."""
    told = []

    def tell(*changes):
        told.extend({*change.subjects, *(["over"] if change.ended else [])} for change in changes)

    monkeypatch.setattr(teller, "tell", tell)
    return told


@pytest.fixture
def ada():
    return User.objects.create(username="ada")


@pytest.fixture
def plan():
    return Board.objects.create(title="Plans")


def about(given):
    """Return the subject of a user or a board."""
    return given.pk.hex if isinstance(given, Board) else person_key(given)


def request_of(client):
    """Return a request with the session and the cookies of a client."""
    request = RequestFactory().post("/")
    request.session = client.session
    request.COOKIES = {name: cookie.value for name, cookie in client.cookies.items()}
    return request


def signed_in(user):
    client = Client()
    client.force_login(user)
    return client


class TestAccounts:
    def test_saved_and_deleted(self, ada, told):
        key = about(ada)
        ada.is_active = False
        ada.save()
        ada.delete()
        assert told == [{key}, {key}]

    def test_a_login_is_no_change_and_neither_is_a_new_account(self, told):
        """Each notes the time by saving the account."""
        user = User.objects.create_user("bob", password="secret")
        assert Client().login(username="bob", password="secret")
        user.refresh_from_db()
        assert user.last_login
        user.save(update_fields=["last_login"])
        assert told == []
        user.save(update_fields=["last_login", "is_active"])
        user.save(update_fields=["password"])
        assert told == [{about(user)}] * 2

    def test_a_password(self, ada, told):
        client = signed_in(ada)
        ada.set_password("another")
        ada.save()
        request = request_of(client)
        request.user = ada
        update_session_auth_hash(request, ada)
        assert told == [{about(ada)}, {session_person(client.cookies["sessionid"].value)}]

    @pytest.mark.parametrize("way", ["remove", "clear", "set"])
    def test_permissions_and_groups(self, ada, told, way):
        group, permission = Group.objects.create(name="staff"), Permission.objects.first()
        for related, one in ((ada.groups, group), (ada.user_permissions, permission)):
            related.add(one)
            arguments = {"remove": [one], "clear": [], "set": [[]]}[way]
            getattr(related, way)(*arguments)
        assert told == [{about(ada)}] * 4
        told.clear()
        ada.groups.set([])
        assert told == [], "nothing changed"

    def test_from_the_other_side(self, ada, told):
        bob, group = User.objects.create(username="bob"), Group.objects.create(name="staff")
        group.user_set.add(ada, bob)
        assert sorted(told, key=str) == sorted([{about(ada)}, {about(bob)}], key=str)
        told.clear()
        group.user_set.clear()
        assert told == [set()], "not known who: everybody"

    def test_a_group_or_a_permission_itself(self, told):
        group, permission = Group.objects.create(name="staff"), Permission.objects.first()
        group.permissions.add(permission)
        group.permissions.remove(permission)
        permission.delete()
        group.delete()
        assert told == [set()] * 4


class TestSessions:
    @pytest.mark.parametrize("asynchronous", [False, True])
    def test_a_logout(self, ada, told, asynchronous):
        client = signed_in(ada)
        client.cookies["presence_guest"] = sign_guest("a")
        request, key = request_of(client), client.cookies["sessionid"].value
        request.user = ada

        async def auser():
            return ada

        request.auser = auser
        if asynchronous:
            asyncio.run(alogout(request))
        else:
            logout(request)
        assert told == [
            {session_person(key), "over"},
            {about(ada), guest_person("a"), "over"},
            {session_person(key)},
        ]
        assert key not in str(told)

    def test_a_logout_of_signed_cookies(self, ada, told, settings):
        """They have no end: the browser is told by its guest cookie."""
        settings.SESSION_ENGINE = signed_cookies.__name__
        client = signed_in(ada)
        client.cookies["presence_guest"] = sign_guest("a")
        client.logout()
        request = RequestFactory().post("/")
        request.session, request.user = signed_cookies.SessionStore(), ada
        request.COOKIES = {"presence_guest": sign_guest("a")}
        told.clear()
        logout(request)
        assert told == [{about(ada), guest_person("a"), "over"}]

    def test_of_a_guest_or_without_cookies(self, ada, told):
        request = RequestFactory().post("/")
        request.session, request.user = Client().session, AnonymousUser()
        logout(request)
        request = SimpleNamespace(user=ada, session=SimpleNamespace(flush=lambda: None))
        logout(request)
        assert told == []

    def test_everywhere(self, ada, told):
        keys = {signed_in(ada).cookies["sessionid"].value for _ in range(3)}
        Session.objects.all().delete()
        assert sorted(map(str, told)) == sorted(str({session_person(key)}) for key in keys)

    def test_those_that_ran_out_are_not_told_when_they_are_cleared(self, ada, told):
        signed_in(ada)
        Session.objects.update(expire_date="2020-01-01T00:00:00Z")
        management.call_command("clearsessions")
        assert not Session.objects.exists()
        assert told == []

    def test_a_guest_who_signs_in(self, ada, told):
        client = Client()
        guest_session = client.session
        guest_session["basket"] = 1
        guest_session.save()
        request = request_of(client)
        request.session = guest_session
        login(request, ada, "django.contrib.auth.backends.ModelBackend")
        assert told == [], "open sockets stay those of a guest"


class TestBoards:
    def test_saved_and_deleted(self, plan, told):
        key = about(plan)
        plan.save()
        plan.delete()
        assert told == [{key}, {key}]

    def test_a_new_one(self, told):
        Board.objects.create(title="New")
        assert told == []

    def test_other_models_are_left_alone(self, plan, told):
        """Django deletes what has no receivers without reading it."""
        plan.notes.create(text="Hello", x=0, y=0)
        plan.notes.all().delete()
        assert told == []
        assert not changes.post_delete.has_listeners(plan.notes.model)
        assert changes.post_delete.has_listeners(Board)


class TestCommits:
    def test_only_what_is_committed_is_told(self, ada, told):
        def save(fails):
            with transaction.atomic():
                ada.save()
                assert told == []
                if fails:
                    raise RuntimeError

        with pytest.raises(RuntimeError):
            save(fails=True)
        assert told == []
        save(fails=False)
        assert told == [{about(ada)}]

    def test_nothing_reaches_the_site(self, ada, monkeypatch, caplog):
        def fail(*changes):
            raise RuntimeError("on purpose")

        monkeypatch.setattr(teller, "tell", fail)
        ada.save()
        assert "on purpose" in caplog.text

    def test_while_presence_is_wrong(self, ada, settings, caplog):
        client = signed_in(ada)
        settings.PRESENCE = {"NO_SUCH_SETTING": 1}
        ada.save()
        client.logout()
        assert not caplog.records

    def test_a_receiver_that_fails(self, ada, monkeypatch, caplog):
        client = signed_in(ada)
        monkeypatch.setattr(changes, "read_guest", lambda cookies: 1 / 0)
        client.logout()
        assert "ZeroDivisionError" in caplog.text

    def test_on_an_event_loop(self, ada, told):
        """Django refuses its connection there, and the change is told all the same."""

        async def tell():
            changes._tell_after_commit(None, [RightsChange(frozenset({"user:1"}))])

        asyncio.run(tell())
        assert told == [{"user:1"}]


class Heard:
    """A hub's operations, which write down what is told."""

    def __init__(self):
        self.messages = []
        self.error = None

    async def rights_changed(self, changes):
        if self.error:
            raise self.error
        self.messages.append(changes)


@pytest.fixture
def heard(monkeypatch, configure):
    """What is sent, where this process serves nobody."""
    heard = Heard()
    monkeypatch.setattr(changes, "operations", lambda: heard)
    configure(REDIS_URL="redis://127.0.0.1:1")
    return heard


def change(number, *, ended=False):
    return RightsChange(frozenset({f"user:{number}"}), ended)


class TestTelling:
    def test_changes_are_gathered(self, heard):
        own = Teller()
        for n in range(10):
            own.tell(change(n % 5))
        own.settle(10)
        assert heard.messages == [[change(n) for n in range(5)]]
        own.tell(change(1))
        own.settle(10)
        assert heard.messages[1:] == [[change(1)]]

    def test_very_many_are_told_as_all(self, heard):
        own = Teller()
        own.tell(*map(change, range(MOST_CHANGES + 1)), change(1, ended=True))
        own.settle(10)
        assert heard.messages == [[RightsChange(frozenset()), change(1, ended=True)]]

    def test_a_layer_that_is_down_is_logged_once(self, heard, caplog):
        own = Teller()
        heard.error = TryLater("on purpose")
        for n in range(3):
            own.tell(change(n))
            own.settle(10)
        assert [record.levelno for record in caplog.records] == [logging.WARNING]

    def test_after_a_fork(self, heard):
        """The loop of the parent has no thread in the child."""
        own = Teller()
        own.tell(change(1))
        child = os.fork()
        if child == 0:
            own.tell(change(2))
            own.settle(10)
            os._exit(0 if heard.messages and change(2) in heard.messages[-1] else 1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
        own.settle(10)

    def test_switched_off_or_without_anybody_to_tell(self, heard, configure):
        threads = threading.active_count()
        for keys in ({"ENABLED": False}, {"ENABLED": True, "REDIS_URL": ""}):
            configure(**keys)
            Teller().tell(change(1))
        assert threading.active_count() == threads
        assert not heard.messages


async def test_this_process_serves(monkeypatch, ada_on_a_board):
    """Without Redis: a save in any thread reaches the sockets of the process."""
    user, refused = ada_on_a_board
    user.is_active = False
    await sync_to_async(user.save)()
    await asyncio.wait_for(refused.wait(), DEADLINE)
    await current_hub().close()


@pytest.mark.parametrize("asked", ["user", "board", "both", "all", "neither"])
async def test_a_site_has_its_own_rules_asked(ada_on_a_board, plan, asked):
    user, refused = ada_on_a_board
    await User.objects.filter(pk=user.pk).aupdate(is_active=False)
    other = await User.objects.acreate(username="bob")
    about = {
        "user": {"user": user},
        "board": {"board": plan},
        "both": {"user": user.pk, "board": plan},
        "all": {},
        "neither": {"user": other, "board": plan},
    }[asked]
    await asyncio.to_thread(api.recheck, **about)
    if asked == "neither":
        assert not current_hub().rechecks._unsettled
    else:
        await asyncio.wait_for(refused.wait(), DEADLINE)
    await current_hub().close()


@pytest.fixture
async def ada_on_a_board(plan):
    """An account, and what is set when its socket is refused."""
    user = await User.objects.acreate(username="ada")
    client = await sync_to_async(signed_in)(user)
    hub, refused = current_hub(), asyncio.Event()
    visitor = await admit(scope(sessionid=client.cookies["sessionid"].value), plan.pk)
    hub.rechecks.watch(Tab(refused.set), visitor.right, hub.rechecks.changes)
    return user, refused


class Tab:
    """An open socket."""

    def __init__(self, closed):
        self.refuse = lambda error: closed()


def test_it_ends_with_its_process(heard):
    """A command that saves an account and ends has told it."""
    own = Teller()
    own.tell(change(1))
    eventually(lambda: own._sending is None, "the message")
    own.settle(10)
    assert runtime.running_hub() is None
    assert len(heard.messages) == 1
