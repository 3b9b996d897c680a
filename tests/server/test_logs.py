"""The journal, the JSON formatter and the log of outages."""

import json
import logging
import sys
from collections.abc import Callable, Iterator
from logging.config import DictConfigurator
from math import nan
from typing import Any, ClassVar
from unittest.mock import Mock

import pytest
import sentry_sdk
from sentry_sdk.envelope import Envelope
from sentry_sdk.integrations.logging import LoggingIntegration
from sentry_sdk.transport import Transport

from presence.protocol.codec import encode
from presence.protocol.errors import NoBoard, Removed, StruckOut, TryLater
from presence.protocol.identity import Visitor
from presence.protocol.messages import Dialect, Join
from presence.server.connection import Connection
from presence.server.hub import Hub
from presence.server.logs import (
    LOG_EVERY,
    REPEATS,
    Journal,
    JsonFormatter,
    OutageLog,
    Repeats,
    bounded_logger,
)
from presence.store.base import Timing
from tests.server.harness import BOARD, OUT, Process, pass_time, settle

Line = dict[str, Any]


class Received(Transport):
    """Keeps the events that would go to Sentry."""

    events: ClassVar[list[Line]] = []

    def capture_envelope(self, envelope: Envelope) -> None:
        """See `Transport`."""
        self.events.append(envelope.get_event() or {})


@pytest.fixture
def sentry() -> Iterator[list[Line]]:
    """The events that Sentry's own client sends of what is logged."""
    Received.events.clear()
    how = {"default_integrations": False, "integrations": [LoggingIntegration()]}
    sentry_sdk.init("https://key@sentry.invalid/1", transport=Received, **how)  # type: ignore[arg-type]
    yield Received.events
    sentry_sdk.init()


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Callable[[], list[Line]]:
    """Returns the journal's lines since the last call."""
    caplog.set_level(logging.INFO, "presence.journal")
    formatter = JsonFormatter()

    def read() -> list[Line]:
        records = [record for record in caplog.records if record.name == "presence.journal"]
        caplog.clear()
        return [json.loads(formatter.format(record)) for record in records]

    return read


def of(lines: list[Line], *fields: str) -> list[tuple[Any, ...]]:
    return [tuple(line[field] for field in fields) for line in lines]


async def test_a_join_a_return_and_a_leave_are_lines(process: Process, lines: Any) -> None:
    ada = await process.joined("ada", name="Ada Lovelace")
    (line,) = lines()
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "INFO",
        "logger": "presence.journal",
        "event": "join",
        "process": "this-process",
        "board": str(BOARD),
        "session": ada.connection.session_id,
        "resumed": False,
        "people": 1,
    }
    ada.snap()
    back = await process.joined("ada")
    session = back.connection.session_id
    assert of(lines(), "event", "resumed") == [("join", True)]
    back.snap()
    assert lines() == []
    await pass_time(7)
    assert of(lines(), "event", "session", "people") == [("leave", session, 0)]


async def test_the_end_of_a_connection_is_a_line(process: Process, lines: Any) -> None:
    bad, gone, late = await process.joined(), await process.joined(), process.socket()
    lines()
    for _ in range(10):
        bad.connection.receive(b"\xff")
    gone.connection.refuse(Removed())
    process.seam.failing["join"] = OUT
    late.ask()
    await settle()
    closed = [line for line in lines() if line["event"] != "leave"]
    assert of(closed, "event", "code", "reason") == [
        ("strike_out", 4400, "malformed"),
        ("removal", 4409, "removed"),
        ("refusal", 1013, "try_later"),
    ]


async def test_a_shutdown_is_one_line_for_all_sockets(process: Process, lines: Any) -> None:
    people = await process.two()
    lines()
    for socket in people:
        await process.hub.drain()
        socket.connection.restart()
    await settle()
    assert of(lines(), "event", "sockets") == [("drain", 2)]


@pytest.mark.parametrize("names", [False, True])
async def test_names_and_addresses_are_logged_only_where_the_site_asks_for_them(
    process: Process, caplog: pytest.LogCaptureFixture, names: bool
) -> None:
    caplog.set_level(logging.INFO, "presence.journal")
    hub = Hub(process.seam, "p", least=33, timing=Timing(), log_names=names)
    ada = Visitor("user:7", "Ada Lovelace")
    connection = Connection(hub, BOARD, ada, Dialect.COMPACT, Mock(), address="203.0.113.9")
    connection.receive(encode(Join(0, "Ada"), Dialect.COMPACT))
    await pass_time(1)
    for _ in range(10):
        connection.receive(b"\xff")
    await pass_time(1)
    hub.journal.closed(NoBoard(), None, address="203.0.113.9")
    await hub.close()
    formatter = JsonFormatter()
    for private in ("Ada", "user:7", "203.0.113.9"):
        assert any(private in formatter.format(r) + r.getMessage() for r in caplog.records) is names
    assert {record.fields["event"] for record in caplog.records} == {
        "join",
        "leave",
        "strike_out",
        "refusal",
    }


@pytest.mark.parametrize("key", ["()", "class"])
def test_the_formatter_can_be_named_in_both_ways_that_logging_knows(key: str) -> None:
    config = {key: "presence.server.logs.JsonFormatter"}
    made = DictConfigurator({"version": 1}).configure_formatter(config)  # type: ignore[no-untyped-call]
    assert isinstance(made, JsonFormatter)


