"""Who is behind a page of the admin, and what they may see of the boards."""

import io
from collections.abc import Mapping
from importlib import import_module
from typing import Any
from urllib.parse import urlsplit

from django.apps import apps
from django.conf import settings
from django.contrib.admin import AdminSite
from django.contrib.admin.sites import all_sites
from django.contrib.auth import get_user
from django.core.exceptions import DisallowedHost
from django.core.handlers.asgi import ASGIRequest
from django.db.models import Model
from django.http import HttpRequest, HttpResponse, JsonResponse

from presence.admin.permissions import admin_of
from presence.admin.subscription import Watch
from presence.admin.topic import Grant, Topic, Visit
from presence.embed import is_embedded, origin_of
from presence.models import Overview
from presence.protocol.errors import Forbidden, SignInRequired, TryLater

SCHEMES = {"ws": "http", "wss": "https"}
PORTS = {"http": 80, "https": 443}


class Glance(dict[str, Any]):
    """What a session holds, to be read only.

    Django may end a session, or give it another key, when it looks who is signed in
    (`django.contrib.auth.get_user`); a socket could not tell the browser its new cookie.
    """

    def __init__(self, session_key: str | None) -> None:
        store = import_module(settings.SESSION_ENGINE).SessionStore(session_key)
        super().__init__(store.load() if session_key else {})
        self.session_key = session_key

    def flush(self) -> None:
        """Be nobody's."""
        self.clear()

    def cycle_key(self) -> None:
        """Stay the same."""


def request_of(scope: Mapping[str, Any]) -> HttpRequest:
    """Return the request that a page would make as a socket's scope says, with the `session` and
    the `user` as they are now. No middleware has seen it."""
    request = _plain_request(scope)
    request.session = Glance(request.COOKIES.get(settings.SESSION_COOKIE_NAME))  # type: ignore[assignment]
    request.user = get_user(request)
    return request


def is_own_page(scope: Mapping[str, Any]) -> bool:
    """Tell whether a page of the very host that is asked opens a socket. What `EMBED_ORIGINS` lets
    in, with or without a token, is another.

    As Django's own check of a form's origin (`CsrfViewMiddleware`), but for the scheme: a proxy may
    not say that its visitors come by https.
    """
    origin, request = urlsplit(origin_of(scope)), _plain_request(scope)
    if is_embedded(scope) or origin.scheme not in PORTS:
        return False
    if request.is_secure() and origin.scheme != "https":
        return False
    try:
        host, usual = urlsplit(f"//{request.get_host()}"), PORTS[origin.scheme]
        return (origin.hostname, origin.port or usual) == (host.hostname, host.port or usual)
    except (DisallowedHost, ValueError):
        return False


def visit_of(request: HttpRequest, watch: Watch) -> Visit:
    """Return the visit of who asks to watch; `SignInRequired`, or `Forbidden` where they are none
    of the admin site's staff or there is no such site or model. `TryLater` where two sites of that
    name have it: which of them is meant only an address tells, as the feed's does."""
    if not request.user.is_authenticated:
        raise SignInRequired("nobody is signed in")
    model = _model(watch.model) if watch.model else None
    sites = [site for site in all_sites if site.name == watch.site and _has(site, model)]
    if len(sites) > 1:
        raise TryLater(f"{len(sites)} admin sites are called {watch.site!r}")
    if not sites or not sites[0].has_permission(request):
        raise Forbidden("not of the staff of such an admin")
    return Visit(request, sites[0], sites[0].get_model_admin(model) if model else None)


def permits(
    visit: Visit, wanted: Mapping[str, Any], topics: Mapping[str, Topic]
) -> dict[str, Grant]:
    """Return the grant of each topic that is wanted; `Forbidden` where one of them is refused."""
    grants = {name: topics[name].permit(visit, value) for name, value in wanted.items()}
    for name, grant in grants.items():
        if grant is None:
            raise Forbidden(f"may not watch {name}")
    return grants


def _model(label: str) -> type[Model]:
    try:
        return apps.get_model(label)
    except (LookupError, ValueError) as error:
        raise Forbidden(f"no model {label!r}") from error


def _has(site: AdminSite, model: type[Model] | None) -> bool:
    """Tell whether an admin site shows the presence of a model's boards; without a model, of all
    together."""
    if model is None:
        return site.is_registered(Overview)
    return bool(getattr(admin_of(site, model), "live_presence", False))


def refusal(status: int) -> HttpResponse:
    """Return what a page's script is answered that gets nothing: it heeds the status only."""
    return JsonResponse({}, status=status)


def _plain_request(scope: Mapping[str, Any]) -> ASGIRequest:
    scheme = SCHEMES.get(scope.get("scheme", "ws"), "http")
    said = {**scope, "type": "http", "method": "GET", "scheme": scheme}
    return ASGIRequest(said, io.BytesIO())
