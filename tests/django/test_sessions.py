"""Who is signed in, by each kind of session that Django has, and of a site's own settings."""

import pytest
from asgiref.sync import sync_to_async
from django.contrib.auth.models import User
from django.core import signing
from django.test import Client

from presence.auth import admit
from presence.protocol.identity import Visitor
from tests.support.fixtures import redis  # noqa: F401

ENGINES = "django.contrib.sessions.backends."
LOCAL = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}


def scope(cookies):
    """Return the scope of a socket without any middleware, with cookies by their names."""
    header = "; ".join(f"{name}={value}" for name, value in cookies.items())
    return {"headers": [(b"cookie", header.encode()), (b"origin", b"http://testserver")]}


@pytest.fixture(params=["db", "cached_db", "cache", "file", "signed_cookies", "redis"])
def engine(request, settings, tmp_path):
    """Each engine; the cache once of this process, once in Redis."""
    name = request.param
    settings.CACHES = LOCAL
    if name == "redis":
        name = "cache"
        location = request.getfixturevalue("redis").url
        settings.CACHES = {
            "default": {
                "BACKEND": "django.core.cache.backends.redis.RedisCache",
                "LOCATION": location,
            }
        }
    settings.SESSION_FILE_PATH = str(tmp_path)
    settings.SESSION_ENGINE = ENGINES + name
    return name


def sign_in(user):
    """Return the cookies of a user's session."""
    client = Client()
    client.force_login(user)
    return {name: cookie.value for name, cookie in client.cookies.items()}


@pytest.mark.django_db(transaction=True)
class TestEngines:
    async def test_an_account_and_a_guest(self, engine, board, settings):
        settings.SESSION_COOKIE_NAME = "who"
        user = await User.objects.acreate(username="ada")
        cookies = await sync_to_async(sign_in)(user)
        assert [*cookies] == ["who"]
        assert await admit(scope(cookies), board) == Visitor(f"user:{user.pk}", "ada")
        another = {"sessionid": cookies["who"]}
        for without in ({}, another, {"who": "forged"}, {"who": "forged:by:somebody"}):
            visitor = await admit(scope(without), board)
            assert visitor.name is None
            assert visitor.person.startswith("socket:"), "a forged session is no person"

    async def test_a_session_of_an_earlier_secret_key(self, engine, board, settings):
        user = await User.objects.acreate(username="ada")
        cookies = await sync_to_async(sign_in)(user)
        earlier, settings.SECRET_KEY = settings.SECRET_KEY, "another"
        assert (await admit(scope(cookies), board)).name is None
        settings.SECRET_KEY_FALLBACKS = [earlier]
        for _ in range(2):  # Nothing was written, as no cookie can be.
            assert await admit(scope(cookies), board) == Visitor(f"user:{user.pk}", "ada")
        assert signing.get_cookie_signer().fallback_keys
