"""The example site's pages, and some that call `presence.api` and answer with JSON.

`/sync/<function>/<board>/` calls in a sync view, `/async/...` in an async one; what follows the
board are further arguments. `/sync/<function>/of/<user>/` calls for a user. Receivers append what
the signals say to EVENTS_FILE, a line each.
"""

import json
import os
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

from django.dispatch import receiver
from django.http import HttpRequest, JsonResponse
from django.urls import include, path

from presence import api
from presence.signals import board_emptied, person_joined, person_left

KINDS = {person_joined: "joined", person_left: "left", board_emptied: "emptied"}


def answered(answer: Any) -> JsonResponse:
    if isinstance(answer, list):
        answer = [asdict(each) if is_dataclass(each) else each for each in answer]
    return JsonResponse({"answer": answer}, json_dumps_params={"default": str})


def call(request: HttpRequest, name: str, board: str, more: str = "") -> JsonResponse:
    return answered(getattr(api, name)(board, *filter(None, more.split("/"))))


async def acall(request: HttpRequest, name: str, board: str, more: str = "") -> JsonResponse:
    return answered(await getattr(api, f"a{name}")(board, *filter(None, more.split("/"))))


@receiver([*KINDS])
def write_down(signal: Any, board: Any, person: str, name: str, count: int, **_: Any) -> None:
    with Path(os.environ["EVENTS_FILE"]).open("a") as file:
        file.write(json.dumps([str(board), KINDS[signal], name, count]) + "\n")


views = {"sync": call, "async": acall}

urlpatterns = [
    *(path(f"{kind}/<name>/of/<board>/", view) for kind, view in views.items()),
    *(path(f"{kind}/<name>/<uuid:board>/", view) for kind, view in views.items()),
    *(path(f"{kind}/<name>/<uuid:board>/<path:more>", view) for kind, view in views.items()),
    path("", include("presence_site.urls")),
]
