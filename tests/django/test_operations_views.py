"""`/healthz`, and who may read `/metrics`."""

import asyncio
from uuid import uuid4

import pytest
from django.test import AsyncRequestFactory
from django.urls import resolve
from prometheus_client.parser import text_string_to_metric_families

from presence import views
from presence.checks import LAYER
from presence.runtime import current_hub
from presence.server.logs import LogLimit
from presence.views import bears_token
from tests.support.redis import shared_redis
from tests.support.waiting import DEADLINE

TOKEN = {"Authorization": "Bearer s3cret"}
factory = AsyncRequestFactory()


@pytest.fixture
async def ended():
    yield
    await current_hub().close()


async def out():
    raise ConnectionError("on purpose")


async def hang():
    await asyncio.Event().wait()


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("ended")
@pytest.mark.parametrize(
    ("part", "down", "told"),
    [
        ("", None, b"ok"),
        ("_check_store", out, b"store is down"),
        ("_check_store", hang, b"store is down"),
        ("_check_layer", out, b"channel layer is down"),
        ("_ping_databases", lambda: asyncio.run(out()), b"database is down"),
    ],
)
async def test_health(async_client, monkeypatch, part, down, told):
    monkeypatch.setattr(views, "HEALTH_TIMEOUT", 1.0 if down is hang else DEADLINE)
    if part:
        monkeypatch.setattr(views, part, down)
    async with asyncio.timeout(2 * DEADLINE):
        response = await async_client.get("/healthz")
    assert (response.status_code, response.content) == (503 if part else 200, told)
    assert "no-cache" in response["Cache-Control"]


@pytest.mark.django_db(transaction=True)
@pytest.mark.usefixtures("ended")
class TestWhoAsks:
    async def test_a_crowd_gets_one_answer(self, async_client, monkeypatch):
        asked = []

        async def check():
            asked.append(1)

        monkeypatch.setattr(views, "_check_store", check)
        answers = await asyncio.gather(*(async_client.get("/healthz") for _ in range(20)))
        answers.append(await async_client.get("/healthz"))
        assert {answer.content for answer in answers} == {b"ok"}
        assert len(asked) == 1

    @pytest.mark.parametrize(("address", "near"), [("127.0.0.1", True), ("8.8.8.8", False)])
    async def test_strangers_hear_of_no_processes(self, address, near):
        request = factory.get("/healthz")
        request.META["REMOTE_ADDR"] = address
        answer = await resolve("/healthz").func(request)
        told = {name for name in answer.headers if name.startswith("Presence-")}
        names = {"Presence-Fast-Path", "Presence-Processes", "Presence-Descriptors"}
        assert told == (names if near else set())
        assert answer.content == b"ok"

    @pytest.mark.parametrize(
        ("left", "status", "body", "header"),
        [
            (0.5, 200, b"ok", "ok"),
            (0.12, 200, b"ok", "low; 12% are left"),
            (0.04, 503, b"file descriptors are used up: newcomers are refused", "low; 4% are left"),
        ],
    )
    async def test_file_descriptors(
        self, async_client, monkeypatch, caplog, left, status, body, header
    ):
        monkeypatch.setattr(views, "descriptors_left", lambda: left)
        monkeypatch.setattr(views, "_log_limit", LogLimit())
        answer = await async_client.get("/healthz")
        assert (answer.status_code, answer.content) == (status, body)
        assert answer["Presence-Descriptors"] == header
        assert ("of the file descriptors are left" in caplog.text) is (header != "ok")


async def test_live_depends_on_nothing_else(async_client, monkeypatch, settings):
    monkeypatch.setattr(views, "_look", out)
    settings.PRESENCE = None
    response = await async_client.get("/healthz?live")
    assert (response.status_code, response.content) == (200, b"ok")
    assert "no-cache" in response["Cache-Control"]