def test_any_record_is_one_line_of_json() -> None:
    try:
        raise ValueError("no")
    except ValueError:
        info = sys.exc_info()
    record = logging.LogRecord("site", logging.ERROR, "f", 1, 'a "b"\n%s', ("ü",), info, sinfo="st")
    # As by `extra`.
    vars(record).update(request="from 203.0.113.9", time="never", order=7, load=nan, at=BOARD)
    record.nested = {"by": {(1, 2): "no key"}}
    text = JsonFormatter().format(record)
    line = json.loads(text)
    assert "\n" not in text
    assert "ü" in text
    assert "203.0.113.9" not in text, "Django's request"
    assert line.pop("time").endswith("Z")
    extra = {"order": 7, "load": "nan", "at": str(BOARD), "nested": "{'by': {(1, 2): 'no key'}}"}
    assert {key: line.pop(key) for key in extra} == extra
    assert line.keys() == {"level", "logger", "message", "exception", "stack"}
    assert (line["logger"], line["message"], line["stack"]) == ("site", 'a "b"\nü', "st")
    assert line["exception"].endswith("ValueError: no")


def test_another_formatter_writes_the_same_fields(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "presence.journal")
    Journal("p", names=True).closed(StruckOut(), BOARD, "s", address='a\n"b')
    assert caplog.messages == [
        f'event="strike_out" process="p" board="{BOARD}" session="s" reason="malformed" code=4400 '
        r'address="a\n\"b"'
    ]


def outages(caplog: pytest.LogCaptureFixture, **how: Any) -> OutageLog:
    caplog.set_level(logging.INFO, "site")
    return OutageLog(logging.getLogger("site"), "%s: is down", "%s: works again", **how)


def test_an_outage_is_logged_at_its_begin_and_its_end(caplog: pytest.LogCaptureFixture) -> None:
    outage = outages(caplog)
    for _ in range(2):
        outage.works("redis")
        outage.failed(TryLater("refused"), "redis")
        outage.failed(TimeoutError(), "redis")
        outage.failed(ValueError("a fault"), "a rule")
        outage.works("redis")
    told = [(r.levelname, r.getMessage(), bool(r.exc_info)) for r in caplog.records]
    began, ended = (
        ("WARNING", "redis: is down (error=refused)", False),
        ("INFO", "redis: works again", False),
    )
    assert told == [began, ("ERROR", "a rule: is down (error=a fault)", True), ended, began, ended]


def test_failures_now_and_then_are_one_outage(caplog: pytest.LogCaptureFixture) -> None:
    times = [0.0]
    outage = outages(caplog, calm=60.0, clock=lambda: times[-1])
    for time in (0.0, 59.0, 118.0, 178.0):
        times.append(time)
        outage.failed(TimeoutError(), "a rule")
        outage.works("a rule")
    failed = "a rule: is down (error=TimeoutError)"
    assert caplog.messages == [failed] * 2
    times.append(238.0)
    outage.works("a rule")
    assert caplog.messages == [failed, failed, "a rule: works again"]


def test_sentry_gets_each_fault_once_with_its_exception(
    sentry: list[Line], monkeypatch: pytest.MonkeyPatch
) -> None:
    times = [0.0]
    log = logging.getLogger("site.sentry")
    monkeypatch.setattr(REPEATS, "_clock", lambda: times[-1])
    for time in (0.0, 1.0, LOG_EVERY):
        times.append(time)
        try:
            raise KeyError("on purpose")
        except KeyError:
            bounded_logger("presence.sentry").exception("board: flush failed (board=%s)", time)
    outage = OutageLog(log, "%s: is down", "%s: works again")
    outage.failed(ZeroDivisionError(), "a rule")
    outage.failed(TimeoutError(), "redis")
    texts = [event["logentry"]["message"] for event in sentry]
    assert texts == [
        "board: flush failed (board=%s)",
        "board: flush failed (board=%s) [%d times since the last such line]",
        "%s: is down (error=%s)",
    ]
    told = [(e["logger"], e["level"], e["exception"]["values"][0]["type"]) for e in sentry]
    assert told == [("presence.sentry", "error", "KeyError")] * 2 + [
        ("site.sentry", "error", "ZeroDivisionError")
    ]


class TestRepeats:
    def log(self, repeats: Repeats, *lines: tuple[int, str, int]) -> list[str]:
        """Return the lines that get through."""
        records = [
            logging.LogRecord("presence.x", level, "", 0, text, (value,), None)
            for level, text, value in lines
        ]
        return [record.getMessage() for record in records if repeats.filter(record)]

    def test_one_of_a_kind_is_logged_and_the_others_are_counted(self) -> None:
        now = 0.0
        repeats = Repeats(lambda: now)
        lost, odd = (logging.WARNING, "lost %d", 1), (logging.ERROR, "odd %d", 2)
        assert self.log(repeats, lost, lost, odd, lost) == ["lost 1", "odd 2"]
        now = LOG_EVERY - 0.1
        assert self.log(repeats, lost, odd) == []
        now = LOG_EVERY
        assert self.log(repeats, (logging.WARNING, "lost %d", 9), lost) == [
            "lost 9 [4 times since the last such line]"
        ]
        now = 2 * LOG_EVERY
        assert self.log(repeats, lost, odd) == [
            "lost 1 [2 times since the last such line]",
            "odd 2 [2 times since the last such line]",
        ]

    def test_a_text_without_values_keeps_its_percent_signs(self) -> None:
        now = 0.0
        repeats = Repeats(lambda: now)
        full = [logging.LogRecord("x", logging.ERROR, "", 0, "100% full", (), None)] * 3
        assert [record for record in full if repeats.filter(record)] == full[:1]
        now = LOG_EVERY
        assert repeats.filter(full[0])
        assert full[0].getMessage() == "100% full [3 times since the last such line]"

    def test_what_is_no_fault_is_always_logged(self) -> None:
        assert len(self.log(Repeats(lambda: 0.0), *[(logging.INFO, "joined %d", 1)] * 3)) == 3
