"""Whoever asks processes gets answers or `TryLater` in a known time, whatever the layer does."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer

from presence.cluster.layer import process_group
from presence.cluster.requests import (
    CLOSE_TIMEOUT,
    LAYER_TIMEOUT,
    REQUEST_INTERVAL,
    Requester,
    bounded,
)
from presence.protocol.errors import TryLater

TIMEOUT = 3.0
LATE = "the channel layer: no answer within 2 s"


class Line(InMemoryChannelLayer):  # type: ignore[misc]
    """A layer that fails before each use as `breaks` says, loses messages, and garbles as many as
    `garbled` says. Like Channels' Redis layer it waits for the server when a receive is cancelled.
    """

    def __init__(self) -> None:
        super().__init__()
        self.hangs_at = self.uses = -1
        self.garbled = 0
        self.error: Exception | None = None
        self.sent: list[dict[str, Any]] = []
        self.loses: Callable[[dict[str, Any]], bool] = lambda message: False
        self._hangs = asyncio.Event()

    async def new_channel(self, prefix: str = "specific.") -> str:
        await self._use()
        channel: str = await super().new_channel(prefix)
        return channel

    async def receive(self, channel: str) -> Any:
        try:
            message = await super().receive(channel)
        except asyncio.CancelledError:
            if self.uses >= self.hangs_at >= 0:
                await self._hangs.wait()
            raise
        if self.garbled:
            self.garbled -= 1
            raise ValueError("not a message")
        return message

    async def send(self, channel: str, message: dict[str, Any]) -> None:
        await self._use()
        if not self.loses(message):
            await super().send(channel, message)

    async def group_send(self, group: str, message: dict[str, Any]) -> None:
        await self._use()
        self.sent.append(message)
        if not self.loses(message):
            for channel in self.groups.get(group, {}):
                await super().send(channel, message)

    async def _use(self) -> None:
        self.uses += 1
        if self.uses == self.hangs_at:
            await self._hangs.wait()
        if self.error is not None:
            raise self.error


@pytest.fixture
async def line() -> AsyncIterator[Line]:
    """A layer over which the processes "one" and "two" answer."""
    line = Line()
    tasks = [asyncio.create_task(answer(line, name)) for name in ("one", "two")]
    await asyncio.sleep(0)
    line.uses = -1
    yield line
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def answer(line: Line, name: str) -> None:
    base = InMemoryChannelLayer
    channel = await base.new_channel(line)
    await base.group_add(line, process_group(name), channel)
    while True:
        question = await base.receive(line, channel)
        told = {"process": question.get("by", name), "answer": question["about"]}
        with suppress(ValueError):
            await base.send(line, question["ask"], told)


def read(message: object) -> tuple[str, str]:
    match message:
        case {"process": str(process), "answer": str(told)}:
            return process, told
        case _:
            raise ValueError("not an answer")


async def ask(line: Line, *processes: str, verify: bool = True, **question: Any) -> dict[str, str]:
    requester = Requester(line, timeout=TIMEOUT)
    question = {"about": "a board"} | question
    return dict(await requester.ask(processes, question, read, verify=verify))


def seconds() -> float:
    return asyncio.get_running_loop().time()


BOTH = {"one": "a board", "two": "a board"}


async def test_processes_answer_at_once_and_silent_ones_are_waited_for(line: Line) -> None:
    begin = seconds()
    assert await ask(line, "one", "two") == BOTH
    assert seconds() == begin
    assert await ask(line, "one", "two", "gone") == BOTH
    assert seconds() - begin == pytest.approx(TIMEOUT)
    asked = [message for message in line.sent if "ask" in message]
    assert len(asked) == 2 + 2 + TIMEOUT / REQUEST_INTERVAL, "only the silent one is asked again"
    assert len(line.channels) == 2, "those of the processes"


@pytest.mark.parametrize(
    "question", [{"about": None}, {"by": "somebody"}], ids=["garbage", "alien"]
)
async def test_what_is_not_an_answer_of_who_was_asked_is_ignored(
    line: Line, question: dict[str, Any]
) -> None:
    assert await ask(line, "one", **question) == {}


async def test_with_nobody_to_ask_the_layer_is_not_used(line: Line) -> None:
    assert await ask(line) == {}
    assert line.uses == -1


async def test_what_is_lost_or_garbled_is_asked_for_again(line: Line) -> None:
    line.loses = lambda message: "ask" in message and len(line.sent) == 1
    line.garbled = 1
    begin = seconds()
    assert await ask(line, "one", "two") == BOTH
    assert 0 < seconds() - begin < TIMEOUT


async def test_silence_counts_only_where_this_process_is_heard(line: Line) -> None:
    line.garbled = 1_000
    begin = seconds()
    with pytest.raises(TryLater, match=r"^the channel layer: messages .* do not arrive$"):
        await ask(line, "one")
    assert seconds() - begin == pytest.approx(TIMEOUT + LAYER_TIMEOUT)
    assert await ask(line, "one", verify=False) == {}


@pytest.mark.parametrize(
    ("error", "told"), [(OSError("gone"), "gone"), (ConnectionError(), "ConnectionError")]
)
async def test_a_layer_that_is_away_is_told(line: Line, error: Exception, told: str) -> None:
    line.error = error
    with pytest.raises(TryLater, match=rf"^the channel layer: {told}$"):
        await ask(line, "one")
    with pytest.raises(TryLater, match=rf"^the channel layer: {told}$"):
        await Requester(line, timeout=TIMEOUT).send("one", {})


@pytest.mark.parametrize("use", range(3), ids=["opening", "first", "second"])
async def test_wherever_the_layer_stops_answering_it_is_told_in_time(line: Line, use: int) -> None:
    tasks = asyncio.all_tasks()
    line.hangs_at = use
    begin = seconds()
    with pytest.raises(TryLater, match=rf"^{LATE}$"):
        await ask(line, "one", "two")
    assert seconds() - begin <= LAYER_TIMEOUT + CLOSE_TIMEOUT
    assert asyncio.all_tasks() <= tasks, "nothing is left that would wait"


async def test_an_error_keeps_its_own_words() -> None:
    async def fail() -> None:
        raise TryLater("Redis: gone")

    with pytest.raises(TryLater, match=r"^Redis: gone$"):
        await bounded("the store", fail(), 1.0)
