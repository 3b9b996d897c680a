"""A board in Django's admin: a panel on its page with the people who are there, live, and what
staff may do."""

import logging
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from django.contrib import admin
from django.contrib.admin import AdminSite
from django.contrib.admin.utils import unquote
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, path, reverse
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language, gettext, ngettext
from django.views.decorators.http import require_POST

from presence import api
from presence.admin.permissions import may_view_accounts

logger = logging.getLogger(__name__)

PERMISSIONS = {
    "remove": "presence.remove_person",
    "close": "presence.close_board",
    "reopen": "presence.close_board",
    "reconnect": "presence.reconnect_board",
}
"""What may be done on a board, and who may by default."""

LONGEST = 200
"""Characters of a person's key that a page may name; keys have far fewer."""

ANY_ACCOUNT = "__pk__"
"""In URLs that a script puts an account's primary key into."""

if TYPE_CHECKING:
    _ModelAdmin = admin.ModelAdmin[Any]
else:
    _ModelAdmin = admin.ModelAdmin


class BoardMixin(_ModelAdmin):
    """What may be done on a board, for a `ModelAdmin` of boards."""

    def has_presence_permission(self, request: HttpRequest, action: str, board: Any) -> bool:
        """Return whether somebody who may view a board may `remove` people from it, `close` it to
        newcomers, `reopen` it, or have everybody `reconnect`."""
        return request.user.has_perm(PERMISSIONS[action])

    def get_urls(self) -> list[URLPattern]:
        """Return the admin's pages of this model, and where to post what is to be done."""
        act = self.admin_site.admin_view(require_POST(self.presence_act))
        return [path("<path:object_id>/presence/", act, name=self._act_name), *super().get_urls()]

    def presence_act(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Do on a board what `action` says (to the `person` of that key), and write it into the
        board's history.

        Answers `{"message": …, "level": "success" or "error"}`. 404 where there is no such board to
        be seen, 403 for who may not, 400 for no such action.
        """
        board = self.get_object(request, unquote(object_id))
        if board is None:
            raise Http404
        action, person = request.POST.get("action", ""), request.POST.get("person", "")
        if action not in PERMISSIONS or (action == "remove" and not 0 < len(person) <= LONGEST):
            return HttpResponse("no such action\n", status=400, content_type="text/plain")
        if not self._may(request, action, board):
            raise PermissionDenied
        return self._do(request, action, board, person)

    def presence_panel(self, request: HttpRequest, board: Any) -> dict[str, Any]:
        """Return what the script of a board's page is told besides what it watches."""
        return {
            "act": reverse(f"{self.admin_site.name}:{self._act_name}", args=[board.pk]),
            "may": [action for action in PERMISSIONS if self._may(request, action, board)],
            "account": account_url(self.admin_site, request),
            "timeZone": get_current_timezone_name(),
            "locale": get_language(),
        }

    def _may(self, request: HttpRequest, action: str, board: Any) -> bool:
        views = self.has_view_permission(request, board)
        return views and self.has_presence_permission(request, action, board)

    def _do(self, request: HttpRequest, action: str, board: Any, person: str) -> JsonResponse:
        """Return what to say, and how it went. What may have been done is written down, too."""
        try:
            done = _ACTIONS[action](board, person)
        except api.TryLater:
            said = gettext("It is not known whether this was done: look, or try again.")
            self.log_change(request, board, f"{_attempts()[action]} {person}".strip())
            return JsonResponse({"message": said, "level": "error"})
        except ImproperlyConfigured:
            logger.exception("nothing can be done on a board from this process")
            return JsonResponse({"message": gettext("Not done."), "level": "error"})
        self.log_change(request, board, done)
        return JsonResponse({"message": done, "level": "success"})

    @property
    def _act_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_presence_act"


def account_url(site: AdminSite, request: HttpRequest) -> str | None:
    """Return where accounts are in an admin site, with `ANY_ACCOUNT` in place of a primary key;
    None where they are not, or somebody may not view them."""
    if not may_view_accounts(site, request):
        return None
    model = get_user_model()
    name = f"{site.name}:{model._meta.app_label}_{model._meta.model_name}_change"
    return reverse(name, args=[ANY_ACCOUNT])


def _attempts() -> dict[str, str]:
    """Return what stands in a board's history where it is not known whether something was done."""
    return {
        "remove": gettext("Tried to remove somebody:"),
        "close": gettext("Tried to close it to newcomers."),
        "reopen": gettext("Tried to open it to newcomers."),
        "reconnect": gettext("Tried to have everybody reconnect."),
    }


def _remove(board: Any, person: str) -> str:
    here = {each.key: each.name for each in api.people(board, states=False)}
    tabs = api.remove(board, person)
    text = ngettext(
        "Removed %(name)s (%(person)s): %(tabs)d tab closed.",
        "Removed %(name)s (%(person)s): %(tabs)d tabs closed.",
        tabs,
    )
    return text % {"name": here.get(person, gettext("Somebody")), "person": person, "tabs": tabs}


def _close(board: Any, person: str) -> str:
    api.close(board)
    return gettext("Closed to newcomers.")


def _reopen(board: Any, person: str) -> str:
    api.reopen(board)
    return gettext("Open to newcomers again.")


def _reconnect(board: Any, person: str) -> str:
    api.reconnect(board)
    return gettext("Everybody was sent a reconnect.")


_ACTIONS: Mapping[str, Callable[[Any, str], str]] = {
    "remove": _remove,
    "close": _close,
    "reopen": _reopen,
    "reconnect": _reconnect,
}
