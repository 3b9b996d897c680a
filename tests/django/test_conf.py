"""The settings: read once, checked, and read again when they change."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from presence.conf import get_settings

WRONG_ORIGINS = [
    *("*", "null", "a.example", "https://a.example/", "https://A.example", "ftp://a.example", 7),
    *("https://a.example:443", "http://a.example:80", "https://*.example"),
    "https://a.example https://b.example",
]


def test_they_are_read_once_until_they_change(settings):
    settings.PRESENCE = {}
    assert (get_settings().GRACE, get_settings().ENABLED) == (5.0, True)
    before = get_settings()
    settings.USE_TZ = True
    assert get_settings() is before
    settings.PRESENCE = {"INTERVAL": 50, "METRICS_NETWORKS": ["10.0.0.0/8"]}
    assert get_settings().INTERVAL == 50
    assert get_settings().METRICS_NETWORKS == ("10.0.0.0/8",), "it cannot change any more"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ([], "PRESENCE must be a dictionary"),
        ({"BORD_MODEL": "x"}, "PRESENCE['BORD_MODEL'] is not a setting"),
        ({"BOARD_MODEL": 7}, "PRESENCE['BOARD_MODEL'] must be str"),
        ({"ENABLED": "yes"}, "PRESENCE['ENABLED'] must be bool"),
        ({"GRACE": True}, "PRESENCE['GRACE'] must be float"),
        ({"GRACE": -1}, "PRESENCE['GRACE'] is -1"),
        ({"GRACE": 301.0}, "PRESENCE['GRACE'] is 301.0"),
        ({"RELOAD_GRACE": -1}, "PRESENCE['RELOAD_GRACE'] is -1"),
        ({"RELOAD_GRACE": 61.0}, "PRESENCE['RELOAD_GRACE'] is 61.0"),
        ({"LEASE": 0.5}, "PRESENCE['LEASE'] is 0.5"),
        ({"REMOVED_FOR": -1}, "PRESENCE['REMOVED_FOR'] is -1"),
        ({"REDIS_PREFIX": "{a}"}, "PRESENCE['REDIS_PREFIX'] is '{a}'"),
        ({"INTERVAL": 5}, "PRESENCE['INTERVAL'] is 5"),
        ({"INTERVAL": 1.5}, "PRESENCE['INTERVAL'] must be int"),
        ({"TOKEN_AGE": 4}, "PRESENCE['TOKEN_AGE'] is 4"),
        ({"EMBED_ORIGINS": "https://a.example"}, "PRESENCE['EMBED_ORIGINS'] must be a list"),
        *(
            ({"EMBED_ORIGINS": ["https://good.example", wrong]}, f"EMBED_ORIGINS'] has {wrong!r}")
            for wrong in WRONG_ORIGINS
        ),
        *(
            ({"AVATAR_HOSTS": [".a.example", wrong]}, f"AVATAR_HOSTS'] has {wrong!r}")
            for wrong in (
                "https://a.example",
                "a.example/",
                "*.a.example",
                "A.example",
                "",
                "a:0",
                7,
            )
        ),
        ({"METRICS_NETWORKS": "10.0.0.0/8"}, "PRESENCE['METRICS_NETWORKS'] must be a list"),
        ({"METRICS_NETWORKS": ["10.0.0.1/8"]}, "PRESENCE['METRICS_NETWORKS'] has '10.0.0.1/8'"),
        ({"METRICS_NETWORKS": [["a"]]}, "PRESENCE['METRICS_NETWORKS'] has ['a']"),
        ({"TRUSTED_PROXIES": "unix"}, "PRESENCE['TRUSTED_PROXIES'] must be a list"),
        ({"TRUSTED_PROXIES": ["unix", "me"]}, "PRESENCE['TRUSTED_PROXIES'] has 'me'"),
        ({"MAX_SOCKETS": -1}, "PRESENCE['MAX_SOCKETS'] is -1: it takes 0 to 1000000 sockets"),
        ({"MAX_ADDRESS_JOINS": 0.5}, "PRESENCE['MAX_ADDRESS_JOINS'] must be int"),
        ({"MAX_HANDSHAKES": None}, "PRESENCE['MAX_HANDSHAKES'] must be int"),
        ({"ROOMS": "lobby"}, "PRESENCE['ROOMS'] must be a list"),
        ({"ROOMS": [7]}, "PRESENCE['ROOMS'] has 7"),
        ({"METRICS_TOKEN": None}, "PRESENCE['METRICS_TOKEN'] must be str"),
        ({"LOG_NAMES": "yes"}, "PRESENCE['LOG_NAMES'] must be bool"),
    ],
)
def test_what_is_wrong_is_named(settings, given, named):
    settings.PRESENCE = given
    with pytest.raises(ImproperlyConfigured) as error:
        get_settings()
    assert named in str(error.value)


@pytest.mark.parametrize(
    "origin",
    ["https://a.example", "http://localhost:9000", "http://127.0.0.1:8080", "https://[::1]:8000"],
)
def test_an_origin_as_browsers_send_it_is_one(settings, origin):
    settings.PRESENCE = {"EMBED_ORIGINS": [origin]}
    assert (origin,) == get_settings().EMBED_ORIGINS
