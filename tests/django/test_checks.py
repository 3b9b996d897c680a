"""The system checks: each fires on its own fault, and none on the example site."""

from importlib.metadata import version
from typing import Any

import pytest
from channels_redis.core import RedisChannelLayer
from django.core.checks import CheckMessage
from django.core.management import call_command

from presence import checks
from presence.checks import LAYER, MIDDLEWARE, check_settings

BOARD = "presence_site.Board"
REDIS = "redis://:secret@127.0.0.1:6379/0"
IN_MEMORY = "channels.layers.InMemoryChannelLayer"


def test_the_example_site_is_clean() -> None:
    assert check_settings(None) == []
    call_command("check")


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ({"NOPE": 1}, "presence.E001"),
        ({}, "presence.E002"),
        ({"BOARD_MODEL": "no.Such"}, "presence.E002"),
        ({"BOARD_MODEL": "nonsense"}, "presence.E002"),
        ({"BOARD_MODEL": "auth.User"}, "presence.E003"),
        ({"BOARD_MODEL": BOARD, "AUTHORIZE": "no.such.thing"}, "presence.E004"),
        ({"BOARD_MODEL": BOARD, "AUTHORIZE": "presence.auth.account_name"}, "presence.E005"),
        ({"BOARD_MODEL": BOARD, "DISPLAY_NAME": "no.such.thing"}, "presence.E006"),
        ({"BOARD_MODEL": BOARD, "REDIS_PREFIX": "{presence}"}, "presence.E001"),
        ({"BOARD_MODEL": BOARD, "EMBED_ORIGINS": ["https://a.example/"]}, "presence.E001"),
        ({"BOARD_MODEL": BOARD, "EMBED_ORIGINS": ["http://a.example"]}, "presence.W012"),
    ],
)
def test_each_fault_has_its_number(settings: Any, given: dict[str, Any], number: str) -> None:
    settings.PRESENCE = given
    assert [message.id for message in check_settings(None)] == [number]
    assert all(message.hint for message in check_settings(None))


def test_a_site_without_the_middleware_is_warned(settings: Any) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != MIDDLEWARE]
    assert [message.id for message in check_settings(None)] == ["presence.W007"]


class OwnLayer(RedisChannelLayer):
    """A site's own, of the kind that drops messages."""


def with_redis(settings: Any, backend: str, **presence: str) -> list[CheckMessage]:
    """Return what a site is told that has a Redis, and a layer as "default"."""
    settings.PRESENCE = {"BOARD_MODEL": BOARD, "REDIS_URL": REDIS, **presence}
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend}}
    return check_settings(None)


def test_many_processes_with_the_right_layer_are_clean(settings: Any) -> None:
    assert with_redis(settings, LAYER) == []


@pytest.mark.parametrize(
    ("backend", "number", "said"),
    [
        (IN_MEMORY, "presence.E009", IN_MEMORY),
        ("no.such.Layer", "presence.E009", "no.such.Layer"),
        ("", "presence.E009", "not set"),
        ("channels_redis.core.RedisChannelLayer", "presence.W010", "drops"),
        (f"{__name__}.OwnLayer", "presence.W010", "OwnLayer"),
    ],
)
def test_a_layer_that_does_not_do_is_told(
    settings: Any, backend: str, number: str, said: str
) -> None:
    (message,) = with_redis(settings, backend)
    assert message.id == number
    assert said in message.msg
    assert LAYER in str(message.hint)


def test_the_layer_is_the_one_that_presence_uses(settings: Any) -> None:
    (message,) = with_redis(settings, LAYER, CHANNEL_LAYER="other")
    assert message.id == "presence.E009"
    assert "CHANNEL_LAYERS['other'] is not set" in message.msg


def test_a_site_without_layers_is_told(settings: Any) -> None:
    settings.PRESENCE = {"BOARD_MODEL": BOARD, "REDIS_URL": REDIS}
    del settings.CHANNEL_LAYERS
    assert [message.id for message in check_settings(None)] == ["presence.E009"]


def test_one_process_may_have_any_layer(settings: Any) -> None:
    assert with_redis(settings, IN_MEMORY, REDIS_URL="") == []


@pytest.mark.parametrize("url", ["127.0.0.1:6379", "http://127.0.0.1", "memcached://secret"])
def test_a_redis_url_must_be_one(settings: Any, url: str) -> None:
    (message,) = with_redis(settings, LAYER, REDIS_URL=url)
    assert message.id == "presence.E008"
    assert url not in message.msg, "it may hold a password"


@pytest.mark.parametrize("url", ["redis://r:1/2", "rediss://:secret@r", "unix:///run/redis.sock"])
def test_the_urls_of_a_redis_are_clean(settings: Any, url: str) -> None:
    assert with_redis(settings, LAYER, REDIS_URL=url) == []


@pytest.mark.parametrize(
    ("installed", "numbered"),
    [("4.2.1", ["presence.E011"]), ("4.1", ["presence.E011"])]
    + [(new, []) for new in ("4.2.2", "4.2.2rc1", "4.2.10", "4.3", "5.0.0rc1")],
)
def test_an_old_daphne_is_told(
    monkeypatch: pytest.MonkeyPatch, installed: str, numbered: list[str]
) -> None:
    monkeypatch.setattr(checks, "version", {"daphne": installed}.__getitem__)
    assert [message.id for message in check_settings(None)] == numbered


def test_a_site_without_daphne_is_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "version", lambda package: version("no-such-package"))
    assert check_settings(None) == []


def test_a_developer_may_embed_by_http(settings: Any) -> None:
    settings.DEBUG = True
    settings.PRESENCE = {"BOARD_MODEL": BOARD, "EMBED_ORIGINS": ["http://localhost:9000"]}
    assert check_settings(None) == []
