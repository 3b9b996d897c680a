"""What is logged of people and processes, and how."""

import json
import logging
from typing import Any

import pytest

from presence.protocol.codec import encode
from presence.protocol.errors import NoBoard, Removed, StruckOut
from presence.protocol.identity import Visitor
from presence.protocol.messages import Dialect, Join
from presence.server.connection import Connection
from presence.server.hub import Hub
from presence.server.logs import Journal, JsonFormatter
from presence.store.base import Timing
from tests.server.harness import BOARD, OUT, Process, pass_time, settle

Line = dict[str, Any]


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> Any:
    """Returns what the journal has said since it was last asked."""
    caplog.set_level(logging.INFO, "presence.journal")
    formatter = JsonFormatter()

    def taken() -> list[Line]:
        said = [r for r in caplog.records if r.name == "presence.journal"]
        caplog.clear()
        return [json.loads(formatter.format(record)) for record in said]

    return taken


def events(lines: list[Line]) -> list[str]:
    return [line["event"] for line in lines]


async def test_a_visit_is_two_lines(process: Process, lines: Any) -> None:
    ada = await process.joined(name="Ada Lovelace")
    session = ada.connection.session_id
    (joined,) = lines()
    assert joined["event"] == "join"
    assert joined["process"] == "this-process"
    assert joined["level"] == "INFO"
    assert joined["time"].endswith("Z")
    assert joined["board"] == str(BOARD)
    assert (joined["session"], joined["people"], joined["resumed"]) == (session, 1, False)
    ada.hang_up()
    await settle()
    (left,) = lines()
    assert (left["event"], left["session"], left["people"]) == ("leave", session, 0)


async def test_a_return_says_so_and_a_grace_that_ends_is_a_leave(
    process: Process, lines: Any
) -> None:
    (await process.joined("bob")).snap()
    back = await process.joined("bob")
    assert [line["resumed"] for line in lines()] == [False, True]
    back.snap()
    assert lines() == []
    await pass_time(7)
    assert events(lines()) == ["leave"]


async def test_the_end_of_a_connection_is_a_line(process: Process, lines: Any) -> None:
    bad, gone, late = await process.joined(), await process.joined(), process.socket()
    lines()
    for _ in range(10):
        bad.connection.receive(b"\xff")
    await settle()
    struck, left = lines()
    assert (struck["event"], struck["code"], struck["reason"]) == ("strike_out", 4400, "malformed")
    assert left["event"] == "leave"
    gone.connection.refuse(Removed())
    assert lines()[0]["event"] == "removal"
    process.seam.failing["join"] = OUT
    late.ask()
    await settle()
    (refused,) = [line for line in lines() if line["event"] != "leave"]
    assert (refused["event"], refused["code"], refused["reason"]) == ("refusal", 1013, "try_later")


async def test_a_restart_is_one_line_whatever_the_number_of_sockets(
    process: Process, lines: Any
) -> None:
    people = await process.two()
    lines()
    for socket in people:
        process.hub.drain()
        socket.connection.step_aside()
        socket.connection.restart()
    await settle()
    (line,) = lines()
    assert (line["event"], line["sockets"]) == ("drain", 2)


async def everything(hub: Hub) -> None:
    """Have somebody of a name and an address come, be struck out, and come again to go."""
    for _ in range(2):
        visitor, written = Visitor("user:7", "Ada Lovelace"), []
        connection = Connection(
            hub,
            BOARD,
            visitor,
            Dialect.COMPACT,
            write=written.append,
            close=lambda code: None,
            address="203.0.113.9",
        )
        connection.receive(encode(Join(0, "Ada"), Dialect.COMPACT))
        await pass_time(1)
        for _ in range(10):
            connection.receive(b"\xff")
        await pass_time(1)
    hub.journal.closed(NoBoard(), None, address="203.0.113.9")


@pytest.mark.parametrize("names", [False, True])
async def test_names_and_addresses_are_told_where_the_site_says_so(
    process: Process, caplog: pytest.LogCaptureFixture, names: bool
) -> None:
    caplog.set_level(logging.INFO, "presence.journal")
    store = process.seam
    hub = Hub(store, "p", least=33, timing=Timing(), log_names=names)
    await everything(hub)
    await hub.close()
    formatter = JsonFormatter()
    told = "\n".join(formatter.format(record) + record.getMessage() for record in caplog.records)
    assert "strike_out" in told
    assert "leave" in told
    for private in ("Ada", "user:7", "203.0.113.9"):
        assert (private in told) is names, private


def test_a_line_of_any_logger_is_one_line_of_json() -> None:
    record = logging.LogRecord("site", logging.ERROR, "f", 1, 'a "b"\n%s', ("ü",), None)
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert json.loads(line)["message"] == 'a "b"\nü'
    assert json.loads(line)["logger"] == "site"


def test_an_exception_and_a_stack_are_in_it() -> None:
    try:
        raise ValueError("no")
    except ValueError as error:
        info = (ValueError, error, error.__traceback__)
    record = logging.LogRecord("site", logging.ERROR, "f", 1, "oh", (), info, sinfo="the stack")
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert "ValueError: no" in json.loads(line)["exception"]
    assert json.loads(line)["stack"] == "the stack"


def test_a_plain_formatter_tells_the_same(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "presence.journal")
    Journal("p", names=True).closed(StruckOut(), BOARD, "s", address='a\n"b')
    (record,) = caplog.records
    text = logging.Formatter("%(message)s").format(record)
    assert text == (
        f'event="strike_out" process="p" board="{BOARD}" session="s" reason="malformed" code=4400 '
        r'address="a\n\"b"'
    )


def test_nothing_is_made_up_where_nobody_listens(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "presence.journal")
    Journal("p", names=False).started("memory")
    assert caplog.records == []
