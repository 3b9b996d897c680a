"""presence/PROTOCOL.md says what the code does."""

import json
import re
from pathlib import Path

import pytest

import presence
from presence.protocol.codec import decode_client, decode_server
from presence.protocol.errors import Close, Malformed, MalformedFrame, Notice
from presence.protocol.messages import (
    MAX_MESSAGE_BYTES,
    SUBPROTOCOL,
    Dialect,
    MessageType,
    UserState,
)
from tests.protocol.test_errors import leaves

DOCUMENT = (Path(presence.__file__).parent / "PROTOCOL.md").read_text()
VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "frames.json").read_text())


def table(heading):
    """The first table under a heading: rows of cells, without the two lines of its head."""
    section = re.split(r"^#+ ", DOCUMENT.split(f"# {heading}\n")[1], flags=re.MULTILINE)[0]
    lines = [line for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


MESSAGES = {row[1]: row for row in table("Messages")}
CODES = table("Notices and closes")


def test_every_message_type_has_its_row():
    assert {name: int(row[0], 16) for name, row in MESSAGES.items()} == {
        kind.name: kind for kind in MessageType
    }


@pytest.mark.parametrize("kind", MessageType, ids=lambda kind: kind.name)
@pytest.mark.parametrize(
    ("sender", "decode"), [("client", decode_client), ("server", decode_server)]
)
@pytest.mark.parametrize(("dialect", "column"), [(Dialect.COMPACT, 3), (Dialect.EXPLICIT, 4)])
def test_a_row_tells_who_says_it_in_which_dialect(kind, sender, decode, dialect, column):
    row = MESSAGES[kind.name]
    documented = sender in row[2].split(", ") and not row[column].startswith("–")
    assert is_known(decode, kind, dialect) == documented


def is_known(decode, kind, dialect):
    try:
        decode(bytes((kind, 0xFF)), dialect)
    except MalformedFrame as error:
        return error.reason != Malformed.UNKNOWN_TYPE
    return True


def test_every_frame_drawn_begins_with_its_type():
    for row in MESSAGES.values():
        drawn = re.findall(r"`([0-9A-F]{2})\b", f"{row[3]} {row[4]}")
        assert {int(first, 16) for first in drawn} == {int(row[0], 16)}


def numbered(column, kind):
    cells = [row[column].split() for row in CODES if row[column] != "–"]
    return {name: kind(int(number)) for number, name in cells}


def test_every_notice_has_its_row():
    assert numbered(0, Notice) == {notice.name: notice for notice in Notice}


def test_every_close_has_its_row():
    assert numbered(1, Close) == {close.name: close for close in Close}


def test_the_errors_send_what_the_rows_say():
    closing = [leaf for leaf in leaves() if leaf.close is not None]
    rows = {row[1].split()[1]: row for row in CODES}
    for leaf in closing:
        notice, _, _, client = rows[leaf.close.name]
        assert notice == ("–" if leaf.notice is None else f"{leaf.notice} {leaf.notice.name}")
        assert client.startswith("returns") == leaf.returns


def test_every_state_has_its_row():
    assert [int(row[0]) for row in table("STATE")] == list(UserState)


def test_every_example_is_a_vector():
    vectors = {(case["hex"], case["dialect"], case["direction"]) for case in VECTORS["valid"]}
    examples = {(row[0].strip("`").replace(" ", ""), row[1], row[2]) for row in table("Examples")}
    assert len(examples) >= 10
    assert examples <= vectors


def test_the_names_and_limits_it_gives():
    assert f"`{SUBPROTOCOL}`" in DOCUMENT
    assert f"a message over {MAX_MESSAGE_BYTES} bytes" in DOCUMENT
