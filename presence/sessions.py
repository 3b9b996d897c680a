"""The session and the account behind a socket's cookies.

Nothing is written: a socket cannot send the browser a new cookie.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from django.apps import apps
from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest, parse_cookie

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
        if session_key is not None and _has_sessions():
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


def _has_sessions() -> bool:
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
