"""Whoever asks processes gets answers or `TryLater` in a known time, whatever the layer does."""

import asyncio
from typing import Any

import pytest

from presence.cluster.layer import LAYER_TIMEOUT
from presence.cluster.requests import (
    CLOSE_TIMEOUT,
    REQUEST_INTERVAL,
    Requester,
    bounded,
)
from presence.protocol.errors import TryLater
from tests.cluster.conftest import Net
from tests.support.layer import LayerSeam, Sent

TIMEOUT = 3.0


class Line(LayerSeam):
    """The way of whoever asks to a layer. It hangs from its use number `hangs_at` on.

    Like Channels' Redis layer it waits for the server when a receive is cancelled.
    """

    def __init__(self, layer: LayerSeam) -> None:
        super().__init__()
        self.inner = layer
        self.uses = 0
        self.hangs_at = -1

    async def receive(self, channel: str) -> Sent:
        try:
            return await super().receive(channel)
        except asyncio.CancelledError:
            await self.open.wait()
            raise

    async def _pass(self) -> None:
        if self.uses == self.hangs_at:
            self.open.clear()
        self.uses += 1
        await super()._pass()


@pytest.fixture
async def line(net: Net) -> Line:
    """A way to a layer over which the processes "one" and "other" answer."""
    await net.two()
    return Line(net.layer)


def read(message: object) -> tuple[str, str]:
    match message:
        case {"process": str(process), "asked": str(about)}:
            return process, about
        case _:
            raise ValueError("not an answer")


async def ask(line: Line, *processes: str, about: Any = "x", verify: bool = True) -> dict[str, str]:
    requester = Requester(line, timeout=TIMEOUT)
    return dict(await requester.ask(processes, {"about": about}, read, verify=verify))


def seconds() -> float:
    return asyncio.get_running_loop().time()


BOTH = {"one": "x", "other": "x"}


async def test_processes_answer_at_once_and_silent_ones_are_waited_for(line: Line) -> None:
    channels = len(line.inner.inner.channels)
    begin = seconds()
    assert await ask(line, "one", "other") == BOTH
    assert seconds() - begin < 0.1
    begin = seconds()
    assert await ask(line, "one", "other", "gone") == BOTH
    assert seconds() - begin == pytest.approx(TIMEOUT, abs=0.1)
    assert len(line.sent) == 2 + 2 + TIMEOUT / REQUEST_INTERVAL, "only the silent one once more"
    assert len(line.inner.inner.channels) == channels, "nothing is left behind"


async def test_only_answers_of_processes_that_were_asked_count(line: Line) -> None:
    assert await ask(line, "one", about=None) == {}, "not an answer"
    requester = Requester(line, timeout=TIMEOUT)
    assert await requester.ask(["one"], {"about": "x"}, lambda message: ("another", message)) == {}


async def test_with_nobody_to_ask_the_layer_is_not_used(line: Line) -> None:
    line.away = True
    assert await ask(line) == {}


async def test_a_lost_question_is_asked_again(line: Line) -> None:
    line.loses = lambda message: line.uses == 2
    assert await ask(line, "one", "other") == BOTH
    assert [message["about"] for _, message in line.sent] == ["x", "x"]
    assert line.uses == 4


async def test_an_answer_that_could_not_be_received_is_asked_for_again(line: Line) -> None:
    line.deaf = True
    asyncio.get_running_loop().call_later(REQUEST_INTERVAL / 2, setattr, line, "deaf", False)
    assert await ask(line, "one", "other") == BOTH


async def test_silence_counts_only_where_messages_arrive(line: Line) -> None:
    line.deaf = True
    begin = seconds()
    with pytest.raises(TryLater, match=r"^the channel layer: messages .* do not arrive$"):
        await ask(line, "one")
    assert seconds() - begin == pytest.approx(TIMEOUT + LAYER_TIMEOUT, abs=0.1)
    assert await ask(line, "one", verify=False) == {}


async def test_a_layer_that_is_away_is_told(line: Line) -> None:
    line.away = True
    with pytest.raises(TryLater, match=r"^the channel layer: the layer is away$"):
        await ask(line, "one")
    with pytest.raises(TryLater, match=r"^the channel layer: the layer is away$"):
        await Requester(line, timeout=TIMEOUT).send("one", {})


ECHO = 1 + 2 * int(TIMEOUT / REQUEST_INTERVAL)
"""Number of the use after two processes were asked in vain."""


@pytest.mark.parametrize("use", [0, 1, 2, ECHO], ids=["opening", "first", "second", "echo"])
async def test_wherever_the_layer_stops_answering_it_is_told_in_time(line: Line, use: int) -> None:
    tasks = asyncio.all_tasks()
    line.hangs_at = use
    line.loses = lambda message: use == ECHO
    begin = seconds()
    with pytest.raises(TryLater, match=r"^the channel layer: no answer within 2 s$"):
        await ask(line, "one", "other")
    asking = TIMEOUT if use == ECHO else 0.0
    assert seconds() - begin <= asking + LAYER_TIMEOUT + CLOSE_TIMEOUT + 0.1
    assert asyncio.all_tasks() <= tasks, "nothing is left that would wait"


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (TryLater("Redis: gone"), "Redis: gone"),
        (ValueError("no member"), "the store: no member"),
        (ConnectionError(), "the store: ConnectionError"),
    ],
)
async def test_the_errors_of_others_code_are_named(error: Exception, told: str) -> None:
    async def fail() -> None:
        raise error

    with pytest.raises(TryLater, match=rf"^{told}$"):
        await bounded("the store", fail(), 1.0)
