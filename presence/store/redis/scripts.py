"""The Lua scripts of the Redis store, and the keys they use.

Redis runs a script as one step, so its changes happen together or not at all. Each script is a file
in `lua/` whose head describes its KEYS, ARGV and answer.
"""

from dataclasses import dataclass
from hashlib import sha1
from pathlib import Path
from uuid import UUID

from presence.protocol.colors import APART, FAR, PALETTE
from presence.store.base import kind_of

LUA = Path(__file__).parent / "lua"

LAYOUT = "2"
"""Part of the keys of boards and leases. Its number rises when processes of two releases cannot use
each other's: each then sees its own people only, and says that the others are there."""

Argument = bytes | str | int


@dataclass(frozen=True, slots=True)
class Script:
    """The text of a script, and the SHA-1 by which Redis knows it."""

    text: str
    sha: str


def _script(*files: str, constants: str = "") -> Script:
    texts = [(LUA / f"{file}.lua").read_text("utf-8") for file in ("clock", *files)]
    text = "\n".join([constants, *texts])
    return Script(text, sha1(text.encode(), usedforsecurity=False).hexdigest())


def _palette() -> str:
    """Return the constants that lua/join.lua needs."""
    colors = ", ".join(f"'{bytes(color).hex()}'" for color in PALETTE)
    apart = "".join(f"{tenths:03}" for row in APART for tenths in row)
    return f"local PALETTE, APART, FAR = {{{colors}}}, '{apart}', {FAR}"


JOIN = _script("board", "bans", "join", constants=_palette())
LEAVE = _script("board", "leave")
REAP = _script("board", "reap")
START_GRACE = _script("board", "start_grace")
SUMMARY = _script("board", "summary")
SNAPSHOT = _script("board", "bans", "snapshot")
RESTORE = _script("board", "bans", "restore")
REMOVE = _script("board", "bans", "remove")
CLOSE_BOARD = _script("board", "bans", "close_board")
TAKE_IDS = _script("registry", "take_ids")
RELEASE_ID = _script("registry", "release_id")
BOARD_ID = _script("registry", "board_id")
BOARDS = _script("registry", "boards")
RENEW_LEASE = _script("renew_lease")
PROCESSES = _script("processes")
NOTE_PERSONS = _script("persons", "note_persons")
WHEREABOUTS = _script("persons", "whereabouts")
HISTORY_CLAIM = _script("history_claim")
HISTORY_RECORD = _script("history_record")
HISTORY_READ = _script("history_read")
HISTORY_NAME = _script("history_name")
STATS_PUBLISH = _script("stats_publish")
STATS_PUBLISHED = _script("stats_published")
CHECK = _script("check")


@dataclass(frozen=True, slots=True)
class Call:
    """A script with its KEYS and its own ARGV, which follow those of lua/clock.lua. If an
    `optional` one fails, the answer is the exception."""

    script: Script
    keys: tuple[str, ...]
    arguments: tuple[Argument, ...] = ()
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Keys:
    """The names of all keys. They begin with `prefix`.

    Redis Cluster chooses the slot of a key by the part in braces: all keys of one script share it.
    Raises `ValueError` for a prefix that contains braces.
    """

    prefix: str

    def __post_init__(self) -> None:
        if set("{}") & set(self.prefix):
            raise ValueError(f"the key prefix {self.prefix!r} must not contain braces")

    def board(self, board: UUID) -> tuple[str, ...]:
        """Return the KEYS of the scripts on one board, as lua/board.lua and lua/bans.lua say."""
        name = f"{self.prefix}:{{{board.hex}}}"
        parts = ("members", "index", "graces", "leases", "users", "rests", "state")
        return (*(f"{name}:{LAYOUT}:{part}" for part in parts), f"{name}:out")

    @property
    def registry(self) -> tuple[str, ...]:
        """The KEYS of the scripts on board ids, as lua/registry.lua says."""
        name = f"{self.prefix}:{{boards}}"
        return (f"{name}:ids", f"{name}:taken", f"{name}:ends")

    @property
    def processes(self) -> str:
        """The key of the leases, KEYS[1] of lua/renew_lease.lua and lua/processes.lua."""
        return f"{self.prefix}:{{processes}}:{LAYOUT}"

    @property
    def older_processes(self) -> str:
        """The key of the leases in releases with another `LAYOUT`."""
        return f"{self.prefix}:{{processes}}"

    def person(self, person: str) -> tuple[str, ...]:
        """Return the KEYS of a person, which is escaped, as lua/persons.lua says."""
        name = f"{self.prefix}:{{processes}}"
        return (f"{name}:person:{person}", f"{name}:seen:{kind_of(person)}")

    @property
    def recorder(self) -> str:
        """The key of lua/history_claim.lua."""
        return f"{self.prefix}:{{history}}:recorder"

    @property
    def stats(self) -> tuple[str, ...]:
        """The KEYS of lua/stats_publish.lua and lua/stats_published.lua."""
        return (f"{self.prefix}:{{figures}}:ends", f"{self.prefix}:{{figures}}:told")

    @property
    def check(self) -> tuple[str, ...]:
        """The KEYS of lua/check.lua."""
        name = f"{self.prefix}:{{check}}"
        return (f"{name}:hash", f"{name}:ends", f"{name}:text")

    def name(self, board: UUID) -> str:
        """Return the key of lua/history_name.lua."""
        return f"{self.prefix}:{{{board.hex}}}:name"

    def history(self, board: UUID | None, span: str, page: int) -> str:
        """Return the key of a page of minutes or hours: of a board, or (None) of all together."""
        return f"{self.prefix}:{{{board.hex if board else 'history'}}}:{span}:{page}"
