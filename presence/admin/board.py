"""A board's page in the admin: the panel with its people, what staff may do, and the topic `board`
that keeps the panel up to date."""

import asyncio
import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from time import monotonic
from typing import Any
from uuid import UUID

from django.contrib.admin import AdminSite
from django.contrib.admin.utils import quote, unquote
from django.contrib.auth import get_user_model
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils.timezone import get_current_timezone_name
from django.utils.translation import get_language, gettext, ngettext
from django.views.decorators.http import require_POST

from presence import api
from presence.admin.feed import status_texts
from presence.admin.permissions import may_view, may_view_board
from presence.admin.staff_request import StaffRequest
from presence.admin.threads import is_in_request, run_in_worker
from presence.admin.topics import Topic, changed_parts, outages, parse_board
from presence.server.people import Person

logger = logging.getLogger(__name__)

PERMISSIONS = {
    "remove": "presence.remove_person",
    "close": "presence.close_board",
    "reopen": "presence.close_board",
    "reconnect": "presence.reconnect_board",
}
"""The actions that staff may take on a board, and the permission for each."""

MAX_PERSON_KEY = 200
"""Characters of a person's key that a page may post; real keys are much shorter."""

ANY_ACCOUNT = "__pk__"
"""Placeholder in URLs that a script replaces with an account's primary key."""

FETCHES_AT_ONCE = 8
"""Boards fetched at the same time: half of the store's connections."""

ACTIVITY_WITHIN = 0.5
"""Seconds that other processes have to report what their people do. A dead one stays silent until
its lease ends, and newcomers must show within a second meanwhile."""

NAME_WITHIN = 0.25
"""Seconds that the panel waits for the names of accounts."""

NAME_LIFETIME = 60.0
"""Seconds for which the name of an account is cached."""

MAX_CACHED = 10_000
"""Entries that the cache of names, and that of arrival times, may hold before it is emptied."""

CLOCK_TOLERANCE = 2.0
"""Seconds by which two measurements of one arrival may differ."""


def action_view(model_admin: Any) -> Callable[..., HttpResponse]:
    """Return the view that runs the posted `action` on a board, and logs it in its history.

    `person` is the key of the person to remove. The answer is `{"message": …, "level": "success" or
    "error"}`; 404 if the board is not in the queryset, 403 without permission, 400 if malformed.
    """

    @require_POST
    def act(request: HttpRequest, object_id: str) -> HttpResponse:
        board = model_admin.get_object(request, unquote(object_id))
        if board is None:
            raise Http404
        action, person = request.POST.get("action", ""), request.POST.get("person", "")
        if action not in PERMISSIONS or (
            action == "remove" and not 0 < len(person) <= MAX_PERSON_KEY
        ):
            return HttpResponse("no such action\n", status=400, content_type="text/plain")
        if not _may_act(model_admin, request, action, board):
            raise PermissionDenied
        return _run(model_admin, request, action, board, person)

    return model_admin.admin_site.admin_view(act)  # type: ignore[no-any-return]


def panel_config(model_admin: Any, request: HttpRequest, board: Any) -> dict[str, Any]:
    """Return what the script of the panel needs besides the board's people."""
    opts, site = model_admin.opts, model_admin.admin_site
    act = f"{site.name}:{opts.app_label}_{opts.model_name}_presence_act"
    return {
        "act": reverse(act, args=[quote(board.pk)]),
        "may": [name for name in PERMISSIONS if _may_act(model_admin, request, name, board)],
        "account": _account_url(site, request),
        "timeZone": get_current_timezone_name(),
        "locale": get_language(),
        "texts": {
            **status_texts(),
            "guest": gettext("guest"),
            "account": gettext("account"),
            "active": gettext("active"),
            "off board": gettext("off board"),
            "idle": gettext("idle"),
            "away": gettext("away"),
            "not_done": gettext("It is not known whether this was done: look, or try again."),
            "not_allowed": gettext("You may not do this."),
        },
    }


def _may_act(model_admin: Any, request: HttpRequest, action: str, board: Any) -> bool:
    return bool(
        model_admin.has_view_permission(request, board)
        and model_admin.has_presence_permission(request, action, board)
    )


def _run(
    model_admin: Any, request: HttpRequest, action: str, board: Any, person: str
) -> JsonResponse:
    try:
        message = _act(action, board, person)
    except api.TryLater:
        attempts = {
            "remove": gettext("Tried to remove somebody:"),
            "close": gettext("Tried to close it to newcomers."),
            "reopen": gettext("Tried to open it to newcomers."),
            "reconnect": gettext("Tried to have everybody reconnect."),
        }
        model_admin.log_change(request, board, f"{attempts[action]} {person}".strip())
        message = gettext("It is not known whether this was done: look, or try again.")
        return JsonResponse({"message": message, "level": "error"})
    except ImproperlyConfigured:
        logger.exception("admin: this process cannot act on boards (action=%s)", action)
        return JsonResponse({"message": gettext("Not done."), "level": "error"})
    model_admin.log_change(request, board, message)
    return JsonResponse({"message": message, "level": "success"})


def _act(action: str, board: Any, person: str) -> str:
    """Take an action on a board; return what was done."""
    match action:
        case "close":
            api.close(board)
            return gettext("Closed to newcomers.")
        case "reopen":
            api.reopen(board)
            return gettext("Open to newcomers again.")
        case "reconnect":
            api.reconnect(board)
            return gettext("Everybody was sent a reconnect.")
    names = {each.key: each.name for each in api.people(board, states=False)}
    tabs = api.remove(board, person)
    text = ngettext(
        "Removed %(name)s (%(person)s): %(tabs)d tab closed.",
        "Removed %(name)s (%(person)s): %(tabs)d tabs closed.",
        tabs,
    )
    name = names.get(person) or gettext("Somebody")
    return text % {"name": name, "person": person, "tabs": tabs}


