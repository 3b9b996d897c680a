"""What this process logs: the journal of joins and leaves, outages, and the JSON formatter.

No line holds a person's name or address unless the site asks for it (`PRESENCE["LOG_NAMES"]`).
"""

import json
import logging
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from math import inf
from time import monotonic
from typing import Any
from uuid import UUID

from pythonjsonlogger.core import RESERVED_ATTRS
from pythonjsonlogger.json import JsonFormatter as BaseJsonFormatter

from presence.protocol.errors import (
    Close,
    Full,
    PresenceError,
    Removed,
    Restarting,
    StruckOut,
    TryLater,
)
from presence.store.base import Admission, Departure, Member

logger = logging.getLogger("presence.journal")

LOG_EVERY = 60.0
"""Seconds between two lines of one kind, for what strangers or a fault can repeat endlessly."""

Fields = Mapping[str, object]

EVENTS: Mapping[type[PresenceError], str] = {StruckOut: "strike_out", Removed: "removal"}
"""The event of a connection that was closed for an error. Every other error is a "refusal"."""


class JsonFormatter(BaseJsonFormatter):
    """Writes each record as one JSON object on one line.

    It holds `time` (UTC, RFC 3339), `level` and `logger`, then the fields of a journal event or
    else `message`, then what `extra` holds, and `exception` and `stack` where the record has them.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Take what `logging.config` gives any formatter, a format among it; there is none here."""
        super().__init__(json_default=str, json_ensure_ascii=False)

    def add_fields(
        self, log_data: dict[str, Any], record: logging.LogRecord, message_dict: dict[str, Any]
    ) -> None:
        """Fill `log_data`. Django's `request` in `extra` is left out: it may hold addresses."""
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        log_data["time"] = time.replace("+00:00", "Z")
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        log_data |= getattr(record, "fields", None) or {"message": record.getMessage()}
        for key, value in vars(record).items():
            if key not in _NO_EXTRA and key not in log_data:
                log_data[key] = _as_json(value)
        for key, name in [("exc_info", "exception"), ("stack_info", "stack")]:
            if key in message_dict:
                log_data[name] = message_dict[key]


CHANGE = "change"
"""Attribute of a record that tells of a change, as those of `OutageLog` do: it is always logged."""

_NO_EXTRA = {*RESERVED_ATTRS, "exception", "fields", "request", "stack", CHANGE}
"""Attributes of a record that are no field of its JSON object, or get there by another name."""


def _as_json(value: object) -> object:
    """Return a value that JSON can hold: a text in place of any other."""
    try:
        _json(value)
    except (TypeError, ValueError):
        return repr(value)
    return value


