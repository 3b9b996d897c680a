"""Tells the processes that serve boards what changed of accounts, sessions and boards, so that they
ask again whether open sockets may stay (`presence.server.rechecks`).

Django's signals say it, in any process of the site: a worker that serves pages, or a command. The
message leaves after the commit, from the event loop of the store. Nothing here raises into the
site's code, and nothing waits. What sends no signal, or is lost, is found at the next re-check.
"""

import asyncio
import atexit
import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Future, wait
from contextlib import suppress
from functools import partial, wraps
from importlib import import_module
from threading import Lock
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import SESSION_KEY, get_user_model, user_logged_out
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed
from django.db import router, transaction
from django.db.models import Model
from django.db.models.signals import m2m_changed, post_delete, post_save
from django.dispatch import receiver
from django.utils import timezone

from presence.auth import forget_answers
from presence.boards import NotABoard, board_of, model_of, of_key
from presence.cluster.messages import RightsChange
from presence.conf import get_settings
from presence.guests import guest_person, read_guest, session_person, user_person
from presence.runtime import Loop, background_loop, operations, running_hub
from presence.server.logs import OutageLog
from presence.sessions import has_sessions, is_account
from presence.store.base import ACCOUNT

logger = logging.getLogger(__name__)

GATHER = 0.05
"""Seconds for which changes are gathered into one message."""

MOST_CHANGES = 100
"""Changes in one message. Where there are more, all sockets are asked about instead."""

EXIT_TIMEOUT = 2.0
"""Seconds that the last message has to leave when the process ends, such as that of a command."""

EVERYBODY = RightsChange(frozenset())


class Teller:
    """Sends changes to all processes, in the background. May be used in any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: dict[RightsChange, None] = {}
        self._loop: Loop | None = None
        self._sending: Future[None] | None = None
        self._outage = OutageLog(
            logger,
            "rights: could not tell other processes of a change, their next re-check finds it",
            "rights: other processes can be told again",
        )

    def tell(self, *changes: RightsChange) -> None:
        """Have changes sent. Never waits. Where no process can be told, nobody is."""
        if not get_settings().ENABLED:
            return
        running = running_hub()
        if running is None and not get_settings().REDIS_URL:
            return  # Whoever serves boards is another process, which only its re-check helps.
        loop = running[0] if running else background_loop()
        with self._lock:
            if self._loop is None:
                atexit.register(self.settle, EXIT_TIMEOUT)
            self._waiting |= dict.fromkeys(changes)
            # After a fork the loop is another one.
            if self._sending is None or self._sending.done() or self._loop is not loop:
                self._loop = loop
                self._sending = asyncio.run_coroutine_threadsafe(self._send(), loop)

    def settle(self, timeout: float) -> None:
        """Wait until what was told is sent, up to `timeout` seconds."""
        if self._sending is not None and self._loop is not None and self._loop.is_running():
            wait([self._sending], timeout)

    async def _send(self) -> None:
        while True:
            await asyncio.sleep(GATHER)
            with self._lock:
                changes, self._waiting = [*self._waiting], {}
                if not changes:
                    self._sending = None
                    return
            try:
                await operations().rights_changed(_few(changes))
            except Exception as error:  # noqa: BLE001 (Redis, or the layer of the site)
                self._outage.failed(error)
            else:
                self._outage.works()


def _few(changes: list[RightsChange]) -> list[RightsChange]:
    if len(changes) <= MOST_CHANGES:
        return changes
    return [EVERYBODY, *(change for change in changes if change.ended)]


teller = Teller()


def connect() -> None:
    """Receive the signals of accounts, sessions and boards, of these models only: with a receiver
    for deletions, Django reads what it deletes. Further calls add what is new in the settings."""
    user_logged_out.connect(_logged_out)
    for model in apps.get_models():
        if not (_is_account_model(model) or _is_board_model(model)):
            continue
        post_save.connect(_saved, sender=model)
        post_delete.connect(_deleted, sender=model)
        for field in model._meta.many_to_many:
            m2m_changed.connect(_many_changed, sender=field.remote_field.through)
    if apps.is_installed("django.contrib.auth"):
        group, permission = apps.get_model("auth.Group"), apps.get_model("auth.Permission")
        m2m_changed.connect(_many_changed, sender=group.permissions.through)
        for model in (group, permission):
            post_delete.connect(_group_deleted, sender=model)
    engine = import_module(settings.SESSION_ENGINE).SessionStore
    if has_sessions() and hasattr(engine, "get_model_class"):
        post_delete.connect(_session_deleted, sender=engine.get_model_class())


@receiver(setting_changed)
def _connect_again(*, setting: str, **kwargs: Any) -> None:
    if setting in ("PRESENCE", "SESSION_ENGINE") and apps.models_ready:
        connect()


def _is_account_model(model: type[Model]) -> bool:
    return apps.is_installed("django.contrib.auth") and issubclass(model, get_user_model())


def _is_board_model(model: type[Model]) -> bool:
    try:
        return model_of(model) is not None
    except ImproperlyConfigured:  # `check` says it
        return False


def _harmless(receive: Callable[..., None]) -> Callable[..., None]:
    """Keep what a receiver raises from the site's code."""

    @wraps(receive)
    def received(*args: Any, **kwargs: Any) -> None:
        try:
            receive(*args, **kwargs)
        except ImproperlyConfigured:
            pass  # While PRESENCE is wrong nobody is on any board, and `check` says why.
        except Exception:
            logger.exception("rights: a change could not be told, the next re-check finds it")

    return received


