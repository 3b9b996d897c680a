"""`/healthz`."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from django.test import AsyncClient

from presence.checks import LAYER
from presence.runtime import current_hub
from presence.store.redis.store import RedisStore
from tests.support.redis import RedisServer


@pytest.mark.django_db(transaction=True)
async def test_all_is_well(async_client: AsyncClient) -> None:
    response: Any = await async_client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok")
    assert "no-cache" in response["Cache-Control"]


@pytest.mark.django_db(transaction=True)
async def test_what_is_down_is_named(
    async_client: AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def down() -> None:
        raise ConnectionError("nobody there")

    monkeypatch.setattr(current_hub().store, "ping", down)
    response: Any = await async_client.get("/healthz")
    assert (response.status_code, response.content) == (503, b"store is down")
    assert "nobody there" in caplog.text


@pytest.mark.django_db(transaction=True)
async def test_the_database_counts(
    async_client: AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def down() -> None:
        raise ConnectionError("no database")

    monkeypatch.setattr("presence.views._ping_database", down)
    response: Any = await async_client.get("/healthz")
    assert (response.status_code, response.content) == (503, b"database is down")


@pytest.fixture
async def redis(tmp_path: Path, settings: Any) -> AsyncIterator[RedisServer]:
    """A Redis of this test's own, where the site keeps its boards."""
    server = RedisServer(tmp_path).start()
    settings.PRESENCE = {**settings.PRESENCE, "REDIS_URL": server.url}
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": LAYER, "CONFIG": {"hosts": [server.url]}}}
    yield server
    store = current_hub().store
    assert isinstance(store, RedisStore)
    await store.close()
    server.stop()


@pytest.mark.django_db(transaction=True)
async def test_redis_away_is_told_and_redis_back_is_well(
    async_client: AsyncClient, redis: RedisServer
) -> None:
    async def ask() -> tuple[int, bytes]:
        response: Any = await async_client.get("/healthz")
        return response.status_code, response.content

    assert await ask() == (200, b"ok")
    redis.kill()
    assert await ask() == (503, b"store is down")
    redis.start()
    assert await ask() == (200, b"ok")
    redis.pause()
    assert await ask() == (503, b"store is down"), "it neither answers nor hangs up"
    redis.resume()
    assert await ask() == (200, b"ok")
