"""The HTTP views of presence: health, tokens, counts and metrics."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from functools import partial, reduce
from hmac import compare_digest
from time import monotonic
from typing import NamedTuple, TypeVar
from uuid import UUID

from django.apps import apps
from django.contrib.auth import get_user_model
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.transaction import non_atomic_requests
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.http.response import HttpResponseBase
from django.utils.cache import patch_vary_headers
from django.utils.log import log_response
from django.utils.module_loading import import_string
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe
from prometheus_client.exposition import choose_encoder

from presence import api
from presence.asgi.daphne import ordinary_reason
from presence.auth import permit, permitted
from presence.auth.threads import DatabaseThreads
from presence.boards import board_models, parse_board
from presence.cluster.requests import check_layer
from presence.conf import get_settings
from presence.embed import is_trusted, may_embed
from presence.guests import (
    guest_person,
    new_guest,
    read_guest,
    read_signed,
    set_cookie,
    sign_guest,
)
from presence.page_counts import MAX_BOARDS
from presence.protocol.errors import Forbidden, NoBoard, PresenceError, SignInRequired, TryLater
from presence.recent import RecentAnswers
from presence.runtime import current_hub, recording, several_processes
from presence.server.addresses import client_address, is_forwarded, is_in_networks
from presence.server.caps import LOW, RESERVE, descriptors_left
from presence.server.logs import LogLimit
from presence.server.metrics import scrape
from presence.sessions import arequest_user
from presence.tokens import Grant, account_grant, sign

logger = logging.getLogger(__name__)

_health: RecentAnswers[None, "Health"] = RecentAnswers(1.0)
_log_limit = LogLimit()
_pinging = DatabaseThreads(1, "presence-healthz")
"""A thread of its own: a database that does not answer blocks no other."""

View = TypeVar("View", bound=Callable[..., Awaitable[HttpResponseBase]])

HEALTH_TIMEOUT = 3.0
"""Seconds after which the database, the store or the channel layer counts as down."""

GUEST_HEADER = "Presence-Guest"
"""Header with a guest's signed id, from pages of other origins: they send no cookie."""

STATUSES: Mapping[type[PresenceError], int] = {SignInRequired: 401, Forbidden: 403, NoBoard: 404}
"""HTTP statuses of refusals. Any other is 503 with a Retry-After."""

NO_DATABASE = "django.db.backends.dummy"
"""The engine of the default database of a site that has none, or all under names of their own."""


def without_transaction(view: View) -> View:
    """Keep `ATOMIC_REQUESTS` of any database from a view: Django answers 500 for an async view in a
    transaction."""
    return reduce(lambda view, alias: non_atomic_requests(alias)(view), connections, view)


def decides_itself(view: View) -> View:
    """Have an async view answer guests on a site with `LoginRequiredMiddleware`, and outside a
    transaction."""
    return login_not_required(without_transaction(view))


class Health(NamedTuple):
    """What `/healthz` says: the problems that fail it, and what only those are told who may read
    metrics."""

    problems: list[str]
    headers: dict[str, str]


