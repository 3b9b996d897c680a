"""What a reader takes for one character: grapheme clusters (Unicode TR 29, section 3.1), as far as
Python's `unicodedata` tells where they end.

A text is never divided inside a cluster. Where the data lacks a property, such as Indic conjuncts
and pictographs, the rules here are coarser than those of Unicode: they divide a text at fewer
places, but at no other ones.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import accumulate

ELLIPSIS = "…"
"""Stands for what was cut off."""

_ZWJ = "\u200d"
_VIRAMA = 9
"""The combining class of the signs that join a consonant to the next one."""

# Characters that belong to the one before, but are no marks: non-joiners, vowels and final
# consonants of Hangul, the vowel AM of Thai and Lao, voice marks of narrow Katakana, skin tones,
# tags.
_EXTENDS = re.compile(
    "[\u200c\u200d\u0e33\u0eb3\u1160-\u11ff\ud7b0-\ud7fb\uff9e\uff9f\U0001f3fb-\U0001f3ff"
    "\U000e0020-\U000e007f]"
)
# Characters that belong to the one after.
_PREPENDED = re.compile(
    "[\u0600-\u0605\u06dd\u070f\u0890\u0891\u08e2\u0d4e\u1cf5\u1cf6\U000110bd\U000110cd\U000111c2\U000111c3"
    "\U000113d1\U0001193f\U00011941\U00011a3a\U00011a84-\U00011a89\U00011d46\U00011f02]"
)
_HANGUL_START = re.compile("[\u1100-\u115f\ua960-\ua97c]")
_HANGUL = re.compile("[\u1100-\u115f\ua960-\ua97c\uac00-\ud7a3]")
_FLAG_LETTER = re.compile("[\U0001f1e6-\U0001f1ff]")


def clusters(text: str) -> Iterator[str]:
    """Yield the parts of a text that must not be divided."""
    cluster = ""
    for character in text:
        if cluster and not _belongs(character, cluster):
            yield cluster
            cluster = ""
        cluster += character
    if cluster:
        yield cluster


def fit(text: str, size: int) -> str:
    """Return a text in at most `size` bytes of UTF-8, of which an ellipsis takes 3 if clusters had
    to be cut off."""
    if len(text.encode()) <= size:
        return text
    parts = [*clusters(text)]
    ends = accumulate(len(part.encode()) for part in parts)
    room = size - len(ELLIPSIS.encode())
    kept = [part for part, end in zip(parts, ends, strict=True) if end <= room]
    return "".join(kept).rstrip(f" \u200c{_ZWJ}") + ELLIPSIS


def _belongs(character: str, cluster: str) -> bool:
    """Return whether a character is part of the cluster before it."""
    last = cluster[-1]
    return bool(
        unicodedata.category(character)[0] == "M"
        or _EXTENDS.match(character)
        or last == _ZWJ
        or _PREPENDED.match(last)
        or (_HANGUL_START.match(last) and _HANGUL.match(character))
        or (_FLAG_LETTER.fullmatch(cluster) and _FLAG_LETTER.match(character))
        or (unicodedata.category(character) == "Lo" and _ends_with_virama(cluster))
    )


def _ends_with_virama(cluster: str) -> bool:
    """Return whether there is a virama among the marks at the end of a cluster."""
    for character in reversed(cluster):
        if unicodedata.combining(character) == _VIRAMA:
            return True
        if character != _ZWJ and unicodedata.category(character) != "Mn":
            return False
    return False
