"""The settings: read once, checked, and read again when they change."""

from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured

from presence.conf import get_settings


def test_defaults(settings: Any) -> None:
    settings.PRESENCE = {}
    assert get_settings().GRACE == 5.0
    assert get_settings().ENABLED is True


def test_a_change_is_seen(settings: Any) -> None:
    settings.PRESENCE = {"INTERVAL": 50}
    assert get_settings().INTERVAL == 50
    settings.PRESENCE = {"INTERVAL": 60}
    assert get_settings().INTERVAL == 60


def test_other_settings_do_not_matter(settings: Any) -> None:
    before = get_settings()
    settings.USE_TZ = True
    assert get_settings() is before


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
        ({"LEASE": 0.5}, "PRESENCE['LEASE'] is 0.5"),
        ({"REMOVED_FOR": -1}, "PRESENCE['REMOVED_FOR'] is -1"),
        ({"REDIS_PREFIX": "{a}"}, "PRESENCE['REDIS_PREFIX'] is '{a}'"),
        ({"INTERVAL": 5}, "PRESENCE['INTERVAL'] is 5"),
        ({"INTERVAL": 1.5}, "PRESENCE['INTERVAL'] must be int"),
    ],
)
def test_what_is_wrong_is_named(settings: Any, given: Any, named: str) -> None:
    settings.PRESENCE = given
    with pytest.raises(ImproperlyConfigured) as error:
        get_settings()
    assert named in str(error.value)
