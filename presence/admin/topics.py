"""The topic registry: what admin pages can subscribe to, and what is sent to them.

A page subscribes by JSON such as `{"site": "admin", "model": "blog.post", "board": "blog.post:42"}`
in which each key besides `site` and `model` names a topic. The page gets values such as
`{"board": {"people": …}}`: over its socket whenever one changes, or in full from the feed.

To add a topic, write it like `BOARD` in `presence.admin.board` and add it in `presence.admin`.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.core.exceptions import ImproperlyConfigured

from presence.admin.staff_request import StaffRequest
from presence.boards import board_of
from presence.protocol.errors import Forbidden, TryLater
from presence.server.logs import OutageLog

outages = OutageLog(
    logging.getLogger(__name__),
    "admin: %s failed",
    "admin: %s works again",
    expected=(TryLater, TimeoutError, ImproperlyConfigured),
    calm=60.0,
)
"""What fails in the admin, be it the store or the site's own code."""

MAX_SUBSCRIPTION_BYTES = 64 * 1024

Values = Mapping[str, Any] | None
"""The value of a topic that is a JSON object, None where nothing is known."""

Query = Hashable
"""What one page may see of a topic. Pages with equal queries share one fetch and its value."""


def changed_keys(before: Values, after: Values) -> dict[str, Any]:
    """Send the keys whose values changed, and None for each key that was removed."""
    before, after = before or {}, after or {}
    removed = dict.fromkeys(before.keys() - after.keys())
    return removed | {k: v for k, v in after.items() if k not in before or before[k] != v}


def changed_parts(before: Values, after: Values) -> Any:
    """Send the keys whose values changed; of a value that is a mapping, its `changed_keys`."""
    if before is None or after is None:
        return after
    return {
        key: changed_keys(before.get(key), value) if isinstance(value, Mapping) else value
        for key, value in after.items()
        if before.get(key) != value
    }


@dataclass(frozen=True, slots=True)
class Topic:
    """Something about boards that admin pages show and that changes by itself.

    `parse(value)` returns what a page asks for, from its JSON; `ValueError` if that is malformed.
    `authorize(request, wanted)` returns the query for a member of staff, or None to refuse (close
    code 4403). It runs in a worker thread, when a page subscribes and every 2 s after that.
    `fetch(queries)` returns a JSON value for each query, for all pages of this process at once. It
    runs on the event loop and may raise `TryLater`.
    `unavailable(query)` returns the value to send while `fetch` fails or leaves the query out.
    `changes(before, after)` returns what to send to a page that has `before` (None: nothing yet).
    The whole value is sent unless a topic has its own.
    `interval` is the number of seconds between two fetches.
    """

    name: str
    parse: Callable[[object], Any]
    authorize: Callable[[StaffRequest, Any], Query | None]
    fetch: Callable[[Collection[Any]], Awaitable[Mapping[Any, Any]]]
    unavailable: Callable[[Any], Any] = lambda query: None
    changes: Callable[[Any, Any], Any] = lambda before, after: after
    interval: float = 0.25


TOPICS: dict[str, Topic] = {}
"""Every topic by its name. `presence.admin` fills it."""


def authorize(request: StaffRequest, wanted: Mapping[str, Any]) -> dict[str, Query]:
    """Return the query for each topic that is wanted; `Forbidden` if one of them is refused."""
    queries = {name: TOPICS[name].authorize(request, value) for name, value in wanted.items()}
    if None in queries.values():
        raise Forbidden(f"not allowed to see all of {sorted(queries)}")
    return queries


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a page wants of each topic, as parsed, in the admin site called `site`. `model` is
    "app.model" in small letters, or ""."""

    site: str
    model: str
    topics: Mapping[str, Any]


def parse_subscription(data: str | bytes | None) -> Subscription:
    """Parse what a page sent on its socket; `ValueError` if it is malformed."""
    if not isinstance(data, str) or len(data.encode()) > MAX_SUBSCRIPTION_BYTES:
        raise ValueError(f"expected at most {MAX_SUBSCRIPTION_BYTES} bytes of text")
    try:
        message = json.loads(data)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(message, dict):
        raise ValueError("expected an object")
    site, model = message.pop("site", "admin"), message.pop("model", "")
    if not isinstance(site, str) or not isinstance(model, str):
        raise ValueError("expected names as text")
    return Subscription(site, model.lower(), parse_topics(message))


def parse_topics(message: Mapping[str, object]) -> dict[str, Any]:
    """Parse what a page wants of each topic; `ValueError` for an unknown topic or none at all."""
    unknown = message.keys() - TOPICS.keys()
    if unknown or not message:
        raise ValueError(f"expected topics, got {sorted(unknown)}")
    return {name: TOPICS[name].parse(value) for name, value in message.items()}


def parse_board(value: object) -> UUID:
    """Parse the reference of a board."""
    if not isinstance(value, str):
        raise ValueError("expected a board as text")
    return board_of(value)


class PageState:
    """What one page was sent of each topic, and the newest values."""

    def __init__(self) -> None:
        self._sent: dict[str, Any] = {}
        self._newest: dict[str, Any] = {}

    def update(self, topic: str, value: Any) -> bool:
        """Store the newest value of a topic; return whether anything has to be sent."""
        self._newest[topic] = value
        return bool(self._changed())

    def take_changes(self) -> dict[str, Any]:
        """Return what to send, by topic, and count it as sent; {} if nothing changed."""
        before, changed = self._sent, self._changed()
        self._sent = before | changed
        return {t: TOPICS[t].changes(before.get(t), value) for t, value in changed.items()}

    def _changed(self) -> dict[str, Any]:
        unsent = object()
        return {t: v for t, v in self._newest.items() if self._sent.get(t, unsent) != v}
