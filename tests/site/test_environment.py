"""Settings from the environment: each variable by itself, and all of them in a new process."""

import json
import os
import subprocess
import sys

import pytest
from django.core.exceptions import ImproperlyConfigured

from presence_site import environment
from tests.support.server import ROOT


@pytest.mark.parametrize(
    ("value", "meant"),
    [({}, False), *(({"DEBUG": yes}, True) for yes in ("1", "True", " on "))]
    + [({"DEBUG": no}, False) for no in ("", "0")],
)
def test_a_flag(value, meant):
    assert environment.flag(value, "DEBUG") is meant


def test_the_secret_key_is_needed_outside_development_only():
    for debug in (True, False):
        assert environment.secret_key({"SECRET_KEY": "k"}, debug) == "k"
    assert environment.secret_key({}, debug=True) == environment.DEVELOPMENT_KEY


def test_allowed_hosts():
    hosts = {"ALLOWED_HOSTS": "a.example, b.example ,"}
    assert environment.allowed_hosts(hosts, debug=True) == ["a.example", "b.example"]
    assert environment.allowed_hosts({}, debug=True) == ["localhost", "127.0.0.1", "[::1]"]
    assert environment.allowed_hosts({}, debug=False) == []


def test_sqlite_by_default_in_a_folder_that_is_made(tmp_path):
    database = environment.databases({}, tmp_path / "var")["default"]
    assert database["NAME"] == str(tmp_path / "var" / "db.sqlite3")
    assert database["OPTIONS"]["transaction_mode"] == "IMMEDIATE"
    assert "journal_mode=WAL" in database["OPTIONS"]["init_command"]
    assert database["OPTIONS"]["timeout"] > 0
    in_memory = {"DATABASE_URL": "sqlite://:memory:"}
    assert environment.databases(in_memory, tmp_path / "none")["default"]["NAME"] == ":memory:"
    assert [path.name for path in tmp_path.iterdir()] == ["var"]


def test_postgresql(tmp_path):
    url = "postgres://me:p%40ss@db.example:5433/boards?sslmode=require"
    alone = {"DATABASE_URL": url, "DATABASE_POOL": "0"}
    database = environment.databases(alone, tmp_path)["default"]
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
    assert database.items() >= expected.items()


def test_postgresql_has_a_pool(tmp_path):
    url = {"DATABASE_URL": "postgres://db.example/boards?sslmode=require"}
    database = environment.databases({**url, "DATABASE_POOL": "3"}, tmp_path)["default"]
    assert database["OPTIONS"]["sslmode"] == "require"
    assert database["OPTIONS"]["pool"]["max_size"] == 3
    assert (database["CONN_MAX_AGE"], database["CONN_HEALTH_CHECKS"]) == (0, True)


def test_the_format_of_logs():
    assert environment.log_format({}) == environment.log_format({"LOG_FORMAT": "line"}) == "line"
    assert environment.log_format({"LOG_FORMAT": " JSON "}) == "json"


def test_redis_carries_the_channel_layer_where_there_is_one():
    alone = environment.channel_layers({})["default"]
    assert alone == {"BACKEND": "channels.layers.InMemoryChannelLayer"}
    shared = environment.channel_layers({"REDIS_URL": "redis://r.example:6379/1"})["default"]
    assert shared["BACKEND"] == "channels_redis.pubsub.RedisPubSubChannelLayer"
    assert shared["CONFIG"] == {"hosts": ["redis://r.example:6379/1"]}


@pytest.mark.parametrize(
    ("read", "message"),
    [
        (lambda path: environment.flag({"DEBUG": "maybe"}, "DEBUG"), "DEBUG must be 1 or 0"),
        (lambda path: environment.secret_key({"SECRET_KEY": ""}, debug=False), "SECRET_KEY"),
        (lambda path: environment.log_format({"LOG_FORMAT": "xml"}), "json, not 'xml'"),
        (lambda path: environment.hsts_seconds({"HSTS_SECONDS": "-1"}), "HSTS_SECONDS must be"),
        (lambda path: environment.pool_size({"DATABASE_POOL": "²"}), "DATABASE_POOL must be"),
        (lambda path: environment.channel_layers({"REDIS_URL": "r.example:6379"}), "REDIS_URL"),
        *(
            (lambda path, url=url: environment.databases({"DATABASE_URL": url}, path), "DATABASE_")
            for url in ("nonsense", "gopher://x/y", "postgres://h:port/db")
        ),
    ],
)
def test_a_value_that_cannot_be_used_is_named(read, message, tmp_path):
    with pytest.raises(ImproperlyConfigured, match=message):
        read(tmp_path)


