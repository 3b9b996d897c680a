import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from presence_site import environment

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    ("said", "meant"), [("1", True), ("True", True), (" on ", True), ("", False), ("0", False)]
)
def test_a_flag(said, meant):
    assert environment.flag({"DEBUG": said}, "DEBUG") is meant


def test_a_flag_is_off_by_default_and_never_guessed():
    assert environment.flag({}, "DEBUG") is False
    with pytest.raises(ImproperlyConfigured, match="DEBUG must be 1 or 0"):
        environment.flag({"DEBUG": "maybe"}, "DEBUG")


def test_the_secret_key_is_asked_for_outside_development_only():
    assert environment.secret_key({"SECRET_KEY": "k"}, debug=False) == "k"
    assert environment.secret_key({"SECRET_KEY": "k"}, debug=True) == "k"
    assert environment.secret_key({}, debug=True) == environment.DEVELOPMENT_KEY
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY"):
        environment.secret_key({"SECRET_KEY": ""}, debug=False)


def test_allowed_hosts():
    said = {"ALLOWED_HOSTS": "a.example, b.example ,"}
    assert environment.allowed_hosts(said, debug=True) == ["a.example", "b.example"]
    assert environment.allowed_hosts({}, debug=True) == ["localhost", "127.0.0.1", "[::1]"]
    assert environment.allowed_hosts({}, debug=False) == []


def test_the_database_is_a_file_whose_folder_is_made(tmp_path):
    database = environment.databases({}, tmp_path / "var")["default"]
    assert database["NAME"] == str(tmp_path / "var" / "db.sqlite3")
    assert (tmp_path / "var").is_dir()
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in database["OPTIONS"]["init_command"]
    assert database["OPTIONS"]["timeout"] > 0


def test_a_database_in_memory_makes_no_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = {"DATABASE_URL": "sqlite://:memory:"}
    assert environment.databases(said, tmp_path / "var")["default"]["NAME"] == ":memory:"
    assert list(tmp_path.iterdir()) == []


def test_postgresql(tmp_path):
    said = {"DATABASE_URL": "postgres://me:p%40ss@db.example:5433/boards?sslmode=require"}
    database = environment.databases(said, tmp_path)["default"]
    expected = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "boards",
        "USER": "me",
        "PASSWORD": "p@ss",
        "HOST": "db.example",
        "PORT": 5433,
        "OPTIONS": {"sslmode": "require"},
        "CONN_MAX_AGE": 0,
    }
    assert {name: database[name] for name in expected} == expected


@pytest.mark.parametrize("url", ["nonsense", "gopher://x/y", "postgres://h:port/db"])
def test_a_database_that_cannot_be_is_named(url, tmp_path):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        environment.databases({"DATABASE_URL": url}, tmp_path)


def test_the_format_of_logs():
    assert environment.log_format({}) == environment.log_format({"LOG_FORMAT": "line"}) == "line"
    assert environment.log_format({"LOG_FORMAT": " JSON "}) == "json"
    with pytest.raises(ImproperlyConfigured, match="LOG_FORMAT must be line or json, not 'xml'"):
        environment.log_format({"LOG_FORMAT": "xml"})


def test_redis_carries_the_channel_layer_where_there_is_one():
    alone = environment.channel_layers({})["default"]
    assert alone == {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    shared = environment.channel_layers({"REDIS_URL": "redis://r.example:6379/1"})["default"]
    assert shared["BACKEND"] == "channels_redis.pubsub.RedisPubSubChannelLayer"
    assert shared["CONFIG"] == {"hosts": ["redis://r.example:6379/1"]}
    with pytest.raises(ImproperlyConfigured, match="REDIS_URL"):
        environment.channel_layers({"REDIS_URL": "r.example:6379"})


def read_settings(expression, tmp_path, **said):
    """What a fresh process makes of the environment: its last line of output, or of complaint."""
    code = f"from django.conf import settings; print({expression})"
    clean = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "presence_site.settings"}
    clean["DATABASE_URL"] = f"sqlite:///{tmp_path}/db.sqlite3"
    ran = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=clean | said, capture_output=True, text=True
    )
    return (ran.stdout or ran.stderr).strip().splitlines()[-1]


def test_without_debug_there_is_no_site_without_a_secret_key(tmp_path):
    said = read_settings("settings.DEBUG", tmp_path)
    assert "ImproperlyConfigured: SECRET_KEY is not set" in said


def test_settings_outside_development(tmp_path):
    expression = (
        "settings.DEBUG, settings.SECRET_KEY, settings.ALLOWED_HOSTS,"
        " settings.SESSION_COOKIE_SECURE, settings.WHITENOISE_USE_FINDERS"
    )
    said = read_settings(expression, tmp_path, SECRET_KEY="k", ALLOWED_HOSTS="a.example")
    assert said == "False k ['a.example'] False False"


def test_settings_behind_https(tmp_path):
    expression = "settings.CSRF_COOKIE_SECURE, settings.SECURE_PROXY_SSL_HEADER"
    said = read_settings(expression, tmp_path, DEBUG="1", BEHIND_HTTPS="1")
    assert said == "True ('HTTP_X_FORWARDED_PROTO', 'https')"


COLLECT = """
import django
from django.conf import settings
from django.core.management import call_command

django.setup()
settings.STATIC_ROOT = {root!r}
call_command("collectstatic", verbosity=0)
"""


def test_static_files_outside_development_are_hashed_down_to_the_imports(tmp_path):
    environ = {
        "PATH": os.environ["PATH"],
        "DJANGO_SETTINGS_MODULE": "presence_site.settings",
        "DATABASE_URL": f"sqlite:///{tmp_path}/db.sqlite3",
        "SECRET_KEY": "k",
    }
    code = COLLECT.format(root=str(tmp_path))
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environ, check=True)
    hashed = [path for path in tmp_path.glob("site/board.*.js") if path.name.count(".") == 2]
    assert len(hashed) == 1
    assert '"./note.js"' not in hashed[0].read_text()
    assert list(tmp_path.glob("site/board.*.js.gz"))
