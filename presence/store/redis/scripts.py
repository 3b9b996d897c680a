"""The Lua scripts of `RedisStore`, and the keys they touch.

A script is one step for Redis, so what it says happens all at once or not at all. Each is a file of
`lua/`, which begins with what its KEYS, ARGV and answer are.
"""

from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from uuid import UUID

LUA = Path(__file__).parent / "lua"

Argument = bytes | str | int


@dataclass(frozen=True, slots=True)
class Script:
    """A script's text, and the name by which Redis knows it."""

    text: str
    sha: str


def _script(*names: str) -> Script:
    text = "\n".join((LUA / f"{name}.lua").read_text("utf-8") for name in ("clock", *names))
    return Script(text, sha1(text.encode(), usedforsecurity=False).hexdigest())


JOIN = _script("board", "out", "join")
LEAVE = _script("board", "leave")
REAP = _script("board", "reap")
LINGER = _script("board", "linger")
STAND = _script("board", "stand")
SNAPSHOT = _script("board", "out", "snapshot")
RESTORE = _script("board", "out", "restore")
REMOVE = _script("board", "out", "remove")
SHUT = _script("board", "out", "shut")
TAKE = _script("registry", "take")
LET_GO = _script("registry", "let_go")
LABEL = _script("registry", "label")
LISTED = _script("registry", "listed")
LEASE = _script("lease")
LIVING = _script("living")
HISTORY_CLAIM = _script("history_claim")
HISTORY_NOTE = _script("history_note")
HISTORY_READ = _script("history_read")
FIGURES_PUBLISH = _script("figures_publish")
FIGURES_PUBLISHED = _script("figures_published")


@dataclass(frozen=True, slots=True)
class Call:
    """A script with its KEYS and ARGV. Where it is `optional`, the exception that it raised is an
    answer like another."""

    script: Script
    keys: tuple[str, ...]
    arguments: tuple[Argument, ...]
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Keys:
    """The names of the keys, all of which begin with `prefix`.

    What is between braces decides the slot of a Redis Cluster: the keys of one script share it. So
    a prefix must have none of its own: `ValueError`.
    """

    prefix: str

    def __post_init__(self) -> None:
        if set("{}") & set(self.prefix):
            raise ValueError(f"the prefix of the keys is {self.prefix!r}: it takes no braces")

    def board(self, board: UUID) -> tuple[str, ...]:
        """Return the KEYS of the scripts on one board, as lua/board.lua and lua/out.lua number
        them."""
        parts = ("members", "broken", "leases", "resting", "state", "out")
        return tuple(f"{self.prefix}:{{{board.hex}}}:{part}" for part in parts)

    @property
    def registry(self) -> tuple[str, ...]:
        """The KEYS of the scripts on the registry of boards, as lua/registry.lua numbers them."""
        return tuple(f"{self.prefix}:{{boards}}:{part}" for part in ("ids", "taken", "ends"))

    @property
    def processes(self) -> tuple[str, ...]:
        """The KEYS of lua/lease.lua and lua/living.lua."""
        return (f"{self.prefix}:{{processes}}",)

    @property
    def recorder(self) -> str:
        """The key of lua/history_claim.lua."""
        return f"{self.prefix}:{{history}}:recorder"

    @property
    def figures(self) -> tuple[str, ...]:
        """The KEYS of lua/figures_publish.lua and lua/figures_published.lua."""
        return tuple(f"{self.prefix}:{{figures}}:{part}" for part in ("ends", "told"))

    def history(self, board: UUID | None, span: str, page: int) -> str:
        """Return the key of one page of a board's minutes or hours, or (None) those of all boards
        together."""
        return f"{self.prefix}:{{{board.hex if board else 'history'}}}:{span}:{page}"
