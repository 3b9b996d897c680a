"""Questions about staff run in threads of their own."""

import asyncio
from threading import Event, current_thread

import pytest
from asgiref.sync import async_to_sync, sync_to_async

from presence.admin.threads import WORKERS, in_request, run_in_worker
from tests.support.waiting import DEADLINE

pytestmark = pytest.mark.django_db(transaction=True)


async def test_slow_rules_about_staff_do_not_delay_visitors() -> None:
    done = Event()
    slow = [asyncio.create_task(run_in_worker(done.wait, 30)) for _ in range(WORKERS)]
    await asyncio.sleep(0)
    assert await asyncio.wait_for(sync_to_async(lambda: "let in")(), DEADLINE) == "let in"
    done.set()
    assert await asyncio.gather(*slow) == [True] * WORKERS


def test_a_request_uses_its_own_thread() -> None:
    async def ask() -> tuple[str, str]:
        with in_request():
            within = await run_in_worker(lambda: current_thread().name)
        return within, await run_in_worker(lambda: current_thread().name)

    within, outside = async_to_sync(ask)()
    assert within == current_thread().name
    assert outside.startswith("presence-staff")