@_harmless
def _logged_out(*, request: Any, user: Any, **kwargs: Any) -> None:
    """Tell that a session is over, which it is only after this. Sessions in signed cookies change
    their key, and have no end: there, the browser tells whose sockets are meant."""
    if user is None:
        return
    changes = []
    key = getattr(getattr(request, "session", None), "session_key", None)
    if key:
        changes.append(RightsChange(frozenset({session_person(key)}), ended=True))
    guest = read_guest(getattr(request, "COOKIES", {}))
    if guest is not None:
        browser = frozenset({user_person(user), guest_person(guest)})
        changes.append(RightsChange(browser, ended=True))
    _tell_after_commit(router.db_for_write(type(user)) if is_account(user) else None, changes)


@_harmless
def _saved(*, instance: Model, created: bool, update_fields: Any, using: str, **kw: Any) -> None:
    # Django notes the last login by such a save.
    if not created and {*(update_fields or [""])} != {"last_login"}:
        _tell_after_commit(using, _changes_of(instance))


@_harmless
def _deleted(*, instance: Model, using: str, **kwargs: Any) -> None:
    _tell_after_commit(using, _changes_of(instance))


@_harmless
def _session_deleted(*, instance: Any, using: str, **kwargs: Any) -> None:
    # `clearsessions` deletes sessions that were over before, and each login that of a guest.
    if instance.expire_date > timezone.now() and SESSION_KEY in instance.get_decoded():
        change = RightsChange(frozenset({session_person(instance.session_key)}))
        _tell_after_commit(using, [change])


@_harmless
def _group_deleted(*, using: str, **kwargs: Any) -> None:
    _tell_after_commit(using, [EVERYBODY])


@_harmless
def _many_changed(
    *, instance: Model, action: str, model: type[Model], pk_set: Any, using: str, **kwargs: Any
) -> None:
    """Tell that a user or a board has other groups, permissions or members."""
    if not action.startswith("post_") or pk_set == set():
        return
    changes = _changes_of(instance)
    if not changes and pk_set is not None and _is_account_model(model):
        changes = [_about(f"{ACCOUNT}{key}") for key in pk_set]
    elif not changes and pk_set is not None and _is_board_model(model):
        changes = [_about(of_key(model, key).hex) for key in pk_set]
    _tell_after_commit(using, changes or [EVERYBODY])


def _changes_of(instance: Model) -> list[RightsChange]:
    """Return the changes that an account or a board means, if it is one."""
    changes = [_about(user_person(instance))] if is_account(instance) else []
    with suppress(NotABoard, ImproperlyConfigured):
        changes.append(_about(board_of(instance).hex))
    return changes


def _about(subject: str) -> RightsChange:
    return RightsChange(frozenset({subject}))


def _tell_after_commit(using: str | None, changes: Iterable[RightsChange]) -> None:
    """Tell what changed once it is true, without harm to the site."""
    tell = partial(_tell, [*changes])
    try:
        transaction.on_commit(tell, using=using, robust=True)
    except Exception:  # noqa: BLE001 (there is no such database, or it is out of reach)
        tell()


@_harmless
def _tell(changes: list[RightsChange]) -> None:
    for board in [board for change in changes for board in change.boards]:
        forget_answers(board)
    teller.tell(*changes)
