"""What the environment says, as Django settings: pure functions over a mapping of variables.

Each raises ImproperlyConfigured, naming the variable, for a value that cannot be used.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

Environment = Mapping[str, str]

DEVELOPMENT_KEY = "development-only-key-that-guards-nothing-and-must-never-leave-this-machine"
LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")
SQLITE = "django.db.backends.sqlite3"

_FLAGS = {"": False, "0": False, "false": False, "no": False, "off": False} | {
    "1": True,
    "true": True,
    "yes": True,
    "on": True,
}


def flag(environment: Environment, name: str) -> bool:
    """True for 1, true, yes, on; False for 0, false, no, off, empty or absent."""
    said = environment.get(name, "").strip().lower()
    if said not in _FLAGS:
        raise ImproperlyConfigured(f"{name} must be 1 or 0, not {said!r}.")
    return _FLAGS[said]


def secret_key(environment: Environment, debug: bool) -> str:
    """SECRET_KEY; in development a fixed one stands in, elsewhere nothing does."""
    key = environment.get("SECRET_KEY", "")
    if not key and not debug:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set. Give the site a long random one, or set DEBUG=1 to develop."
        )
    return key or DEVELOPMENT_KEY


def allowed_hosts(environment: Environment, debug: bool) -> list[str]:
    """ALLOWED_HOSTS, comma separated; in development this machine's own names by default."""
    said = [host.strip() for host in environment.get("ALLOWED_HOSTS", "").split(",")]
    hosts = [host for host in said if host]
    return hosts or (list(LOCAL_HOSTS) if debug else [])


def log_format(environment: Environment) -> str:
    """LOG_FORMAT: "line" for people, which is the default, or "json" for programs."""
    said = environment.get("LOG_FORMAT", "").strip().lower() or "line"
    if said not in ("line", "json"):
        raise ImproperlyConfigured(f"LOG_FORMAT must be line or json, not {said!r}.")
    return said


def databases(environment: Environment, var: Path) -> dict[str, Any]:
    """DATABASE_URL as Django's DATABASES; by default an SQLite file in the folder `var`."""
    url = environment.get("DATABASE_URL") or f"sqlite:///{var / 'db.sqlite3'}"
    try:
        # Persistent connections and ASGI do not go together (Django's docs, "Databases").
        database: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=0))
    except ValueError as error:
        raise ImproperlyConfigured(f"DATABASE_URL cannot be used: {error}") from error
    if database.get("ENGINE") == SQLITE:
        _make_room_for(str(database["NAME"]))
        database["OPTIONS"] = {**_SQLITE_OPTIONS, **database.get("OPTIONS", {})}
    return {"default": database}


# A transaction that begins with a read and goes on to write fails at once in SQLite when another
# wrote in between, whatever the timeout. IMMEDIATE takes the write lock first, so it waits instead.
# WAL lets readers go on meanwhile.
_SQLITE_OPTIONS = {
    "transaction_mode": "IMMEDIATE",
    "timeout": 20,
    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
}


def _make_room_for(name: str) -> None:
    if name != ":memory:":
        Path(name).parent.mkdir(parents=True, exist_ok=True)


def channel_layers(environment: Environment) -> dict[str, Any]:
    """REDIS_URL as Django's CHANNEL_LAYERS; without it one process keeps everything to itself."""
    url = environment.get("REDIS_URL", "")
    if not url:
        return {"default": {"BACKEND": "channels.layers.InMemoryChannelLayer"}}
    if not url.startswith(("redis://", "rediss://", "unix://")):
        raise ImproperlyConfigured("REDIS_URL must begin with redis://, rediss:// or unix://.")
    return {
        "default": {
            # The layer that keeps groups in Redis itself: the other one writes a message once per
            # member and drops it silently when a member's queue is full.
            "BACKEND": "channels_redis.pubsub.RedisPubSubChannelLayer",
            "CONFIG": {"hosts": [url]},
        }
    }
