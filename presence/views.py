"""The HTTP side of presence."""

import asyncio
import logging

from asgiref.sync import sync_to_async
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from presence.runtime import current_hub

logger = logging.getLogger(__name__)

ANSWER_WITHIN = 3.0
"""Seconds within which a part answers, or is down."""


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
