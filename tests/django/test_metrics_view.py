"""`/metrics`: who may read it, and what it says."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from django.test import AsyncRequestFactory
from django.urls import resolve
from prometheus_client.parser import text_string_to_metric_families

from presence.runtime import current_hub

pytestmark = pytest.mark.django_db(transaction=True)

FORWARDED = {"X-Forwarded-For": "127.0.0.1"}
factory = AsyncRequestFactory()
TOKEN = {"Authorization": "Bearer s3cret"}


@pytest.fixture(autouse=True)
async def ended() -> AsyncIterator[None]:
    yield
    await current_hub().close()


async def ask(address: str = "127.0.0.1", **headers: str) -> Any:
    request = factory.get("/metrics", headers=headers)
    request.META["REMOTE_ADDR"] = address
    return await resolve("/metrics").func(request)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.3.2.1", "::1"])
async def test_the_machine_itself_may_read(address: str) -> None:
    response = await ask(address)
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=")
    assert "no-cache" in response["Cache-Control"]
    families = {f.name: f for f in text_string_to_metric_families(response.content.decode())}
    process = current_hub().process
    assert families["presence_joins"].samples[0].labels == {"process": process}
    assert families["presence_site_people"].samples[0].labels == {}


async def test_openmetrics_is_spoken_to_who_asks_for_it() -> None:
    response = await ask(Accept="application/openmetrics-text; version=1.0.0")
    assert response["Content-Type"].startswith("application/openmetrics-text")
    assert response.content.endswith(b"# EOF\n")


@pytest.mark.parametrize("address", ["10.0.0.1", "::2", "", "203.0.113.9"])
async def test_others_may_not(address: str) -> None:
    response = await ask(address)
    assert (response.status_code, b"presence_" in response.content) == (403, False)


@pytest.mark.parametrize("name", ["X-Forwarded-For", "X-Forwarded-Proto", "Forwarded", "X-Real-IP"])
async def test_a_proxy_on_this_machine_opens_nothing(name: str) -> None:
    response = await ask(**{name: "127.0.0.1"})
    assert response.status_code == 403


async def test_what_is_said_of_an_address_does_not_count() -> None:
    assert (await ask("10.0.0.1", **FORWARDED)).status_code == 403


async def test_the_token_opens_from_anywhere(settings: Any) -> None:
    settings.PRESENCE = {**settings.PRESENCE, "METRICS_TOKEN": "s3cret", "METRICS_NETWORKS": []}
    assert (await ask("10.0.0.1", **TOKEN)).status_code == 200
    assert (await ask("", **TOKEN, **FORWARDED)).status_code == 200


@pytest.mark.parametrize("said", ["", "Bearer wrong", "Basic s3cret", "Bearer"])
async def test_another_does_not(settings: Any, said: str) -> None:
    settings.PRESENCE = {**settings.PRESENCE, "METRICS_TOKEN": "s3cret", "METRICS_NETWORKS": []}
    response = await ask(Authorization=said)
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Bearer")


async def test_networks_are_the_settings(settings: Any) -> None:
    settings.PRESENCE = {**settings.PRESENCE, "METRICS_NETWORKS": ["10.1.0.0/16"]}
    assert (await ask("10.1.2.3")).status_code == 200
    assert (await ask("127.0.0.1")).status_code == 403


async def test_it_is_only_read() -> None:
    assert (await resolve("/metrics").func(factory.post("/metrics"))).status_code == 405
