"""The system checks: each fires on its own fault, and none on the example site."""

from typing import Any

import pytest
from django.core.management import call_command

from presence.checks import MIDDLEWARE, check_settings

BOARD = "presence_site.Board"


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
    ],
)
def test_each_fault_has_its_number(settings: Any, given: dict[str, Any], number: str) -> None:
    settings.PRESENCE = given
    assert [message.id for message in check_settings(None)] == [number]
    assert all(message.hint for message in check_settings(None))


def test_a_site_without_the_middleware_is_warned(settings: Any) -> None:
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if name != MIDDLEWARE]
    assert [message.id for message in check_settings(None)] == ["presence.W007"]
