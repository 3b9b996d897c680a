"""The example site with a sync rule that never answers, for a server to run."""

import logging
from threading import Event

from presence.auth import Decision
from presence_site.asgi import application
from presence_site.models import Board, Person

__all__ = ["application"]


def never_decide(board: Board, user: Person) -> Decision:
    logging.getLogger(__name__).warning("asked")
    Event().wait()
    return Decision.ALLOW


Board.presence_decision = never_decide  # type: ignore[method-assign]
