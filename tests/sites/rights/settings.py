"""A site whose people lose their rights in every way there is. SESSIONS names the engine of its
sessions, RECHECK_EVERY is the setting of presence."""

import os

from presence_site.settings import *  # noqa: F403
from presence_site.settings import INSTALLED_APPS, TEMPLATES

INSTALLED_APPS = [
    *(app for app in INSTALLED_APPS if app != "presence_site"),
    "tests.sites.rights",
]
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [{**TEMPLATES[0], "DIRS": []}]
ROOT_URLCONF = "tests.sites.rights.urls"
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
SESSION_ENGINE = f"django.contrib.sessions.backends.{os.environ.get('SESSIONS', 'db')}"
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": os.environ.get("REDIS_URL", ""),
    }
}
PRESENCE = {
    "BOARDS": ["rights.Plan"],
    "REDIS_URL": os.environ.get("REDIS_URL", ""),
    "EMBED_ORIGINS": ["https://www.example.com"],
    "RECHECK_EVERY": int(os.environ.get("RECHECK_EVERY", "60")),
    "MAX_ADDRESS_SOCKETS": 0,
    "MAX_ADDRESS_JOINS": 0,
}
