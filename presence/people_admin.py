"""A board's people in Django's admin: who is there, kept up to date, and what staff may do."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.forms import Media, Script
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, path, reverse
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.cache import never_cache

from presence import api
from presence.known import UNKNOWN, known

STATES = {
    "active": gettext_lazy("active"),
    "off board": gettext_lazy("off board"),
    "idle": gettext_lazy("idle"),
    "away": gettext_lazy("away"),
}
"""What the states of `api.Person` are called on a page."""

LONGEST = 200
"""Characters of a person's key that a page may name; keys have far fewer."""

Row = dict[str, Any]


class PeopleMixin(admin.ModelAdmin):  # type: ignore[type-arg]  # generic to the checker only
    """A page with the people of a board, for a `ModelAdmin` of boards; the page of the board itself
    has a button that leads there."""

    change_form_template = "admin/presence/change_form.html"

    def has_presence_permission(self, request: HttpRequest, board: Any) -> bool:
        """Return whether somebody may remove people from a board, close it, and have everybody
        reconnect: by default, who may change it."""
        return self.has_change_permission(request, board)

    def get_urls(self) -> Any:
        """Return the admin's pages of this model, and that with the people of a board."""
        page = self.admin_site.admin_view(never_cache(self.presence_people))
        return [
            path("<path:object_id>/presence/", page, name=self._people_name),
            *super().get_urls(),
        ]

    def presence_people(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Answer with the page; with `?format=json` with what changes on it; to a POST by doing
        what its `action` says. 404 for a board that is not to be seen."""
        board = self._board(request, object_id)
        if request.method == "POST":
            return self._act(request, board)
        if request.GET.get("format") == "json":
            told = self._told(board)
            return JsonResponse(told, status=200 if told["known"] else 503)
        return self._page(request, board)

    def _board(self, request: HttpRequest, object_id: str) -> Any:
        board = self.get_object(request, unquote(object_id))
        if board is None:
            raise Http404
        if not self.has_view_permission(request, board):
            raise PermissionDenied
        return board

    def _page(self, request: HttpRequest, board: Any) -> HttpResponse:
        context = {
            **self.admin_site.each_context(request),
            **self._told(board),
            "title": _("People"),
            "subtitle": str(board),
            "opts": self.opts,
            "board": board,
            "may_act": self.has_presence_permission(request, board),
            "media": self.media,
        }
        request.current_app = self.admin_site.name
        return TemplateResponse(request, "admin/presence/people.html", context)

    def _told(self, board: Any) -> dict[str, Any]:
        """Return what the page tells of a board, in words."""
        found = known(lambda: (api.people(board), api.is_closed(board)))
        here, closed = found or ([], False)
        accounts = self._accounts(here)
        rows = [self._row(person, accounts) for person in here]
        return {"known": found is not None, "people": rows, "closed": closed}

    def _row(self, person: api.Person, accounts: dict[str, str]) -> Row:
        return {
            "key": person.key,
            "name": person.name,
            "account": accounts.get(person.account or "", "") or _("guest"),
            "url": self._account_url(person.account) if person.account in accounts else "",
            "since": date_format(localtime(person.since), "DATETIME_FORMAT"),
            "tabs": str(person.tabs),
            "state": STATES.get(person.state or "", UNKNOWN),
            "processes": ", ".join(person.processes),
        }

    def _accounts(self, people: list[api.Person]) -> dict[str, str]:
        """Return the names of the accounts of people, by primary key, with one query."""
        keys = [person.account for person in people if person.account]
        users = get_user_model()._default_manager.filter(pk__in=keys) if keys else ()
        return {str(user.pk): user.get_username() for user in users}

    def _account_url(self, account: str | None) -> str:
        user = get_user_model()._meta
        name = f"{self.admin_site.name}:{user.app_label}_{user.model_name}_change"
        try:
            return reverse(name, args=[account])
        except NoReverseMatch:
            return ""

    def _act(self, request: HttpRequest, board: Any) -> HttpResponse:
        if not self.has_presence_permission(request, board):
            raise PermissionDenied
        actions = {
            "remove": self._remove,
            "close": self._close,
            "reopen": self._reopen,
            "reconnect": self._reconnect,
        }
        act = actions.get(request.POST.get("action", ""))
        named = 0 < len(request.POST.get("person", "")) <= LONGEST
        if act is None or (act == self._remove and not named):
            return HttpResponse("no such action\n", status=400, content_type="text/plain")
        try:
            done = act(board, request.POST)
        except (api.TryLater, ImproperlyConfigured):
            self.message_user(request, _("Not done: try again later."), messages.ERROR)
        else:
            self.log_change(request, board, done)
            self.message_user(request, done, messages.SUCCESS)
        return HttpResponseRedirect(request.path)

    def _remove(self, board: Any, said: Any) -> str:
        person = said.get("person", "")
        name = next((each.name for each in api.people(board) if each.key == person), _("Somebody"))
        tabs = api.remove(board, person)
        text = ngettext(
            "Removed %(name)s (%(person)s): %(tabs)d tab closed.",
            "Removed %(name)s (%(person)s): %(tabs)d tabs closed.",
            tabs,
        )
        return text % {"name": name, "person": person, "tabs": tabs}

    def _close(self, board: Any, said: Any) -> str:
        api.close(board)
        return _("Closed to newcomers.")

    def _reopen(self, board: Any, said: Any) -> str:
        api.reopen(board)
        return _("Open to newcomers again.")

    def _reconnect(self, board: Any, said: Any) -> str:
        api.reconnect(board)
        return _("Everybody was sent a reconnect.")

    @property
    def media(self) -> Media:
        """The admin's scripts, and the one that keeps numbers and people up to date."""
        script: Any = Script("presence/admin.js", type="module")
        return super().media + Media(js=[script], css={"all": ["presence/admin.css"]})

    @property
    def _people_name(self) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_presence_people"
