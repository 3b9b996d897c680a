"""The pictures of accounts, of which the site says where they are."""

import asyncio
import logging
from typing import Any
from urllib.parse import urlsplit

from asgiref.sync import iscoroutinefunction
from django.utils.encoding import iri_to_uri
from django.utils.functional import Promise
from django.utils.http import is_same_domain
from django.utils.module_loading import import_string

from presence.conf import HOST, get_settings
from presence.protocol.messages import MAX_AVATAR_BYTES
from presence.server.logs import OutageLog

logger = logging.getLogger(__name__)

WITHIN = 2.0
"""Seconds that an async function of the site has, while a newcomer waits."""

_showing = OutageLog(
    logger,
    "auth: %s failed, accounts have no pictures",
    "auth: %s works again",
    calm=60.0,  # It may fail for some accounts, and not for others.
)


def avatar_in_thread(user: Any) -> str | None:
    """Return the URL of a user's picture, "" without one; None where the site's function is async:
    `avatar_on_loop` asks it."""
    path = get_settings().AVATAR
    if not path or user is None or not user.is_authenticated:
        return ""
    with _showing.attempt(path):
        function = import_string(path)
        return None if iscoroutinefunction(function) else avatar_url(function(user))
    return ""


async def avatar_on_loop(user: Any) -> str:
    """Return the URL of a user's picture, "" without one, by an async function of the site."""
    path = get_settings().AVATAR
    with _showing.attempt(path):
        async with asyncio.timeout(WITHIN):
            return avatar_url(await import_string(path)(user))
    return ""


def avatar_url(given: object) -> str:
    """Return what the site's function returned as others may load it: ASCII, and "" for none.

    Raises `TypeError` for what is no text, and `ValueError` for a URL that is neither a path nor of
    one of `PRESENCE["AVATAR_HOSTS"]`, or is too long.
    """
    if given is None or given == "":
        return ""
    if not isinstance(given, str | Promise):
        raise TypeError(f"it returned a {type(given).__qualname__}, which is no text")
    # Browsers take a backslash for a slash, and leave out line breaks: here both are encoded.
    url = iri_to_uri(str(given))
    if len(url) > MAX_AVATAR_BYTES:
        raise ValueError(f"it returned a URL of {len(url)} characters, over {MAX_AVATAR_BYTES}")
    parts = urlsplit(url)
    is_path = url.startswith("/") and not url.startswith("//")
    host = parts.netloc.lower()
    # A user may have written the URL, and browsers refuse what is no host.
    known = get_settings().AVATAR_HOSTS if parts.scheme in ("https", "http") else ()
    named = HOST.fullmatch(host) and any(is_same_domain(host, each) for each in known)
    if not is_path and not named:
        raise ValueError(
            f"it returned {url!r}, which is no path of this site, and of no host that "
            "PRESENCE['AVATAR_HOSTS'] names"
        )
    return url