@pytest.mark.parametrize(
    "wrong", [{"NOPE": 1}, {"BOARDS": ["no.Such"]}, {"AUTHORIZE": "no.such.rule"}, None]
)
async def test_health_with_wrong_settings(async_client, settings, caplog, wrong):
    settings.PRESENCE = wrong
    response = await async_client.get("/healthz")
    assert response.status_code == 503
    assert response.content.startswith(b"PRESENCE is wrong: the log and `manage.py check` say why")
    assert "healthz: PRESENCE is wrong" in caplog.text


async def ask(address="127.0.0.1", method="get", **headers):
    request = getattr(factory, method)("/metrics", headers=headers)
    request.META["REMOTE_ADDR"] = address
    return await resolve("/metrics").func(request)


@pytest.mark.usefixtures("ended")
async def test_metrics_in_the_format_that_is_asked_for():
    response = await ask()
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=")
    assert "no-cache" in response["Cache-Control"]
    families = {f.name: f for f in text_string_to_metric_families(response.content.decode())}
    assert families["presence_joins"].samples[0].labels == {"process": current_hub().process}
    assert families["presence_site_people"].samples[0].labels == {}
    open_metrics = await ask(Accept="application/openmetrics-text; version=1.0.0")
    assert open_metrics["Content-Type"].startswith("application/openmetrics-text")
    assert open_metrics.content.endswith(b"# EOF\n")
    assert (await ask(method="post")).status_code == 405


@pytest.mark.usefixtures("ended")
async def test_a_network_or_the_token_opens_metrics(configure):
    for address in ("10.0.0.1", ""):
        response = await ask(address, **{"X-Forwarded-For": "127.0.0.1"})
        assert (response.status_code, b"presence_" in response.content) == (403, False)
    assert (await ask(Forwarded="for=127.0.0.1")).status_code == 403
    configure(METRICS_TOKEN="s3cret", METRICS_NETWORKS=["10.1.0.0/16"])
    assert (await ask("10.1.2.3")).status_code == 200
    assert (await ask("", **TOKEN, Via="proxy")).status_code == 200
    configure(TRUSTED_PROXIES=["127.0.0.1"])
    for told, status in [("10.1.2.3", 200), ("10.1.2.3, 10.2.2.3", 401), ("", 401)]:
        headers = {"X-Forwarded-For": told, "X-Real-IP": "10.1.2.3"}
        assert (await ask("127.0.0.1", **headers)).status_code == status, told
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        refused = await ask(**headers)
        assert refused.status_code == 401
        assert refused["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("authorization", "token", "matches"),
    [
        *((said, "s3cret", True) for said in ("Bearer s3cret", "bearer s3cret", "BEARER  s3cret ")),
        *((said, "s3cret", False) for said in ("", "Bearer", "s3cret", "Basic s3cret")),
        *((said, "s3cret", False) for said in ("Bearer s3cre", "Bearer s3crets")),
        *((said, "", False) for said in ("", "Bearer", "Bearer ")),
        ("Bearer schlüssel", "schlüssel", True),
        ("Bearer schlussel", "schlüssel", False),
    ],
)
def test_the_token(authorization, token, matches):
    assert bears_token(authorization, token) is matches


@pytest.mark.redis
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("forbidden", "told"),
    [
        ("", b"ok"),
        ("-publish", b"channel layer is down"),
        ("-zadd", b"store is down"),
    ],
)
async def test_health_of_a_redis_whose_user_lacks_a_right(async_client, settings, forbidden, told):
    server, name = shared_redis(), f"health-{uuid4().hex}"
    with server.client() as client:
        words = ("on", ">password", "~*", "&*", "+@all", *([forbidden] if forbidden else ()))
        client.execute_command("ACL SETUSER", name, *words)
    url = f"redis://{name}:password@127.0.0.1:{server.port}/0"
    settings.PRESENCE = {**settings.PRESENCE, "REDIS_URL": url}
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": LAYER, "CONFIG": {"hosts": [url]}}}
    hub = current_hub()
    try:
        response = await async_client.get("/healthz")
        assert (response.status_code, response.content) == (503 if forbidden else 200, told)
    finally:
        await hub.close()
        await hub.store.close()
        await hub.layer.flush()
