"""`/healthz`."""

from typing import Any

import pytest
from django.test import AsyncClient

from presence.runtime import current_hub


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

    monkeypatch.setattr("presence.views._ask_database", down)
    response: Any = await async_client.get("/healthz")
    assert (response.status_code, response.content) == (503, b"database is down")
