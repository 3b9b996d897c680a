"""What a page of the admin watches, and what has changed since it was told last.

A page says once what it watches, as JSON: `{"site": "admin", "model": "app.model", "rows": […]}`.
Every key but the first two names a topic (`presence.topic`), and its value says what of it.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

MAX_BYTES = 64 * 1024
MAX_ROWS = 1_000
MAX_NAME = 200

Reader = Callable[[object], Any]
"""Returns what a page wants of a topic; `ValueError` where nobody could want that."""

Differ = Callable[[Any, Any], Any]
"""Returns what to tell of a value to who knows the one before it (None: none)."""


@dataclass(frozen=True, slots=True)
class Watch:
    """What is watched: `topics` has what is wanted of each, by its name. `site` is the name of the
    admin site, `model` an `app.model` of it, in small letters, or "" where none is meant."""

    site: str
    model: str
    topics: Mapping[str, Any]


def read_watch(data: str | bytes | None, readers: Mapping[str, Reader]) -> Watch:
    """Return what a page asks to watch; `ValueError` for whatever else was sent.

    `readers` has one for each topic there is.
    """
    if not isinstance(data, str):
        raise ValueError("no text")
    if len(data.encode()) > MAX_BYTES:
        raise ValueError("too long")
    try:
        said = json.loads(data)
    except RecursionError as error:
        raise ValueError("too deep") from error
    if not isinstance(said, dict):
        raise ValueError("no object")
    site, model = _name(said.pop("site", "admin")), _name(said.pop("model", "")).lower()
    return Watch(site, model, read_topics(said, readers))


def read_topics(said: Mapping[str, object], readers: Mapping[str, Reader]) -> dict[str, Any]:
    """Return what is wanted of each topic; `ValueError` where one of them is none."""
    unknown = said.keys() - readers.keys()
    if unknown or not said:
        raise ValueError(f"no topic: {sorted(unknown)}")
    return {name: readers[name](value) for name, value in said.items()}


def read_rows(value: object) -> frozenset[UUID]:
    """Return the boards of a list of UUIDs as text, `MAX_ROWS` at most."""
    if not isinstance(value, list) or len(value) > MAX_ROWS:
        raise ValueError("no list of boards, or a long one")
    return frozenset(map(read_board, value))


def read_board(value: object) -> UUID:
    """Return the board that a text names."""
    if not isinstance(value, str):
        raise ValueError("no board")
    return UUID(value)


def read_flag(value: object) -> bool:
    """Return True, which is all that may be said."""
    if value is not True:
        raise ValueError("not true")
    return True


def whole(before: Any, after: Any) -> Any:
    """Tell everything anew."""
    return after


def by_key(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> dict[str, Any]:
    """Tell those keys whose values changed; None for those that are there no more."""
    known, now = before or {}, after or {}
    gone = dict.fromkeys(known.keys() - now.keys())
    return gone | {key: v for key, v in now.items() if key not in known or known[key] != v}


def by_part(before: Mapping[str, Any] | None, after: Mapping[str, Any] | None) -> Any:
    """Tell those keys whose values changed; of those that are mappings themselves, `by_key`."""
    if before is None or after is None:
        return after
    changed = {key: now for key, now in after.items() if before.get(key) != now}
    return {
        key: by_key(before.get(key), now) if isinstance(now, Mapping) else now
        for key, now in changed.items()
    }


class Telling:
    """What one page knows of its topics, and what it is to be told."""

    def __init__(self, differs: Mapping[str, Differ]) -> None:
        self._differs = differs
        self._told: dict[str, Any] = {}
        self._now: dict[str, Any] = {}

    def note(self, topic: str, value: Any) -> bool:
        """Note how a topic is now, and return whether there is something to tell."""
        self._now[topic] = value
        return bool(self._changed())

    def frame(self) -> dict[str, Any]:
        """Return what is to be told, by topic, and take it as told; {} where nothing changed."""
        changed = self._changed()
        told = {
            topic: self._differs[topic](self._told.get(topic), self._now[topic])
            for topic in changed
        }
        self._told |= {topic: self._now[topic] for topic in changed}
        return told

    def _changed(self) -> list[str]:
        return [
            topic
            for topic, value in self._now.items()
            if topic not in self._told or self._told[topic] != value
        ]


def _name(value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_NAME:
        raise ValueError("no name")
    return value
