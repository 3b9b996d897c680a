"""Questions about staff are asked away from everybody else."""

import asyncio
from threading import Event, current_thread

import pytest
from asgiref.sync import async_to_sync, sync_to_async

from presence.admin.threads import THREADS, aside, in_request

pytestmark = pytest.mark.django_db(transaction=True)


async def test_a_rule_that_is_slow_holds_up_nobody_else() -> None:
    done = Event()
    slow = [asyncio.create_task(aside(done.wait, 30)) for _ in range(THREADS)]
    await asyncio.sleep(0)
    assert await asyncio.wait_for(sync_to_async(lambda: "let in")(), 10) == "let in"
    done.set()
    assert await asyncio.gather(*slow) == [True] * THREADS


def test_within_a_request_it_is_the_requests_own_thread() -> None:
    async def ask() -> tuple[str, str]:
        with in_request():
            within = await aside(lambda: current_thread().name)
        return within, await aside(lambda: current_thread().name)

    within, beside = async_to_sync(ask)()
    assert within == current_thread().name
    assert beside.startswith("presence-aside")
