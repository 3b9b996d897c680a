"""The system checks: each fault has its number, and the example site has none."""

import re
import subprocess
import sys
from importlib.metadata import version
from threading import Event

import pytest
from channels_redis.core import RedisChannelLayer
from django.core.management import call_command
from django.db import models
from django.test.utils import isolate_apps, override_script_prefix
from django.urls import include, path, re_path

from presence import auth, checks
from presence.auth import Decision
from presence.checks import LAYER, check_settings
from presence_site.models import Board
from tests.support.server import ROOT, site_environment

BOARD = {"BOARD_MODEL": "presence_site.Board"}
REDIS = {**BOARD, "REDIS_URL": "redis://:secret@127.0.0.1:6379/0"}
IN_MEMORY = "channels.layers.InMemoryChannelLayer"


class OwnLayer(RedisChannelLayer):
    """A site's own layer, of the kind that drops messages."""


def ids():
    return [message.id for message in check_settings(None)]


def test_the_example_site_is_clean():
    assert ids() == []
    call_command("check")


@pytest.mark.parametrize(
    ("given", "number"),
    [
        ({"NOPE": 1}, "E001"),
        ({**BOARD, "REDIS_PREFIX": "{presence}"}, "E001"),
        ({"BOARD_MODEL": "no.Such"}, "E002"),
        ({"BOARD_MODEL": "nonsense"}, "E002"),
        ({"BOARDS": ["presence_site.Board", "no.Such"]}, "E002"),
        ({**BOARD, "BOARDS": ["auth.User"]}, "E001"),
        ({"BOARDS": ["auth.User", 7]}, "E001"),
        ({**BOARD, "AUTHORIZE": "no.such.thing"}, "E004"),
        ({**BOARD, "AUTHORIZE": "presence.auth.account_name"}, "E005"),
        ({**BOARD, "DISPLAY_NAME": "no.such.thing"}, "E006"),
        ({**BOARD, "DISPLAY_NAME": "presence.auth.ask_board"}, "E006"),
        ({**BOARD, "DISPLAY_NAME": "presence.auth.RULE_THREADS"}, "E006"),
        ({**BOARD, "AVATAR": "no.such.thing"}, "E032"),
        ({**BOARD, "AVATAR": "presence.auth.RULE_THREADS"}, "E032"),
        ({**BOARD, "AVATAR_HOSTS": ["https://cdn.example"]}, "E001"),
        ({**BOARD, "AVATAR_HOSTS": ["cdn.example"]}, "W033"),
        ({**BOARD, "PRIVACY": "secret"}, "E001"),
        ({**BOARD, "PRIVACY": "no.such.thing"}, "E030"),
        ({**BOARD, "PRIVACY": "presence.auth.ask_board"}, "E030"),
        ({**BOARD, "PRIVACY": "presence.auth.RULE_THREADS"}, "E030"),
        ({**BOARD, "GUEST_COOKIE_AGE": -1}, "E001"),
        ({**BOARD, "EMBED_ORIGINS": ["http://a.example"]}, "W012"),
        ({**BOARD, "GUESTS": True}, "W029"),
    ],
)
def test_each_fault_has_its_number(settings, given, number):
    settings.PRESENCE = given
    assert ids() == [f"presence.{number}"]
    assert all(message.hint for message in check_settings(None))


def test_rooms_that_strangers_may_open_are_named(settings):
    for more in ({"ROOMS": ["lobby", "team-*"]}, {"ROOMS": []}, {"GUESTS": False}):
        settings.PRESENCE = {**BOARD, "GUESTS": True, **more}
        assert ids() == []
    settings.DEBUG, settings.PRESENCE = True, {**BOARD, "GUESTS": True}
    assert "presence.W029" not in ids()


@pytest.mark.parametrize("label", ["boards.Board", "presence_site.models.Board", "board"])
def test_a_model_of_another_label_is_proposed(settings, label):
    """A label is not always the name of the app's module."""
    settings.PRESENCE = {"BOARDS": ["auth.Group", label]}
    (message,) = check_settings(None)
    assert (message.id, "presence_site.Board" in message.hint) == ("presence.E002", True)


def test_boards_may_have_any_key_and_be_names_alone(settings):
    for given in ({}, {"BOARDS": ["auth.User", "sessions.Session"]}, {"BOARD_MODEL": "auth.Group"}):
        settings.PRESENCE = given
        assert ids() == []


@isolate_apps("presence_site")
def test_a_composite_key_fits_no_url(monkeypatch):
    class Seat(models.Model):
        pk = models.CompositePrimaryKey("row", "number")
        row, number = models.IntegerField(), models.IntegerField()

        class Meta:
            app_label = "presence_site"

    monkeypatch.setattr(checks, "board_models", lambda: (Seat,))
    assert ids() == ["presence.E013"]


@isolate_apps("presence_site")
def test_the_rule_of_a_child_that_is_a_board_because_its_parent_is(settings, monkeypatch):
    class Plain(Board):
        class Meta:
            app_label, proxy = "presence_site", True

    class Private(Board):
        class Meta:
            app_label = "presence_site"

        def presence_decision(self, user):
            return Decision.FORBID

    monkeypatch.setattr(checks.apps, "get_models", lambda: [Board, Plain, Private])
    (message,) = check_settings(None)
    assert (message.id, "presence_site.Private is never asked" in message.msg) == (
        "presence.W028",
        True,
    )
    monkeypatch.setattr(auth, "one_rule_for_all", auth.ask_board, raising=False)
    settings.PRESENCE = {**settings.PRESENCE, "AUTHORIZE": "presence.auth.one_rule_for_all"}
    assert ids() == []