class OutageLog:
    """Logs one line when something stops working, and one when it works again.

    Call `failed` or `works` after every attempt, or make it in `attempt`: only a change is logged.
    Both messages are formatted with `args`, and each combination of them has its own state. An
    error in `expected` is a warning; any other is logged as an error with its traceback. An outage
    ends `calm` seconds after its last failure at the earliest, so attempts that fail now and then
    are one outage.
    """

    def __init__(
        self,
        log: logging.Logger,
        failed: str,
        works: str,
        *,
        expected: tuple[type[Exception], ...] = (TryLater, TimeoutError),
        calm: float = 0.0,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        self._log = log
        self._failed = failed
        self._works = works
        self._expected = expected
        self._calm = calm
        self._clock = clock
        self._last_failures: dict[tuple[object, ...], float] = {}

    def failed(self, error: Exception, *args: object) -> None:
        """Note a failed attempt."""
        last, now = self._last_failures.get(args), self._clock()
        self._last_failures[args] = now
        if last is None or 0 < self._calm <= now - last:
            expected = isinstance(error, self._expected)
            self._log.log(
                logging.WARNING if expected else logging.ERROR,
                f"{self._failed} (error=%s)",
                *args,
                str(error) or type(error).__name__,
                exc_info=None if expected else error,
                extra={CHANGE: True},
            )

    def works(self, *args: object) -> None:
        """Note a successful attempt."""
        last = self._last_failures.get(args)
        if last is not None and self._clock() - last >= self._calm:
            self._last_failures.pop(args, None)
            self._log.info(self._works, *args)

    @contextmanager
    def attempt(self, *args: object) -> Iterator[None]:
        """Note whether the block fails. Any exception ends the block, and is not raised again."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 (others' code may raise anything)
            self.failed(error, *args)
        else:
            self.works(*args)


class LogLimit:
    """Counts events by kind, and lets each kind be logged once in `LOG_EVERY` seconds."""

    def __init__(self) -> None:
        self._logged: dict[str, float] = {}
        self._since: Counter[str] = Counter()

    def times(self, kind: str, now: float) -> int:
        """Count an event. Return how many there were since the last line, or 0 if none is due."""
        self._since[kind] += 1
        if now - self._logged.get(kind, -inf) < LOG_EVERY:
            return 0
        self._logged[kind] = now
        return self._since.pop(kind)


class Repeats(logging.Filter):
    """Passes a warning or an error once in `LOG_EVERY` seconds, with the number of the others: a
    fault of the store may come with every session, and a bug with every frame. Records of one kind
    have the same text before their values are filled in."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._log_limit = LogLimit()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to log a record; add the number to its text."""
        if record.levelno < logging.WARNING or hasattr(record, CHANGE):
            return True
        times = self._log_limit.times(f"{record.name}: {record.msg}", self._clock())
        if times > 1:
            # The number is a value: collectors of errors group them by the text without values.
            values = record.args if isinstance(record.args, tuple) else ()
            text = str(record.msg) if values else record.getMessage().replace("%", "%%")
            record.msg = f"{text} [%d times since the last such line]"
            record.args = (*values, times)
        return times > 0

    def clear(self) -> None:
        """Forget what was logged."""
        self._log_limit = LogLimit()


REPEATS = Repeats()


def bounded_logger(name: str) -> logging.Logger:
    """Return a logger whose warnings and errors `Repeats` limits."""
    logger = logging.getLogger(name)
    logger.addFilter(REPEATS)
    return logger


class Journal:
    """Logs one line, at INFO, for each event; with names and addresses if `names` is True."""

    def __init__(self, process: str, *, names: bool) -> None:
        self._process = process
        self._names = names

    def started(self, store: str, ordinary_reason: str = "") -> None:
        """Log that this process starts, the kind of its store, and why it reads no socket directly,
        if so."""
        fields = {"ordinary_reason": ordinary_reason} if ordinary_reason else {}
        self._log("start", {"store": store, "fast_path": not ordinary_reason, **fields})

    def draining(self, sockets: int) -> None:
        """Log that this process shuts down."""
        self._log("drain", {"sockets": sockets})

    def joined(self, board: UUID, admission: Admission) -> None:
        """Log that a session joined a board."""
        member = admission.member
        resumed = admission.resumed is not None
        fields = {"session": member.session, "resumed": resumed, "people": admission.people}
        self._log("join", {"board": board, **fields}, member)

    def left(self, board: UUID, departure: Departure) -> None:
        """Log that sessions left a board, a line for each."""
        for member in departure.members:
            fields = {"board": board, "session": member.session, "people": departure.people}
            self._log("leave", fields, member)

    def closed(
        self, error: PresenceError, board: UUID | None, session: str = "", *, address: str
    ) -> None:
        """Log that a connection was closed for an error, unless for a restart or a cap: `draining`
        and `presence.server.caps` log those for all."""
        if isinstance(error, Restarting | Full):
            return
        code = error.close or Close.CLEAN
        fields = {"board": board, "session": session, "reason": code.name.lower(), "code": code}
        known = {key: value for key, value in fields.items() if value}
        self._log(EVENTS.get(type(error), "refusal"), known, address=address)

    def _log(
        self, event: str, fields: Fields, member: Member | None = None, address: str = ""
    ) -> None:
        if not logger.isEnabledFor(logging.INFO):
            return
        fields = {"event": event, "process": self._process, **fields}
        if self._names and member is not None and member.name:
            fields |= {"name": member.name, "person": member.person}
        if self._names and address:
            fields["address"] = address
        logger.info("%s", _Text(fields), extra={"fields": fields})


_json = json.JSONEncoder(default=str, allow_nan=False).encode


class _Text:
    """The text of a line, for formatters that do not know `fields`. It costs more than the event
    that the line is about, so it is made where it is used."""

    def __init__(self, fields: Fields) -> None:
        self._fields = fields

    def __str__(self) -> str:
        return " ".join([f"{key}={_json(value)}" for key, value in self._fields.items()])
