import logging
import math
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from presence.conf import get_settings
from presence.protocol.errors import TryLater
from presence.runtime import background_store, call_from_sync, shared_layer
from presence.server.audit import summary
from presence.server.auditor import Auditor, longest

UNKNOWN = 2
"""Exit status if the comparison could not be made."""


class Command(BaseCommand):
    """Compares the store with the live processes: docs/commands.md."""

    help = (
        "Compares who is on the boards by the store with what the live processes serve and tell "
        "their clients, and prints what differs. It changes nothing. Exit status: 0 nothing "
        "differs, 1 something differs, 2 the comparison could not be made."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--timeout",
            type=_seconds,
            default=3.0,
            metavar="SECONDS",
            help="how long processes may take to answer (default 3)",
        )

    def handle(self, *args: Any, timeout: float, **options: Any) -> None:
        settings, layer = get_settings(), shared_layer()
        if not settings.REDIS_URL:
            self.stdout.write("PRESENCE['REDIS_URL'] is not set: one process, nothing to compare.")
            return
        try:
            if layer is None:
                raise TryLater("no channel layer")
            auditor = Auditor(background_store(settings), layer, timeout=timeout)
            with _muted("channels_redis"):
                found, evidence = call_from_sync(auditor.audit, longest(timeout))
        except TryLater as error:
            reason = " ".join(str(error).split())
            raise CommandError(
                f"Nothing could be compared: {reason}", returncode=UNKNOWN
            ) from error
        for difference in found:
            self.stdout.write(str(difference))
        self.stdout.write(summary(found, evidence))
        if found:
            sys.exit(1)


@contextmanager
def _muted(name: str) -> Iterator[None]:
    """Mute a logger: the command itself says in one line what is wrong with the layer."""
    logger = logging.getLogger(name)
    level = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(level)


def _seconds(text: str) -> float:
    with suppress(ValueError):
        if 0 < (seconds := float(text)) < math.inf:
            return seconds
    raise ArgumentTypeError(f"{text!r} is not a number of seconds above 0")
