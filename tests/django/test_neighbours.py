"""Several processes that serve one site without Redis are noticed: in a check, in `/healthz` and in
the log."""

import logging
import tempfile
from unittest.mock import Mock

import pytest

from presence import runtime
from presence.checks import check_settings
from presence.runtime import current_hub, several_processes
from presence.server.neighbours import Neighbours
from presence.store.redis.store import OLDER_PROCESSES, RedisStore


@pytest.fixture
def other(tmp_path, monkeypatch):
    """Another process of this site. This one serves boards, and is not counted yet."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    own, another = Neighbours("this site"), Neighbours("this site")
    monkeypatch.setattr(runtime, "_neighbours", lambda: own)
    monkeypatch.setattr(runtime, "serving", Mock(is_set=lambda: True))
    yield another
    own.leave()
    another.leave()


@pytest.fixture
async def health(other, async_client):
    """Asks `/healthz` of a new process."""

    async def ask():
        return await async_client.get("/healthz")

    yield ask
    await current_hub().close()


@pytest.mark.django_db(transaction=True)
class TestHealth:
    async def test_one_process(self, health, caplog):
        response = await health()
        assert (response.content, response["Presence-Processes"]) == (b"ok", "ok")
        assert not [record for record in caplog.records if record.levelno >= logging.WARNING]

    async def test_two_processes(self, other, health, caplog):
        other.join()
        for _ in range(2):
            response = await health()
            assert (response.status_code, response.content) == (200, b"ok")
            assert response["Presence-Processes"].startswith("2 processes serve this site")
        warned = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
        assert warned == [f"processes: {several_processes()}"]


def test_the_check(other):
    other.join()
    assert "presence.W016" not in [message.id for message in check_settings(None)]
    runtime._neighbours().join()
    (warning,) = [each for each in check_settings(None) if each.id == "presence.W016"]
    assert warning.msg == f"{several_processes()}."


def test_processes_that_share_a_redis(other, configure):
    other.join()
    runtime._neighbours().join()
    assert several_processes()
    configure(REDIS_URL="redis://127.0.0.1:1")
    assert several_processes() == ""


def test_processes_of_an_earlier_release(configure, monkeypatch):
    configure(REDIS_URL="redis://127.0.0.1:1")
    store = RedisStore("redis://127.0.0.1:1")
    monkeypatch.setattr(runtime, "running_hub", lambda: (None, Mock(store=store)))
    assert several_processes() == ""
    store.older_processes = 1
    assert several_processes() == OLDER_PROCESSES
