"""The session and the account behind a socket's cookies.

Nothing is written: a socket cannot send the browser a new cookie.
"""

from collections.abc import Collection, Mapping
from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user, get_user_model
from django.contrib.sessions.backends import cache, cached_db, db
from django.core.cache import caches
from django.http import HttpRequest, parse_cookie
from django.utils import timezone

SESSIONS = "django.contrib.sessions"
ENGINES_OF_APP = tuple(f"{SESSIONS}.backends.{name}" for name in ("db", "cached_db"))
"""The session engines that use the model of `SESSIONS`."""


class Stranger:
    """The user of everybody on a site without `django.contrib.auth`: like its `AnonymousUser`,
    which cannot be imported there."""

    pk = id = None
    username = ""
    is_anonymous = True
    is_authenticated = is_active = is_staff = is_superuser = False

    def has_perm(self, perm: str, obj: object = None) -> bool:
        """Return False."""
        return False


class ReadOnlySession(dict[str, Any]):
    """The content of a session, which is never written: `get_user` may end a session or change its
    key. It uses the session store, unless `session_key` is None.

    `session_key` is None where there is no such session, or it has ended.
    """

    def __init__(self, session_key: str | None) -> None:
        super().__init__()
        self.session_key = None
        if session_key is not None and has_sessions():
            store = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
            self.update(store.load())
            # Signed cookies keep a key that is not valid, and begin a session.
            self.session_key = None if store.modified and not self else store.session_key

    def flush(self) -> None:
        """Forget the session here, not in the session store."""
        self.clear()
        self.session_key = None

    def cycle_key(self) -> None:
        """Keep the key, which the browser has in its cookie."""


def read_sessions(keys: Collection[str]) -> dict[str, ReadOnlySession]:
    """Return the sessions of some keys, in one query where the engine is Django's and has a table
    or a cache. Those that have ended are empty. Uses the session store."""
    engine: Any = import_module(settings.SESSION_ENGINE).SessionStore
    if not keys or not has_sessions():
        contents: Mapping[str, Mapping[str, Any]] = {}
    elif engine.load is db.SessionStore.load:
        contents = _read_rows(engine, keys)
    elif engine.load is cache.SessionStore.load:
        contents = _read_cache(engine, keys)
    elif engine.load is cached_db.SessionStore.load:
        contents = _read_cache(engine, keys)
        contents = {**contents, **_read_rows(engine, [*{*keys} - contents.keys()])}
    else:
        return {key: ReadOnlySession(key) for key in keys}
    sessions = {key: ReadOnlySession(None) for key in keys}
    for key, content in contents.items():
        sessions[key].update(content)
        sessions[key].session_key = key
    return sessions


def _read_rows(engine: Any, keys: Collection[str]) -> dict[str, Mapping[str, Any]]:
    running = {"session_key__in": keys, "expire_date__gt": timezone.now()}
    rows = engine.get_model_class().objects.filter(**running) if keys else ()
    decode = engine().decode
    return {row.session_key: decode(row.session_data) for row in rows}


def _read_cache(engine: Any, keys: Collection[str]) -> dict[str, Mapping[str, Any]]:
    prefix = engine.cache_key_prefix
    found = caches[settings.SESSION_CACHE_ALIAS].get_many([prefix + key for key in keys])
    return {name.removeprefix(prefix): content for name, content in found.items()}


def is_account(user: Any) -> bool:
    """Return whether a user is an object of the site's model of accounts."""
    return apps.is_installed("django.contrib.auth") and isinstance(user, get_user_model())


def is_session(session: Any) -> bool:
    """Return whether an object is a session of the site's engine."""
    return isinstance(session, import_module(settings.SESSION_ENGINE).SessionStore)


def has_sessions() -> bool:
    """Return whether the site has sessions at all. A cookie of the same name may be another's."""
    return settings.SESSION_ENGINE not in ENGINES_OF_APP or apps.is_installed(SESSIONS)


def session_user(session: ReadOnlySession) -> Any:
    """Return the user who is signed in with a session, an `AnonymousUser` without one. Uses the
    database if the session names an account."""
    if not apps.is_installed("django.contrib.auth"):
        return Stranger()
    request = HttpRequest()
    request.session = session  # type: ignore[assignment]
    return get_user(request)


def request_user(request: HttpRequest) -> Any:
    """Return the user of a request, a guest where no middleware of the site says who it is."""
    user = getattr(request, "user", None)
    return session_user(ReadOnlySession(None)) if user is None else user


async def arequest_user(request: HttpRequest) -> Any:
    """Return the same on an event loop."""
    return await request.auser() if hasattr(request, "auser") else request_user(request)


def cookies_of(scope: Mapping[str, Any]) -> Mapping[str, str]:
    """Return a socket's cookies: those that Channels' `CookieMiddleware` has read, else those in
    the headers."""
    if "cookies" in scope:
        cookies: Mapping[str, str] = scope["cookies"]
        return cookies
    headers = [value for name, value in scope.get("headers", ()) if name == b"cookie"]
    return parse_cookie(b"; ".join(headers).decode("latin-1"))