def run(code, tmp_path, **variables):
    """Run code in a new process; return the last line of its output, or of its error."""
    site = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "presence_site.settings"}
    site["DATABASE_URL"] = f"sqlite:///{tmp_path}/db.sqlite3"
    ran = subprocess.run(
        [sys.executable, "-c", f"from django.conf import settings\n{code}"],
        cwd=ROOT,
        env=site | variables,
        capture_output=True,
        text=True,
    )
    return (ran.stdout or ran.stderr).strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("variables", "names", "values"),
    [
        ({}, "DEBUG", "django.core.exceptions.ImproperlyConfigured: SECRET_KEY is not set"),
        (
            {"SECRET_KEY": "k", "ALLOWED_HOSTS": "a.example"},
            "DEBUG SECRET_KEY ALLOWED_HOSTS SESSION_COOKIE_SECURE WHITENOISE_USE_FINDERS",
            "[False, 'k', ['a.example'], False, False]",
        ),
        (
            {"DEBUG": "1", "BEHIND_HTTPS": "1"},
            "CSRF_COOKIE_SECURE SECURE_PROXY_SSL_HEADER SECURE_HSTS_SECONDS",
            "[True, ('HTTP_X_FORWARDED_PROTO', 'https'), 3600]",
        ),
        (
            {"DEBUG": "1", "HSTS_SECONDS": "60"},
            "SECURE_HSTS_SECONDS SECURE_SSL_REDIRECT",
            "[0, False]",
        ),
        (
            {"SECRET_KEY": "new", "SECRET_KEY_FALLBACKS": "old, older", "HSTS_SUBDOMAINS": "1"},
            "SECRET_KEY_FALLBACKS SECURE_HSTS_INCLUDE_SUBDOMAINS SECURE_HSTS_PRELOAD",
            "[['old', 'older'], True, True]",
        ),
    ],
)
def test_settings(tmp_path, variables, names, values):
    code = f"print([getattr(settings, name) for name in {names.split()}])"
    assert run(code, tmp_path, **variables).startswith(values)


def test_warnings_of_python_are_lines_of_json(tmp_path):
    code = "import django, warnings\ndjango.setup()\nwarnings.warn('careful')"
    line = json.loads(run(code, tmp_path, SECRET_KEY="k", LOG_FORMAT="json"))
    assert (line["logger"], line["level"]) == ("py.warnings", "WARNING")
    assert "careful" in line["message"]


@pytest.mark.parametrize("subdomains", ["0", "1"])
def test_the_checks_for_production_find_nothing(tmp_path, subdomains):
    code = """
import django
from django.core.management import call_command
django.setup()
call_command("check", deploy=True, fail_level="DEBUG")
print("nothing")
"""
    key = "a long random key, which only this test knows: 0123456789"
    site = {"SECRET_KEY": key, "ALLOWED_HOSTS": "boards.example.org", "BEHIND_HTTPS": "1"}
    assert run(code, tmp_path, **site, HSTS_SUBDOMAINS=subdomains) == "nothing"


def test_static_files_outside_development_are_hashed_down_to_the_imports(tmp_path):
    code = f"""
import django
from django.core.management import call_command
django.setup()
settings.STATIC_ROOT = {str(tmp_path)!r}
call_command("collectstatic", verbosity=0)
print("collected")
"""
    assert run(code, tmp_path, SECRET_KEY="k") == "collected"
    hashed = [path for path in tmp_path.glob("site/board.*.js") if path.name.count(".") == 2]
    assert len(hashed) == 1
    assert '"./note.js"' not in hashed[0].read_text()
    assert list(tmp_path.glob("site/board.*.js.gz"))
