"""Tokens as a site's own backend gives them."""

from tests.support.server import Server

CODE = """
import time
now = time.time() - {age}
time.time = lambda: now
from presence.tokens import issue
print(issue({board!r}, origin={origin!r}, person={person!r}, name={name!r}))
"""


def issue(
    server: Server, board: str, origin: str, person: str = "7", name: str = "", age: float = 0
) -> str:
    """Return a token that was given `age` seconds ago."""
    code = CODE.format(board=board, origin=origin, person=person, name=name, age=age)
    return server.manage("shell", "--no-imports", "-c", code).strip()
