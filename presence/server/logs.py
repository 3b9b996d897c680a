"""Logs that programs can read: a formatter, and what presence says of who comes and goes.

Names and addresses of people are in no line unless the site says so (`PRESENCE["LOG_NAMES"]`).
"""

import json
import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from uuid import UUID

from presence.protocol.errors import Close, PresenceError, Removed, Restarting, StruckOut
from presence.store.base import Admission, Departure

logger = logging.getLogger("presence.journal")

Fields = Mapping[str, object]

EVENTS: Mapping[type[PresenceError], str] = {StruckOut: "strike_out", Removed: "removal"}
"""What the end of a connection for an error is called; all others are refusals."""


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time (UTC, RFC 3339), level and logger, then what presence says of an
    event, or the message of any other record; and the exception where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line, without its end."""
        said: Fields | None = getattr(record, "fields", None)
        line = {
            "time": _time(record.created),
            "level": record.levelname,
            "logger": record.name,
            **(said or {"message": record.getMessage()}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        if record.stack_info:
            line["stack"] = self.formatStack(record.stack_info)
        return json.dumps(line, ensure_ascii=False, default=str)


class Journal:
    """One line, at INFO, for everything that happens to people and to this process. `names` has it
    tell names and addresses."""

    def __init__(self, process: str, *, names: bool) -> None:
        self._process = process
        self._names = names
        self._draining = False

    def started(self, store: str) -> None:
        """This process begins, with a store of some kind."""
        self._note("start", {"store": store})

    def draining(self, sockets: int) -> None:
        """This process goes down. Said once, however often it is called."""
        if not self._draining:
            self._draining = True
            self._note("drain", {"sockets": sockets})

    def joined(self, board: UUID, admission: Admission) -> None:
        """Somebody is on a board; `people` are there now."""
        member = admission.member
        about = {
            "board": board,
            "session": member.session,
            "resumed": admission.resumed is not None,
            "people": admission.people,
        }
        self._note("join", about, {"name": member.name, "person": member.person})

    def left(self, board: UUID, departure: Departure) -> None:
        """Sessions are off a board; `people` remain."""
        for member in departure.members:
            about = {"board": board, "session": member.session, "people": departure.people}
            self._note("leave", about, {"name": member.name, "person": member.person})

    def closed(
        self, error: PresenceError, board: UUID | None, session: str = "", *, address: str
    ) -> None:
        """A connection is refused, struck out or removed; `board` is None where there is none such.

        Of those that are closed because the process goes down one line says it all: `draining`.
        """
        if isinstance(error, Restarting):
            return
        code = error.close or Close.CLEAN
        about = {"board": board, "session": session, "reason": code.name.lower(), "code": int(code)}
        known = {key: value for key, value in about.items() if value}
        self._note(EVENTS.get(type(error), "refusal"), known, {"address": address})

    def _note(self, event: str, about: Fields, private: Fields | None = None) -> None:
        if not logger.isEnabledFor(logging.INFO):
            return
        told = private if self._names and private else {}
        fields = {"event": event, "process": self._process, **about, **told}
        logger.info("%s", _plain(fields), extra={"fields": fields})


def _plain(fields: Fields) -> str:
    """Return an event as a text of one line, for formatters that know nothing of its fields."""
    said = {key: json.dumps(value, default=str) for key, value in fields.items()}
    return " ".join(f"{key}={value}" for key, value in said.items())


def _time(seconds: float) -> str:
    text = datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
