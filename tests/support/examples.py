"""The examples of the documents, as they are written there."""

import re

from tests.support.server import ROOT


def example(document: str, section: str, language: str, containing: str = "") -> str:
    """Return the first code of a language in a section of a document that contains a text."""
    text = (ROOT / document).read_text()
    under = re.split(r"^## ", text.split(f"\n## {section}\n")[1], flags=re.MULTILINE)[0]
    found = re.findall(rf"^```{language}\n(.*?)^```$", under, re.MULTILINE | re.DOTALL)
    codes = [code for code in found if containing in code]
    assert codes, f"no {language} in {document}, {section}"
    return str(codes[0])
