"""Pages that call `presence.api` and answer with JSON, and receivers that write down, a line each,
what the signals of a process say.

`/sync/<function>/<board>/` calls in a sync view, `/async/...` in an async one; what comes after the
board are further arguments. `/plain/...` calls in a thread of its own.
"""

import json
import os
import threading
import time
from pathlib import Path
from typing import Any

from django.dispatch import receiver
from django.http import HttpRequest, JsonResponse
from django.urls import include, path

from presence import api
from presence.signals import board_emptied, person_joined, person_left

EVENTS = os.environ.get("EVENTS_FILE", "")


def told(answer: Any) -> JsonResponse:
    return JsonResponse({"answer": answer}, json_dumps_params={"default": str})


def act_sync(request: HttpRequest, name: str, board: str, more: str = "") -> JsonResponse:
    return told(plain(getattr(api, name)(board, *filter(None, more.split("/")))))


async def act_async(request: HttpRequest, name: str, board: str, more: str = "") -> JsonResponse:
    return told(plain(await getattr(api, f"a{name}")(board, *filter(None, more.split("/")))))


def act_plain(request: HttpRequest, name: str, board: str, more: str = "") -> JsonResponse:
    answers: list[JsonResponse] = []
    thread = threading.Thread(
        target=lambda: answers.append(act_sync(request, name, board, more)), daemon=True
    )
    thread.start()
    thread.join()
    return answers[0]


def plain(answer: Any) -> Any:
    if isinstance(answer, list):
        return [
            {"key": p.key, "name": p.name, "tabs": p.tabs, "state": p.state,
             "processes": p.processes}
            for p in answer
        ]  # fmt: skip
    return answer


def write_down(signal: Any, board: Any, person: str, name: str, count: int, **_: Any) -> None:
    what = {person_joined: "joined", person_left: "left", board_emptied: "emptied"}[signal]
    line = json.dumps([str(board), what, name, count])
    with Path(EVENTS).open("a") as file:
        file.write(f"{line}\n")


if EVENTS:
    for signal in (person_joined, person_left, board_emptied):
        receiver(signal)(write_down)


@receiver(person_joined)
def be_slow(name: str, **_: Any) -> None:
    """Hold up whoever waits for a receiver."""
    if name == "Slow":
        time.sleep(3)
    if name == "Faulty":
        raise RuntimeError("a receiver's fault")


kinds = {"sync": act_sync, "async": act_async, "plain": act_plain}

urlpatterns = [
    *(path(f"{kind}/<name>/<uuid:board>/", view) for kind, view in kinds.items()),
    *(path(f"{kind}/<name>/<uuid:board>/<path:more>", view) for kind, view in kinds.items()),
    path("", include("presence_site.urls")),
]
