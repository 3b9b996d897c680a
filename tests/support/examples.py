"""The examples of the documents, as they are written there."""

import re
from typing import NamedTuple

from tests.support.server import ROOT


def example(document: str, section: str, language: str, containing: str = "") -> str:
    """Return the first code of a language in a section of a document that contains a text."""
    found = [block.code for block in blocks(document, section) if block.language == language]
    codes = [code for code in found if containing in code]
    assert codes, f"no {language} in {document}, {section}"
    return codes[0]


class Block(NamedTuple):
    """Code of a document. `file` is the one that its first line names, if it names one; `reason`
    the one that a comment before it gives why no test runs it."""

    language: str
    code: str
    file: str
    reason: str


def blocks(document: str, section: str, level: int = 2) -> list[Block]:
    """Return all code in the section with a heading of a level; "": before the first section."""
    text = f"\n{(ROOT / document).read_text()}"
    after = text.split(f"\n{'#' * level} {section}\n" if section else "\n# ")[1]
    under = re.split(rf"^#{{2,{level}}} ", after, flags=re.MULTILINE)[0]
    found = re.findall(
        r"(?:^<!-- not run: ([^\n]+) -->\n)?^```(\w+)\n(.*?)^```$", under, re.MULTILINE | re.DOTALL
    )
    return [Block(language, code, _file(code), reason) for reason, language, code in found]


def _file(code: str) -> str:
    named = re.match(r"(?:# |\{# )([\w/]+\.(?:py|html))(?: #\})?\n", code)
    return named[1] if named else ""
