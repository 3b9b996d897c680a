"""The feed: what a page of the admin fetches over HTTP while its socket cannot connect."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import unquote

from asgiref.sync import async_to_sync
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import get_script_prefix
from django.utils.translation import gettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from presence.admin.poller import poll
from presence.admin.staff_request import StaffRequest
from presence.admin.threads import in_request
from presence.admin.topics import TOPICS, Query, authorize, parse_topics
from presence.conf import get_settings
from presence.protocol.errors import Forbidden


def feed_view(
    site: AdminSite, model_admin: "ModelAdmin[Any] | None" = None
) -> Callable[[HttpRequest], HttpResponse]:
    """Return the view of an admin site, or of one of its `ModelAdmin`, that answers with topics.

    `?rows=blog.post%253A42,lobby`, `&board=<reference>` and `&overview=1` name topics; each row is
    percent-encoded, as a key may have a comma. Status 401 for a guest and
    403 without permission (a script has no use for the login form), 400 for a malformed query, 503
    while presence is switched off.
    """

    @require_safe
    def answer(request: HttpRequest) -> HttpResponse:
        with in_request():
            try:
                wanted = parse_topics(_message(request.GET.dict()))
                queries = authorize(StaffRequest(request, site, model_admin), wanted)
            except ValueError:
                return JsonResponse({}, status=400)
            except Forbidden:
                return JsonResponse({}, status=403)
            return JsonResponse(async_to_sync(_fetch)(queries))

    guarded = site.admin_view(answer)

    @login_not_required  # so that a script gets 401, not a redirect
    @never_cache
    def feed(request: HttpRequest) -> HttpResponse:
        if not request.user.is_authenticated:
            return JsonResponse({}, status=401)
        if not site.has_permission(request):
            return JsonResponse({}, status=403)
        if not get_settings().ENABLED:
            return JsonResponse({}, status=503)
        return guarded(request)

    return feed


def page_config(site: AdminSite, feed: str | None, **watch: object) -> dict[str, Any]:
    """Return what the script of a live page needs: its socket, its feed and its subscription."""
    return {
        "socket": f"{get_script_prefix()}ws/presence/staff/",
        "feed": feed,
        "watch": {"site": site.name, **watch},
    }


def status_texts() -> dict[str, str]:
    """Return the texts of a live page whose numbers are old, or that was shut out."""
    return {
        "stale": gettext("The server cannot be reached: these numbers are old."),
        "ended": gettext("You are signed out, or may not see this any more."),
    }


def _message(parameters: Mapping[str, str]) -> dict[str, object]:
    """Return what the page would have sent on its socket."""
    message: dict[str, object] = {
        name: True if value == "1" else value for name, value in parameters.items()
    }
    if "rows" in parameters:
        message["rows"] = [unquote(row) for row in parameters["rows"].split(",") if row]
    return message


async def _fetch(queries: Mapping[str, Query]) -> dict[str, Any]:
    return {name: (await poll(TOPICS[name], [query]))[query] for name, query in queries.items()}
