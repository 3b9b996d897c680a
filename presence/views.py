"""The HTTP side of presence.

Who may read `/metrics`: programs on networks that the site names, and whoever has its token.
"""

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping
from hmac import compare_digest
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any
from uuid import UUID

from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured
from django.db import connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.cache import patch_vary_headers
from django.utils.log import log_response
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from presence import api
from presence.auth import permit, permitted
from presence.embed import may_embed
from presence.guests import guest_person, read_signed, sign_guest, user_person
from presence.middleware import guest_of
from presence.page_counts import MOST
from presence.protocol.errors import Forbidden, NoBoard, PresenceError, SignInRequired, TryLater
from presence.runtime import current_hub
from presence.tokens import Grant, sign

FORWARDED = frozenset({"forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip"})
"""Headers, in small letters, by which a proxy tells that it is one; so do all that begin with
"x-forwarded"."""


def is_token(authorization: str, token: str) -> bool:
    """Return whether an Authorization header bears the token (RFC 6750, section 2.1). How long it
    takes tells nothing of it."""
    scheme, _, given = authorization.partition(" ")
    matches = compare_digest(given.strip().encode(), token.encode())
    return bool(token) and scheme.lower() == "bearer" and matches


def is_forwarded(headers: Iterable[str]) -> bool:
    """Return whether a request came through a proxy, by the names of its headers."""
    names = {name.lower() for name in headers}
    return not names.isdisjoint(FORWARDED) or any(name.startswith("x-forwarded") for name in names)


def is_near(address: str, networks: Collection[str]) -> bool:
    """Return whether the address of a peer is in one of some networks, as in "10.0.0.0/8".

    An address that is none, such as that of a Unix socket's peer, is in no network.
    """
    try:
        peer = ip_address(address)
    except ValueError:
        return False
    if isinstance(peer, IPv6Address) and peer.ipv4_mapped is not None:
        peer = peer.ipv4_mapped
    return any(peer in ip_network(network) for network in networks)


logger = logging.getLogger(__name__)

ANSWER_WITHIN = 3.0
"""Seconds within which a part answers, or is down."""

GUEST_HEADER = "Presence-Guest"
"""In which a page of another origin says again who its guest is, having no cookie to say it."""

STATUSES: Mapping[type[PresenceError], int] = {SignInRequired: 401, Forbidden: 403, NoBoard: 404}
"""What a refusal is in HTTP; all else is 503, come again later."""


@never_cache
async def healthz(request: HttpRequest) -> HttpResponse:
    """Answer 200 `ok`, or 503 with a line for each part that is down."""
    parts = {"database": sync_to_async(_ask_database), "store": _ask_store}
    down = []
    for name, ask in parts.items():
        try:
            async with asyncio.timeout(ANSWER_WITHIN):
                await ask()
        except Exception:  # whatever is wrong with it, it is down; the log says more
            logger.exception("%s is down", name)
            down.append(f"{name} is down")
    return HttpResponse(
        "\n".join(down) or "ok", status=503 if down else 200, content_type="text/plain"
    )


async def _ask_store() -> None:
    await current_hub().store.ping()


def _ask_database() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")


@never_cache
@require_http_methods(["GET", "OPTIONS"])
async def token(request: HttpRequest, board: UUID) -> HttpResponse:
    """Give a page the token with which it may come onto a board now: `{"token": …}`.

    The rules are those of the socket. A guest's answer has `guest` too, which the page says again
    in the header `Presence-Guest`, so that all its connections are those of one person. Another
    origin's page can read the answer only if `PRESENCE["EMBED_ORIGINS"]` names the origin; a
    token is bound to it. Nothing is changed here, so nobody gains by having a browser ask.
    """
    own = f"{request.scheme}://{request.get_host()}"
    origin = request.headers.get("Origin", own)
    if origin != own and not may_embed(origin):
        return _refusal(403, "Pages of this origin may not take part.")
    if request.method == "OPTIONS":
        return _shared(HttpResponse(status=204), origin)
    try:
        answer: HttpResponse = JsonResponse(await _answer(request, board, origin))
    except PresenceError as error:
        answer = _refused(error)
    return _shared(answer, origin)


async def _answer(request: HttpRequest, board: UUID, origin: str) -> dict[str, Any]:
    user = await request.auser()
    await permit(user, board)
    if user.is_authenticated:
        return {"token": sign(Grant(board, origin, user_person(user), str(user.pk)))}
    guest = guest_of(request, read_signed(request.headers.get(GUEST_HEADER)))
    return {
        "token": sign(Grant(board, origin, guest_person(guest))),
        "guest": sign_guest(guest),
    }


@never_cache
@require_safe
async def counts(request: HttpRequest) -> HttpResponse:
    """Tell how many people are on boards: `?board=<uuid>&board=…` is answered with
    `{"counts": {"<uuid>": people}}`.

    The rules are those of the socket. A board that the visitor may not come onto is left out, as
    is one that does not exist: nobody learns from the answer which of them it was. Pages of other
    origins can't read it.
    """
    try:
        asked = _boards(request.GET.getlist("board"))
    except ValueError as error:
        return _refusal(400, str(error))
    try:
        return JsonResponse({"counts": await _counts(request, asked)})
    except PresenceError as error:
        refusal = _refused(error)
        # Every page that is open asks again and again. Django would log each answer as an error, of
        # which it mails the site's admins.
        log_response(
            "counts are not known: %s",
            error,
            response=refusal,
            request=request,
            logger=logger,
            level="info",
        )
        return refusal


def _boards(texts: list[str]) -> list[UUID]:
    if len(texts) > MOST:
        raise ValueError(f"{MOST} boards at most")
    try:
        return [UUID(text) for text in texts]
    except ValueError:
        raise ValueError("board takes a UUID") from None


async def _counts(request: HttpRequest, asked: list[UUID]) -> dict[str, int]:
    seen = await permitted(await request.auser(), asked)
    try:
        told = await api.acounts(seen) if seen else {}
    except ImproperlyConfigured as error:
        raise TryLater(str(error)) from error
    return {str(board): told[board] for board in seen}


def _refused(error: PresenceError) -> HttpResponse:
    refusal = _refusal(STATUSES.get(type(error), 503), type(error).__doc__ or "")
    refusal["Retry-After"] = str(-(-error.retry // 1000))
    return refusal


def _refusal(status: int, reason: str) -> HttpResponse:
    return JsonResponse({"error": reason}, status=status)


def _shared(response: HttpResponse, origin: str) -> HttpResponse:
    """Let a page of this origin read the response, and send what it asks with (Fetch, "HTTP
    extensions")."""
    patch_vary_headers(response, ("Origin", "Cookie"))
    response["Access-Control-Allow-Origin"] = origin
    response["Access-Control-Allow-Credentials"] = "true"
    response["Access-Control-Allow-Headers"] = GUEST_HEADER
    response["Access-Control-Max-Age"] = "600"
    return response
