"""`presence_audit`: what it refuses, and that it leaves nothing behind."""

import logging
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from tests.support.own import close_own
from tests.support.server import free_port


@pytest.mark.parametrize("seconds", ["0", "-1", "inf", "nan", "soon"])
def test_a_timeout_must_be_a_number_of_seconds(seconds: str) -> None:
    with pytest.raises(CommandError, match=rf"--timeout: '{seconds}' is not a number of seconds"):
        call_command("presence_audit", f"--timeout={seconds}")


@pytest.fixture
def nowhere(settings: Any) -> Iterator[None]:
    """A site whose Redis is out of reach."""
    url = f"redis://127.0.0.1:{free_port()}/0"
    settings.PRESENCE = {**settings.PRESENCE, "REDIS_URL": url}
    yield
    close_own()


@pytest.mark.usefixtures("nowhere")
@pytest.mark.parametrize("without", ["Redis: ", "no channel layer"])
def test_what_could_not_be_compared_has_its_own_status(settings: Any, without: str) -> None:
    if without == "no channel layer":
        settings.CHANNEL_LAYERS = {}
    logger = logging.getLogger("channels_redis")
    level = logger.level
    with pytest.raises(CommandError, match=f"^Nothing could be compared: {without}") as raised:
        call_command("presence_audit")
    assert raised.value.returncode == 2
    assert logger.level == level
