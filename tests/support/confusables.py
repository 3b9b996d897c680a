"""Writes presence/protocol/confusables.py from Unicode's confusables.txt, as the package
confusable-homoglyphs has it: `python -m tests.support.confusables`.
"""

import json
from importlib.resources import files
from pathlib import Path
from textwrap import wrap
from unicodedata import ucd_3_2_0 as unicode_3  # The same in every Python, and so is the table.

TARGET = Path(__file__).resolve().parents[2] / "presence/protocol/confusables.py"
HEAD = '''"""Which characters look like others: Unicode's confusables.txt, as far as names need it.

Made by tests/support/confusables.py. The data is (c) Unicode, Inc., under the Unicode License V3.
"""

TABLE = """\\
'''
TAIL = '''"""
"""Pairs of words: characters, and what each of them looks like. It leaves out what NFKD resolves,
and signs and marks, which a look does not have (`presence.protocol.identity.look_of`)."""
'''
LEFT_TO_RIGHT = "\u200e"
"""Around characters of right-to-left scripts in the comments of confusables.txt."""


def prototypes() -> dict[str, str]:
    """Return what each character looks like (Unicode TR 39, section 4).

    The package has each pair both ways. A character looks like one other, and many look like that
    one; of a pair that is alone, the first comes first.
    """
    text = (files("confusable_homoglyphs") / "confusables.json").read_text(encoding="utf-8")
    pairs = {key: [each["c"] for each in others] for key, others in json.loads(text).items()}
    places = {key: place for place, key in enumerate(pairs)}
    found = {}
    for key, (other, *more) in pairs.items():
        if not more and (len(pairs[other]) > 1 or places[key] < places[other]):
            found[key.strip(LEFT_TO_RIGHT)] = other.replace(LEFT_TO_RIGHT, "")
    return found


def table() -> str:
    """Return the source of the module."""
    groups: dict[str, str] = {}
    for character, like in prototypes().items():
        if is_needed(character) and any(unicode_3.category(each)[0] in "LN" for each in like):
            groups[like] = groups.get(like, "") + character
    words = (escaped(word) for like, alike in groups.items() for word in (alike, like))
    lines = wrap(" ".join(words), 99, break_long_words=False, break_on_hyphens=False)
    return HEAD + "\n".join(lines) + "\n" + TAIL


def is_needed(character: str) -> bool:
    stays = unicode_3.normalize("NFKD", character) == character
    return stays and unicode_3.category(character)[0] != "M"


def escaped(word: str) -> str:
    """Return a word as source code: what an editor may not show, or show elsewhere, by number."""
    return "".join(map(_escaped, word))


def _escaped(character: str) -> str:
    is_plain = unicode_3.category(character)[0] in "LNPS" and character not in '\\"'
    if is_plain and unicode_3.bidirectional(character) not in {"R", "AL"}:
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


if __name__ == "__main__":
    TARGET.write_text(table(), encoding="utf-8")