def test_a_developer_may_embed_by_http(settings):
    settings.DEBUG = True
    settings.PRESENCE = {**BOARD, "EMBED_ORIGINS": ["http://localhost:9000"]}
    assert ids() == []


@pytest.mark.parametrize(
    ("backend", "number", "text"),
    [
        (IN_MEMORY, "E009", IN_MEMORY),
        ("no.such.Layer", "E009", "no.such.Layer"),
        ("", "E009", "CHANNEL_LAYERS['default'] is not set"),
        ("channels_redis.core.RedisChannelLayer", "W010", "drops"),
        (f"{__name__}.OwnLayer", "W010", "OwnLayer"),
    ],
)
def test_an_unsuitable_layer(settings, backend, number, text):
    settings.PRESENCE = REDIS
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": backend}}
    (message,) = check_settings(None)
    assert message.id == f"presence.{number}"
    assert text in message.msg
    assert LAYER in str(message.hint)


def test_the_layer_that_is_checked_is_the_one_in_use(settings):
    settings.PRESENCE = {**REDIS, "CHANNEL_LAYER": "other"}
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": IN_MEMORY}, "other": {"BACKEND": LAYER}}
    assert ids() == []
    settings.PRESENCE = REDIS
    assert ids() == ["presence.E009"]
    settings.PRESENCE = BOARD  # one process may have any layer
    assert ids() == []
    settings.PRESENCE = REDIS
    del settings.CHANNEL_LAYERS
    assert ids() == ["presence.E009"]


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        *((url, False) for url in ("127.0.0.1:6379", "http://127.0.0.1", "memcached://secret")),
        *((url, True) for url in ("redis://r:1/2", "rediss://:secret@r", "unix:///run/r.sock")),
    ],
)
def test_the_url_of_a_redis(settings, url, clean):
    settings.PRESENCE = {**REDIS, "REDIS_URL": url}
    settings.CHANNEL_LAYERS = {"default": {"BACKEND": LAYER}}
    assert ids() == ([] if clean else ["presence.E008"])
    for message in check_settings(None):
        assert url not in message.msg, "it may hold a password"


@pytest.mark.parametrize(
    ("installed", "clean"),
    [
        *((old, False) for old in ("4.2.1", "4.1")),
        *((new, True) for new in ("4.2.2", "4.2.2rc1", "4.2.10", "4.3", "5.0.0rc1")),
    ],
)
def test_an_old_daphne(monkeypatch, installed, clean):
    monkeypatch.setattr(checks, "version", {"daphne": installed}.__getitem__)
    assert ids() == ([] if clean else ["presence.E011"])


def test_a_site_without_daphne_is_clean(monkeypatch):
    monkeypatch.setattr(checks, "version", lambda package: version("no-such-package"))
    assert ids() == []


SITE = "tests.sites.unserved"


@pytest.fixture
def checking(monkeypatch):
    """This process runs `manage.py check`."""
    monkeypatch.setattr("sys.argv", ["manage.py", "check"])


@pytest.mark.parametrize("name", ["served", "wrapped"])
def test_sockets_that_reach_presence(settings, checking, name):
    settings.ASGI_APPLICATION = f"{SITE}.asgi.{name}"
    assert ids() == []


@pytest.mark.parametrize(
    ("name", "number"),
    [
        (None, "W024"),
        (f"{SITE}.broken.application", "E025"),
        (f"{SITE}.asgi.nothing", "E025"),
        ("no.such.module", "E025"),
        *((f"{SITE}.asgi.{name}", "E026") for name in ("pages", "without_sockets")),
        *((f"{SITE}.asgi.{name}", "E026") for name in ("without_routes", "elsewhere")),
    ],
)
def test_sockets_that_do_not(settings, monkeypatch, checking, name, number):
    settings.ASGI_APPLICATION = name
    (message,) = check_settings(None)
    assert message.id == f"presence.{number}"
    assert message.hint
    monkeypatch.setattr("sys.argv", ["manage.py", "migrate"])
    assert ids() == [], "other commands load no application"


def test_routes_that_nobody_imported(settings, monkeypatch, checking):
    settings.ASGI_APPLICATION = f"{SITE}.asgi.served"
    monkeypatch.setattr(checks, "serving", Event())
    assert ids() == ["presence.E026"]


def test_a_site_where_all_is_wrong_is_checked_to_the_end(tmp_path):
    environment = site_environment(tmp_path, DJANGO_SETTINGS_MODULE=f"{SITE}.settings")
    done = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    said = re.findall(r"presence\.[EW]\d+", done.stderr)
    assert (done.returncode, said) == (1, ["presence.E025", "presence.W022", "presence.W023"])
    assert 'RuntimeError("the site\'s own fault")' in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("prefix", ["/", "/below/"])
def test_urls_behind_a_pattern_that_matches_any_path(settings, prefix):
    """As at the end of the URLs of a CMS or of a single-page application."""
    own, anything = path("", include("presence.urls")), re_path("", lambda request: None)
    with override_script_prefix(prefix):
        settings.ROOT_URLCONF = (own, anything)
        assert ids() == []
        settings.ROOT_URLCONF = (anything, own)
        (message,) = check_settings(None)
    assert (message.id, f"{prefix}presence/counts/" in message.msg) == ("presence.W027", True)


def test_an_application_that_is_written_as_servers_do(settings, checking):
    settings.ASGI_APPLICATION = "presence_site.asgi:application"
    (message,) = check_settings(None)
    assert (message.id, message.hint.split()[-1]) == (
        "presence.E025",
        "presence_site.asgi.application",
    )


def test_urls_that_cannot_be_loaded_are_left_to_django(settings):
    settings.ROOT_URLCONF = f"{SITE}.broken"
    assert ids() == []
