"""The session and the account behind a socket's cookies.

Nothing is written: a socket cannot send the browser a new cookie.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Any

from django.conf import settings
from django.contrib.auth import get_user
from django.http import HttpRequest, parse_cookie


class ReadOnlySession(dict[str, Any]):
    """The content of a session, which is never written: `get_user` may end a session or change its
    key. It uses the session store, unless `session_key` is None.

    `session_key` is None where there is no such session, or it has ended.
    """

    def __init__(self, session_key: str | None) -> None:
        super().__init__()
        self.session_key = None
        if session_key is not None:
            store = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
            self.update(store.load())
            self.session_key = store.session_key

    def flush(self) -> None:
        """Forget the session here, not in the session store."""
        self.clear()
        self.session_key = None

    def cycle_key(self) -> None:
        """Keep the key, which the browser has in its cookie."""


def session_user(session: ReadOnlySession) -> Any:
    """Return the user who is signed in with a session, an `AnonymousUser` without one. Uses the
    database if the session names an account."""
    request = HttpRequest()
    request.session = session  # type: ignore[assignment]
    return get_user(request)


def cookies_of(scope: Mapping[str, Any]) -> Mapping[str, str]:
    """Return a socket's cookies: those that Channels' `CookieMiddleware` has read, else those in
    the headers."""
    if "cookies" in scope:
        cookies: Mapping[str, str] = scope["cookies"]
        return cookies
    headers = [value for name, value in scope.get("headers", ()) if name == b"cookie"]
    return parse_cookie(b"; ".join(headers).decode("latin-1"))
