"""Reads Django settings from environment variables, in pure functions.

Each raises ImproperlyConfigured, which names the variable, for a value that cannot be used.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from presence.cluster.hosts import layer_hosts

Environment = Mapping[str, str]

DEVELOPMENT_KEY = "development-only-key-that-guards-nothing-and-must-never-leave-this-machine"
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
SQLITE = "django.db.backends.sqlite3"
POSTGRESQL = "django.db.backends.postgresql"
POOL_TIMEOUT = 5.0
"""Seconds for which a thread waits for a connection of the pool. While PostgreSQL is down, that is
how long a page takes to fail."""

_FLAGS = {"": False, "0": False, "false": False, "no": False, "off": False} | {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
}


def flag(environment: Environment, name: str) -> bool:
    """Return True for 1, true, yes, on; False for 0, false, no, off, empty or absent."""
    value = environment.get(name, "").strip().lower()
    if value not in _FLAGS:
        raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")
    return _FLAGS[value]


def secret_key(environment: Environment, debug: bool) -> str:
    """Return SECRET_KEY. It is required outside development, which has a fixed one."""
    key = environment.get("SECRET_KEY", "")
    if not key and not debug:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set. Give the site a long random one, or set DEBUG=1 to develop."
        )
    return key or DEVELOPMENT_KEY


def allowed_hosts(environment: Environment, debug: bool) -> list[str]:
    """Return the names in ALLOWED_HOSTS, by default this machine's own in development."""
    return listed(environment, "ALLOWED_HOSTS") or (list(LOCAL_HOSTS) if debug else [])


def listed(environment: Environment, name: str) -> list[str]:
    """Return what a variable lists, separated by commas."""
    return [each.strip() for each in environment.get(name, "").split(",") if each.strip()]


def log_format(environment: Environment) -> str:
    """Return LOG_FORMAT: "line", the default, for people, or "json" for programs."""
    value = environment.get("LOG_FORMAT", "").strip().lower() or "line"
    if value not in ("line", "json"):
        raise ImproperlyConfigured(f"LOG_FORMAT must be line or json, not {value!r}.")
    return value


def whole_number(environment: Environment, name: str, default: int) -> int:
    """Return a whole number, 0 or more."""
    value = environment.get(name, "").strip() or str(default)
    if not (value.isascii() and value.isdigit()):
        raise ImproperlyConfigured(f"{name} must be a whole number, not {value!r}.")
    return int(value)


def hsts_seconds(environment: Environment) -> int:
    """Return HSTS_SECONDS: for how long a browser that came by https uses nothing else. By default
    an hour: for as long nobody can come where https fails."""
    return whole_number(environment, "HSTS_SECONDS", 3600)


def databases(environment: Environment, var: Path) -> dict[str, Any]:
    """Return DATABASES for DATABASE_URL, by default an SQLite file in the folder `var`.

    PostgreSQL has a pool of up to DATABASE_POOL connections in each process. With 0 there is none,
    and each page opens a connection and closes it.
    """
    url = environment.get("DATABASE_URL") or f"sqlite:///{var / 'db.sqlite3'}"
    try:
        # With CONN_MAX_AGE each thread keeps a connection, and under ASGI a page has a new thread:
        # connections are left open and never used again. A pool is what threads can share.
        database: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=0))
    except ValueError as error:
        raise ImproperlyConfigured(f"DATABASE_URL cannot be used: {error}") from error
    if database.get("ENGINE") == SQLITE:
        if database["NAME"] != ":memory:":
            Path(database["NAME"]).parent.mkdir(parents=True, exist_ok=True)
        database["OPTIONS"] = {**_SQLITE_OPTIONS, **database.get("OPTIONS", {})}
    elif database.get("ENGINE") == POSTGRESQL and (most := pool_size(environment)):
        # The pool tests a connection before it gives it to a thread: after a restart of PostgreSQL
        # all that it holds are dead.
        database["CONN_HEALTH_CHECKS"] = True
        pool = {"min_size": 1, "max_size": most, "timeout": POOL_TIMEOUT}
        database["OPTIONS"] = {"pool": pool, **database.get("OPTIONS", {})}
    return {"default": database}


def pool_size(environment: Environment) -> int:
    """Return DATABASE_POOL: connections of a process to PostgreSQL at most; 0 for no pool."""
    return whole_number(environment, "DATABASE_POOL", 10)


# In SQLite a transaction that reads and then writes fails at once, whatever the timeout, if another
# one wrote in between. IMMEDIATE takes the write lock first, and so waits. WAL lets readers go on.
_SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}


def channel_layers(environment: Environment) -> dict[str, Any]:
    """Return CHANNEL_LAYERS for REDIS_URL, by default a layer for one process."""
    url = environment.get("REDIS_URL", "")
    if not url:
        return {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    try:
        hosts = layer_hosts(url)
    except ValueError as error:
        raise ImproperlyConfigured(f"REDIS_URL is not the URL of a Redis: {error}.") from error
    return {
        "default": {
            # The other layer writes a message once per group member, and silently drops it for a
            # member whose queue is full.
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": hosts},
        }
    }