@decides_itself
@never_cache
async def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 `ok`, or 503 with a line for each part that is down, or for wrong settings with
    which nobody can join. An answer is given again for a second: anybody may ask.

    Whoever may read metrics gets headers, too. `Presence-Fast-Path` is `on`, or `off` with the
    reason. `Presence-Processes` is `ok`, or says that several processes do not know of each other.
    `Presence-Descriptors` is `ok`, or says that few file descriptors are left.

    `/healthz?live` asks no part and answers 200 `ok`: this process runs.
    """
    if "live" in request.GET:
        return HttpResponse("ok", content_type="text/plain")
    try:
        board_models()
        import_string(get_settings().AUTHORIZE)
    except (ImproperlyConfigured, ImportError) as error:
        logger.error("healthz: PRESENCE is wrong: %s", error)
        told = "PRESENCE is wrong: the log and `manage.py check` say why"
        return HttpResponse(told, status=503, content_type="text/plain")
    health = await _health.ask(None, _look)
    return HttpResponse(
        "\n".join(health.problems) or "ok",
        status=503 if health.problems else 200,
        content_type="text/plain",
        headers=health.headers if may_read_metrics(request) else {},
    )


async def _look() -> Health:
    ping = partial(asyncio.get_running_loop().run_in_executor, _pinging, _ping_databases)
    parts: dict[str, Callable[[], Awaitable[None]]] = {
        "database": ping,
        "store": _check_store,
        "channel layer": _check_layer,
    }
    answers = await asyncio.gather(*(_is_up(name, ask) for name, ask in parts.items()))
    problems = [f"{name} is down" for name, up in zip(parts, answers, strict=True) if not up]
    left, descriptors = descriptors_left(), "ok"
    if left < RESERVE:
        problems.append("file descriptors are used up: newcomers are refused")
    if left < LOW:
        descriptors = f"low; {left:.0%} are left"
        if _log_limit.times("descriptors", monotonic()):
            logger.warning("healthz: %.0f%% of the file descriptors are left", 100 * left)
    reason = ordinary_reason()
    return Health(
        problems,
        {
            "Presence-Fast-Path": f"off; {reason}" if reason else "on",
            "Presence-Processes": several_processes() or "ok",
            "Presence-Descriptors": descriptors,
        },
    )


async def _is_up(name: str, ask: Callable[[], Awaitable[None]]) -> bool:
    try:
        async with asyncio.timeout(HEALTH_TIMEOUT):
            await ask()
    except Exception:
        logger.exception("healthz: %s is down", name)
        return False
    return True


async def _check_store() -> None:
    await current_hub().store.check()


async def _check_layer() -> None:
    if (layer := current_hub().layer) is not None:
        await check_layer(layer)


def _ping_databases() -> None:
    """Ask the default database, if the site has one, and those of the boards and the accounts."""
    aliases = {model._default_manager.db for model in board_models()}
    if connection.settings_dict["ENGINE"] != NO_DATABASE:
        aliases.add(DEFAULT_DB_ALIAS)
    if apps.is_installed("django.contrib.auth"):
        aliases.add(get_user_model()._default_manager.db)
    for alias in aliases:
        with connections[alias].cursor() as cursor:
            cursor.execute("SELECT 1")


@decides_itself
@never_cache
@require_http_methods(["GET", "OPTIONS"])
async def token(request: HttpRequest, board: UUID) -> HttpResponse:
    """Give a page a token for a board: `{"token": "..."}`. The socket's rules decide.

    A guest also gets `guest`. The page sends it back in the header `Presence-Guest`, so that all
    connections of the guest count as one person. A page of another origin can read the answer only
    where `PRESENCE["EMBED_ORIGINS"]` names the origin; the token is bound to that origin.
    """
    own = f"{request.scheme}://{request.get_host()}"
    origin = request.headers.get("Origin", own)
    if origin != own and not is_trusted(origin) and not may_embed(origin):
        return _error(403, "Pages of this origin may not take part.")
    if request.method == "OPTIONS":
        return _allow_origin(HttpResponse(status=204), origin)
    try:
        answer = await _token(request, board, origin)
    except PresenceError as error:
        answer = _refusal(error)
    return _allow_origin(answer, origin)


async def _token(request: HttpRequest, board: UUID, origin: str) -> HttpResponse:
    user = await arequest_user(request)
    await permit(user, board)
    if user.is_authenticated:
        return JsonResponse({"token": sign(account_grant(user, board, origin))})
    known = read_guest(request.COOKIES, earlier_keys=False)
    guest = (
        known
        or read_guest(request.COOKIES)
        or read_signed(request.headers.get(GUEST_HEADER))
        or new_guest()
    )
    token = sign(Grant(board, origin, guest_person(guest)))
    answer = JsonResponse({"token": token, "guest": sign_guest(guest)})
    if known is None:
        set_cookie(answer, guest)
    return answer


def _allow_origin(response: HttpResponse, origin: str) -> HttpResponse:
    """Let pages of an origin read the response (Fetch standard, "HTTP extensions")."""
    patch_vary_headers(response, ("Origin", "Cookie"))
    response["Access-Control-Allow-Origin"] = origin
    response["Access-Control-Allow-Credentials"] = "true"
    response["Access-Control-Allow-Headers"] = GUEST_HEADER
    response["Access-Control-Max-Age"] = "600"
    return response


@decides_itself
@never_cache
@require_safe
async def counts(request: HttpRequest) -> HttpResponse:
    """Tell how many people are on boards: `?board=blog.post:42&board=lobby`
    gives `{"counts": {"blog.post:42": 3, "lobby": 0}}`.

    The socket's rules decide. A board that the visitor may not join is left out, like one that does
    not exist. `errors` says which texts are no boards, and why. Pages of other origins cannot read
    the answer.
    """
    texts = request.GET.getlist("board")
    if len(texts) > MAX_BOARDS:
        return _error(400, f"{MAX_BOARDS} boards at most")
    try:
        boards, errors = _parse_boards(texts)
        counted = await _counts(request, boards)
        return JsonResponse({"counts": counted, **({"errors": errors} if errors else {})})
    except PresenceError as error:
        refusal = _refusal(error)
        # Open pages poll. Django would log every 503 as an error, and mail it to the admins.
        log_response(
            "counts: not available (error=%s)",
            error,
            response=refusal,
            request=request,
            logger=logger,
            level="info",
        )
        return refusal


def _parse_boards(texts: list[str]) -> tuple[dict[str, UUID], list[str]]:
    """Return the boards by their texts, and an error for each text that is none."""
    boards: dict[str, UUID] = {}
    errors: list[str] = []
    for text in texts:
        try:
            boards[text] = parse_board(text)
        except NoBoard as error:
            errors.append(str(error))
    return boards, errors


async def _counts(request: HttpRequest, boards: Mapping[str, UUID]) -> dict[str, int]:
    allowed = await permitted(await arequest_user(request), {*boards.values()})
    try:
        people = await api.acounts(allowed) if allowed else {}
    except ImproperlyConfigured as error:
        raise TryLater(str(error)) from error
    return {text: people[board] for text, board in boards.items() if board in people}


def _refusal(error: PresenceError) -> HttpResponse:
    response = _error(STATUSES.get(type(error), 503), type(error).__doc__ or "")
    response["Retry-After"] = str(-(-error.retry // 1000))
    return response


def _error(status: int, reason: str) -> HttpResponse:
    return JsonResponse({"error": reason}, status=status)


@decides_itself
@require_safe
@never_cache
async def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with this process's metrics in Prometheus's format. docs/operations.md says who may
    read them."""
    if not may_read_metrics(request):
        return _metrics_refusal()
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    hub = current_hub()
    registry = await scrape(hub.metrics, hub.store, recording=recording())
    return HttpResponse(encode(registry), content_type=content_type)


