import asyncio
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from presence.audit import Difference, Evidence, summary
from presence.conf import get_settings
from presence.errors import TryLater
from presence.inquiry import Inquirer
from presence.runtime import shared_layer, shared_store

UNKNOWN = 2
"""The exit status where nothing could be compared."""


class Command(BaseCommand):
    """Proves the counts: docs/commands.md."""

    help = (
        "Compares who is on the boards by the store with what the live processes serve, and prints "
        "what differs. Exit status: 0 nothing differs, 1 something does, 2 this is not known."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--repair", action="store_true", help="mend it, and look again")
        parser.add_argument(
            "--timeout",
            type=float,
            default=3.0,
            metavar="SECONDS",
            help="how long processes may take to answer (default 3)",
        )

    def handle(self, *args: Any, repair: bool, timeout: float, **options: Any) -> None:
        if not get_settings().REDIS_URL:
            self.stdout.write("PRESENCE['REDIS_URL'] is not set: one process, nothing to compare.")
            return
        try:
            found = asyncio.run(self._audit(timeout, repair=repair))
        except TryLater as error:
            raise CommandError(f"Nothing could be compared: {error}", returncode=UNKNOWN) from error
        if found:
            sys.exit(1)

    async def _audit(self, within: float, *, repair: bool) -> Sequence[Difference]:
        store, layer = shared_store(), shared_layer()
        if layer is None:
            raise TryLater("there is no channel layer")
        try:
            inquirer = Inquirer(store, layer, within=within)
            found, evidence = await inquirer.audit()
            self._tell(found, evidence)
            if found and repair:
                await inquirer.repair(found, evidence)
                self.stdout.write("Repaired. What remains:")
                found, evidence = await inquirer.audit()
                self._tell(found, evidence)
            return found
        finally:
            await store.close()

    def _tell(self, found: Sequence[Difference], evidence: Evidence) -> None:
        for difference in found:
            self.stdout.write(str(difference))
        self.stdout.write(summary(found, evidence))
