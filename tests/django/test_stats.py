"""`presence.stats`: the history and the stats of processes, as a site's code asks for them."""

from threading import Event
from uuid import uuid4

import pytest
from asgiref.sync import sync_to_async
from django.core.exceptions import ImproperlyConfigured

from presence import runtime, stats
from presence.store.history import HOURS, MINUTES
from presence.store.history_memory import MemoryHistory
from tests.support.history import own_history


async def test_the_history_and_the_processes():
    history, board = await own_history(), uuid4()
    at = await history.claim("p")
    assert at is not None
    await history.record("p", at, {board: 2, uuid4(): 1})
    await history.publish("p", '{"process":"p","sockets":3}')
    assert (await stats.aminutes(board))[-1].people == 2.0
    assert len(await stats.aminutes(board)) == MINUTES.kept
    assert (await stats.ahours(count=2))[-1].peak == 3
    assert len(await stats.ahours()) == HOURS.kept
    assert [each.sockets for each in await stats.aprocess_stats()] == [3]
    assert (await sync_to_async(stats.minutes)(board))[-1].people == 2.0
    assert (await sync_to_async(stats.hours)())[-1].people == 3.0
    for names in (stats.process_stats, stats.figures):
        assert [each.process for each in await sync_to_async(names)()] == ["p"]
    await runtime.current_hub().close()


def test_a_process_that_does_not_serve_reads_the_shared_history(monkeypatch, configure):
    monkeypatch.setattr(runtime, "serving", Event())
    with pytest.raises(ImproperlyConfigured):
        stats.hours()
    assert runtime.running_hub() is None
    asked = []
    monkeypatch.setattr(runtime, "background_store", asked.append)
    monkeypatch.setattr(runtime, "_history_beside", lambda store: MemoryHistory(lambda: 0.0))
    configure(REDIS_URL="redis://")
    assert len(stats.hours()) == HOURS.kept
    assert [each.REDIS_URL for each in asked] == ["redis://"]