def may_read_metrics(request: HttpRequest) -> bool:
    """Return whether a request has the metrics token or comes from an allowed network: directly, or
    through proxies that the site trusts."""
    settings = get_settings()
    if bears_token(request.headers.get("Authorization", ""), settings.METRICS_TOKEN):
        return True
    peer = request.META.get("REMOTE_ADDR") or ""
    forwarded_for = request.headers.get("X-Forwarded-For", "")
    address = client_address(peer, forwarded_for, settings.TRUSTED_PROXIES)
    # A forwarded request has the proxy's address where no trusted proxy tells another.
    is_known = address != peer or not is_forwarded(request.headers)
    return is_known and is_in_networks(address, settings.METRICS_NETWORKS)


def bears_token(authorization: str, token: str) -> bool:
    """Return whether an Authorization header has the token (RFC 6750, section 2.1). Compares in
    constant time; an empty token never matches."""
    scheme, _, given = authorization.partition(" ")
    matches = compare_digest(given.strip().encode(), token.encode())
    return bool(token) and scheme.lower() == "bearer" and matches


def _metrics_refusal() -> HttpResponse:
    if not get_settings().METRICS_TOKEN:
        return HttpResponse("not from this network\n", status=403, content_type="text/plain")
    challenge = {"WWW-Authenticate": 'Bearer realm="metrics"'}
    return HttpResponse("a token\n", status=401, content_type="text/plain", headers=challenge)
