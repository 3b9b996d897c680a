"""`presence_audit` in a process that goes on: what it refuses, and that it leaves nothing."""

import asyncio
import logging
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import pytest
from channels.layers import InMemoryChannelLayer
from django.core.management import CommandError, call_command

from tests.support.redis import shared_redis
from tests.support.server import free_port
from tests.support.waiting import eventually

freed = threading.Event()


class StuckLayer(InMemoryChannelLayer):  # type: ignore[misc]
    """A layer that opens something that does not close before `freed`, whoever waits for it."""

    async def new_channel(self, prefix: str = "specific.") -> str:
        self._opened = asyncio.create_task(self._stay_open())
        channel: str = await super().new_channel(prefix)
        return channel

    async def _stay_open(self) -> None:
        while not freed.is_set():
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0.01)


@pytest.fixture
def stuck(settings: Any) -> Iterator[None]:
    """A site with such a layer; freed when the test ends."""
    settings.PRESENCE = {
        **settings.PRESENCE,
        "REDIS_URL": shared_redis().url,
        "REDIS_PREFIX": "stuck",
    }
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": f"{__name__}.StuckLayer"}}
    threads = threading.active_count()
    freed.clear()
    yield
    freed.set()
    eventually(lambda: threading.active_count() == threads, "its thread ends")


@pytest.mark.parametrize("seconds", ["0", "-1", "inf", "nan", "soon"])
def test_a_time_that_is_none_is_refused(seconds: str) -> None:
    with pytest.raises(CommandError, match=rf"--timeout: '{seconds}' is no number of seconds"):
        call_command("presence_audit", f"--timeout={seconds}")


def test_without_a_layer_nobody_can_be_asked(settings: Any) -> None:
    settings.PRESENCE = {**settings.PRESENCE, "REDIS_URL": "redis://127.0.0.1:9/0"}
    settings.CHANNEL_LAYERS = {}
    with pytest.raises(CommandError, match="no channel layer") as raised:
        call_command("presence_audit")
    assert raised.value.returncode == 2


def test_it_leaves_nothing_behind(settings: Any) -> None:
    url = f"redis://127.0.0.1:{free_port()}/0"
    settings.PRESENCE = {**settings.PRESENCE, "REDIS_URL": url}
    logger = logging.getLogger("channels_redis")
    level, threads = logger.level, threading.active_count()
    with pytest.raises(CommandError, match="Nothing could be compared: Redis: ") as raised:
        call_command("presence_audit")
    assert raised.value.returncode == 2
    assert (logger.level, threading.active_count()) == (level, threads)


@pytest.mark.usefixtures("stuck")
def test_what_does_not_close_keeps_nobody_waiting(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("presence_audit")
    assert capsys.readouterr().out == "Nothing differs: 0 processes, 0 boards, 0 sessions.\n"