def _account_url(site: AdminSite, request: HttpRequest) -> str | None:
    """Return an account's URL with `ANY_ACCOUNT` as its key; None if the user may not view it."""
    if not may_view(site, request, get_user_model()):
        return None
    meta = get_user_model()._meta
    name = f"{site.name}:{meta.app_label}_{meta.model_name}_change"
    return reverse(name, args=[ANY_ACCOUNT])


class AccountNames:
    """A cache of user names by primary key as text. The site's database may be slow: the event loop
    waits for it only for a moment, a request for all names."""

    def __init__(self) -> None:
        self._names: dict[str, tuple[str, float]] = {}
        self._wanted: set[str] = set()
        self._lookup: asyncio.Task[None] | None = None

    async def get(self, keys: Collection[str]) -> Mapping[str, str]:
        """Return the names that are known by now, "" for none. The others are looked up in one
        query for all boards."""
        if len(self._names) > MAX_CACHED:
            self._names = {}
        oldest = monotonic() - NAME_LIFETIME
        self._wanted |= {k for k in keys if k not in self._names or self._names[k][1] < oldest}
        if self._wanted and is_in_request():
            await self._look_up()
        elif self._wanted:
            if self._lookup is None or self._lookup.done():
                self._lookup = asyncio.get_running_loop().create_task(self._look_up())
            await asyncio.wait([self._lookup], timeout=NAME_WITHIN)
        return {key: self._names[key][0] for key in keys if key in self._names}

    async def _look_up(self) -> None:
        while self._wanted:
            keys, self._wanted = self._wanted, set()
            names: Mapping[str, str] = {}
            with outages.attempt("looking up account names"):
                names = await run_in_worker(_user_names, keys)
            self._names |= {key: (names.get(key, ""), monotonic()) for key in keys}


def _user_names(keys: Collection[str]) -> dict[str, str]:
    users = get_user_model()._default_manager.filter(pk__in=keys)
    return {str(user.pk): str(user.get_username()) for user in users}


class ArrivalTimes:
    """When people came, as measured first: measured anew at each fetch, it would jitter."""

    def __init__(self) -> None:
        self._times: dict[tuple[UUID, str], int] = {}

    def get(self, board: UUID, person: Person) -> int:
        """Return when a person came onto a board, in seconds since 1970."""
        key, since = (board, person.key), person.since.timestamp()
        if abs(self._times.get(key, 0) - since) > CLOCK_TOLERANCE:
            if len(self._times) >= MAX_CACHED:
                self._times = {}
            self._times[key] = round(since)
        return self._times[key]


_account_names = AccountNames()
_arrival_times = ArrivalTimes()


@dataclass(frozen=True, slots=True)
class BoardQuery:
    """A board that a page shows, and whether it may get the names of accounts."""

    board: UUID
    accounts: bool


def _authorize(staff: StaffRequest, board: UUID) -> BoardQuery | None:
    model_admin = staff.model_admin
    if model_admin is None or not may_view_board(model_admin, staff.request, board):
        return None
    return BoardQuery(board, may_view(staff.site, staff.request, get_user_model()))


async def _fetch(queries: Collection[BoardQuery]) -> Mapping[BoardQuery, dict[str, Any]]:
    """Fetch each board by itself, and leave those out that fail."""
    slots = asyncio.Semaphore(FETCHES_AT_ONCE)
    boards: dict[BoardQuery, dict[str, Any]] = {}

    async def fetch(query: BoardQuery) -> None:
        with outages.attempt("fetching the people of a board"):
            async with slots:
                boards[query] = await _fetch_board(query)

    await asyncio.gather(*map(fetch, queries))
    return boards


async def _fetch_board(query: BoardQuery) -> dict[str, Any]:
    """Return a board as the panel shows it::

    {"closed": False, "hidden": 0,
     "people": {"<key>": {"name": "Ada", "color": "#4363d8", "since": 1790000000, "tabs": 2,
                          "account": {"pk": "7", "name": "ada"}, "state": "active",
                          "processes": ["web1:812:5e0c1d9a"]}, …},
     "cursors": {"<session>": ["<key>", 32768, 9000], …}}

    `hidden` is how many people the board does not show, which then are not in `people`.
    `account` is None for a guest; `pk` and `name` are None if the query may not get accounts.
    `state` is None if no process reported it. All else is as in `presence.server.people`.
    """
    scene = await api.ascene(query.board, ACTIVITY_WITHIN)
    accounts = [person.account for person in scene.people if person.account and person.name]
    names = await _account_names.get(accounts) if query.accounts else {}
    return {
        "closed": scene.closed,
        "hidden": sum(not person.name for person in scene.people),
        "people": {
            person.key: _person(query, person, names) for person in scene.people if person.name
        },
        "cursors": {session: list(cursor) for session, cursor in scene.cursors.items()},
    }


def _person(query: BoardQuery, person: Person, names: Mapping[str, str]) -> dict[str, Any]:
    account: dict[str, str | None] | None = None
    if person.account is not None:
        pk = person.account if query.accounts else None
        account = {"pk": pk, "name": names.get(pk or "") or pk}
    return {
        "name": person.name,
        "color": "#{:02x}{:02x}{:02x}".format(*person.color),
        "account": account,
        "since": _arrival_times.get(query.board, person),
        "tabs": person.tabs,
        "state": person.state,
        "processes": list(person.processes),
    }


BOARD = Topic("board", parse=parse_board, authorize=_authorize, fetch=_fetch, changes=changed_parts)
"""Who is on a board, what they do there, and where their cursors are."""
