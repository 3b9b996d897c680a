import asyncio
import logging
import math
import sys
from argparse import ArgumentParser, ArgumentTypeError
from collections.abc import Callable, Coroutine, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from threading import Thread
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from presence.cluster.requests import CLOSE_WITHIN
from presence.conf import get_settings
from presence.protocol.errors import TryLater
from presence.runtime import shared_layer, shared_store
from presence.server.audit import Difference, Evidence, summary
from presence.server.auditor import Auditor, longest

UNKNOWN = 2
"""The exit status where it is not known whether something differs."""

Found = Future[Sequence[Difference]]
"""What will have been found, or the `CommandError` that says why nothing was."""


class Command(BaseCommand):
    """Proves the counts: docs/commands.md."""

    help = (
        "Compares who is on the boards by the store with what the live processes serve and tell "
        "their clients, and prints what differs. Exit status: 0 nothing differs, 1 something does, "
        "2 this is not known."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--repair", action="store_true", help="mend it, and look again")
        parser.add_argument(
            "--timeout",
            type=_seconds,
            default=3.0,
            metavar="SECONDS",
            help="how long processes may take to answer (default 3)",
        )

    def handle(self, *args: Any, repair: bool, timeout: float, **options: Any) -> None:
        if not get_settings().REDIS_URL:
            self.stdout.write("PRESENCE['REDIS_URL'] is not set: one process, nothing to compare.")
            return
        store, layer = shared_store(), shared_layer()
        if layer is None:
            raise CommandError("Nothing could be compared: no channel layer", returncode=UNKNOWN)

        patience = get_settings().LEASE / 2

        async def work(found: Found) -> None:
            auditor = Auditor(store, layer, within=timeout, patience=patience)
            await self._find(auditor, found, repair=repair)
            await store.close()

        # What is wrong with the layer is said here, once and in a line.
        with _quiet("channels_redis"):
            found = _run(work, longest(timeout, patience, repair=repair))
        if found:
            sys.exit(1)

    async def _find(self, auditor: Auditor, outcome: Found, *, repair: bool) -> None:
        try:
            with _or_unknown("Nothing could be compared"):
                found, evidence = await auditor.audit()
            self._tell(found, evidence)
            if found and repair:
                found = await self._repair(auditor, found, evidence)
            outcome.set_result(found)
        except Exception as error:  # noqa: BLE001 (the command raises it)
            outcome.set_exception(error)

    async def _repair(
        self, auditor: Auditor, found: Sequence[Difference], evidence: Evidence
    ) -> list[Difference]:
        with _or_unknown("The repair was not finished"):
            await auditor.repair(found, evidence)
        with _or_unknown("Repaired. What remains could not be compared"):
            remains, evidence = await auditor.remains(found)
        self.stdout.write("Repaired. What remains:")
        self._tell(remains, evidence)
        return remains

    def _tell(self, found: Sequence[Difference], evidence: Evidence) -> None:
        for difference in found:
            self.stdout.write(str(difference))
        self.stdout.write(summary(found, evidence))


def _run(work: Callable[[Found], Coroutine[Any, Any, None]], within: float) -> Sequence[Difference]:
    """Return what `work` found, on an event loop in a thread of its own.

    A connection to a server that answers nothing may take long to close, with TLS half a minute.
    Nobody needs to wait for that, nor to hear of it: the thread is left behind.
    """
    found: Found = Future()

    def run() -> None:
        with suppress(Exception):
            asyncio.run(work(found))

    thread = Thread(target=run, daemon=True)
    thread.start()
    try:
        return found.result(within)
    except TimeoutError as error:
        raise CommandError(f"Not over within {within:g} s", returncode=UNKNOWN) from error
    finally:
        thread.join(CLOSE_WITHIN)


@contextmanager
def _or_unknown(what: str) -> Iterator[None]:
    try:
        yield
    except TryLater as error:
        line = " ".join(str(error).split())
        raise CommandError(f"{what}: {line}", returncode=UNKNOWN) from error


@contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Have the loggers below a name say nothing for a while."""
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
    raise ArgumentTypeError(f"{text!r} is no number of seconds above 0")
