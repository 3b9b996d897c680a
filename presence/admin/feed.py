"""What a page of the admin asks for over HTTP, where its socket cannot connect: the same JSON."""

from collections.abc import Callable, Mapping
from typing import Any

from asgiref.sync import async_to_sync
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import get_script_prefix
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from presence.admin.poller import Poller
from presence.admin.staff_request import permits, refusal
from presence.admin.subscription import read_topics
from presence.admin.threads import in_request
from presence.admin.topic import Grant, Visit
from presence.admin.topics import READERS, TOPICS
from presence.conf import get_settings
from presence.protocol.errors import Forbidden

_watchers = {t.name: Poller(t.look, t.unknown, t.every) for t in TOPICS.values()}
"""They only look; so they belong to no event loop, and know what was logged already."""

View = Callable[[HttpRequest], HttpResponse]


def feed_view(site: AdminSite, model_admin: "ModelAdmin[Any] | None" = None) -> View:
    """Return the view of an admin site, or of a `ModelAdmin` in it, that answers with every topic
    that is asked for, whole.

    `?rows=<uuid>,<uuid>` and `&board=<uuid>` say which boards; `&overview=1` says yes. A script
    cannot sign in: who is not signed in gets 401 in place of a form, who may not 403, who asks for
    what nobody can watch 400.
    """

    @require_safe
    def answer(request: HttpRequest) -> HttpResponse:
        try:
            wanted = read_topics(_said(request.GET.dict()), READERS)
            with in_request():
                grants = permits(Visit(request, site, model_admin), wanted, TOPICS)
        except ValueError:
            return refusal(400)
        except Forbidden:
            return refusal(403)
        return JsonResponse(async_to_sync(_look)(grants))

    guarded = site.admin_view(answer)

    @login_not_required  # it says so itself, in place of leading a script to a form
    @never_cache
    def feed(request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return refusal(401)
        if not site.has_permission(request):
            return refusal(403)
        if not get_settings().ENABLED:
            return refusal(503)
        return guarded(request)

    return feed


def live_page(site: AdminSite, feed: str | None, **watch: object) -> dict[str, Any]:
    """Return what every page of an admin site that is kept up to date says to its script: where to
    hear and to ask, and what it watches."""
    return {
        "socket": f"{get_script_prefix()}ws/presence/staff/",
        "feed": feed,
        "watch": {"site": site.name, **watch},
    }


def status_texts() -> dict[str, str]:
    """Return what such a page says where its numbers are old, or not for whoever looks any more."""
    return {
        "stale": gettext("The server cannot be reached: these numbers are old."),
        "ended": gettext("You are signed out, or may not see this any more."),
    }


def _said(parameters: Mapping[str, Any]) -> dict[str, object]:
    """Return what the page would say on its socket."""
    said: dict[str, object] = dict(parameters)
    if "rows" in said:
        said["rows"] = [row for row in parameters["rows"].split(",") if row]
    return {name: True if value == "1" else value for name, value in said.items()}


async def _look(grants: Mapping[str, Grant]) -> dict[str, Any]:
    with in_request():
        return {name: await _look_at(name, grant) for name, grant in grants.items()}


async def _look_at(name: str, grant: Grant) -> Any:
    return await _watchers[name].once(grant)
