"""The request that the socket of an admin page stands for, and who may make it.

A socket outlives the session that it was opened with: session and account are read anew each time.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.sites import all_sites
from django.contrib.auth import get_user
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.db.models import Model
from django.http import HttpRequest

from presence.admin.permissions import admin_of
from presence.conf import DEFAULT_PORTS
from presence.embed import is_embedded, origin_of
from presence.models import Overview
from presence.protocol.errors import Forbidden, SignInRequired, TryLater
from presence.sessions import ReadOnlySession

SCHEMES = {"ws": "http", "wss": "https"}


@dataclass(frozen=True, slots=True)
class StaffRequest:
    """A request of a member of staff to an admin site, about the boards of `model_admin`, or (None)
    about all boards together."""

    request: HttpRequest
    site: AdminSite
    model_admin: "ModelAdmin[Any] | None"


def http_request(scope: Mapping[str, Any]) -> HttpRequest:
    """Return the request that a page would make with the headers of its socket, with `session` and
    `user` read now. No middleware has seen it."""
    request = _bare_request(scope)
    session_key = request.COOKIES.get(settings.SESSION_COOKIE_NAME)
    request.session = ReadOnlySession(session_key)  # type: ignore[assignment]
    request.user = get_user(request)
    return request


def is_same_origin(scope: Mapping[str, Any]) -> bool:
    """Return whether a socket was opened by a page of the host that it connects to.

    This is Django's check of a form's origin (`CsrfViewMiddleware`), except that an https page may
    open a ws socket: a proxy may not pass on that visitors use https. Pages of `EMBED_ORIGINS` are
    of another origin, with or without a token.
    """
    origin, request = urlsplit(origin_of(scope)), _bare_request(scope)
    if is_embedded(scope) or origin.scheme not in DEFAULT_PORTS:
        return False
    if request.is_secure() and origin.scheme != "https":
        return False
    try:
        host, port = urlsplit(f"//{request.get_host()}"), int(DEFAULT_PORTS[origin.scheme])
        return (origin.hostname, origin.port or port) == (host.hostname, host.port or port)
    except (DisallowedHost, ValueError):
        return False


def staff_request(request: HttpRequest, site_name: str, label: str) -> StaffRequest:
    """Return the staff request to an admin site, about a model ("app.model") or ("") all boards.

    Raises `SignInRequired` for a guest; `Forbidden` if the user is not staff of the site, or no
    such site shows the model's boards; `TryLater` if two of that name do: the name does not tell
    which one is meant, while each has a feed at a URL of its own.
    """
    if not request.user.is_authenticated:
        raise SignInRequired("nobody is signed in")
    try:
        model = apps.get_model(label) if label else None
    except (LookupError, ValueError) as error:
        raise Forbidden(f"no model {label!r}") from error
    sites = [site for site in all_sites if site.name == site_name and _shows(site, model)]
    if len(sites) > 1:
        raise TryLater(f"{len(sites)} admin sites are called {site_name!r}")
    if not sites or not sites[0].has_permission(request):
        raise Forbidden(f"not staff of an admin site {site_name!r} with these boards")
    return StaffRequest(request, sites[0], sites[0].get_model_admin(model) if model else None)


def _shows(site: AdminSite, model: type[Model] | None) -> bool:
    if model is None:
        return site.is_registered(Overview)
    return bool(getattr(admin_of(site, model), "live_presence", False))


def _bare_request(scope: Mapping[str, Any]) -> ASGIRequest:
    scheme = SCHEMES.get(scope.get("scheme", "ws"), "http")
    http_scope = {**scope, "type": "http", "method": "GET", "scheme": scheme}
    return ASGIRequest(http_scope, io.BytesIO())
