"""The example site with a sync rule that takes 50 ms for everybody, for a server to run."""

import time

from presence.auth import Decision
from presence_site.asgi import application
from presence_site.models import Board, Person

__all__ = ["application"]

RULE_TAKES = 0.05

decide = Board.presence_decision


def decide_slowly(board: Board, user: Person) -> Decision:
    time.sleep(RULE_TAKES)
    return decide(board, user)


Board.presence_decision = decide_slowly  # type: ignore[method-assign]
