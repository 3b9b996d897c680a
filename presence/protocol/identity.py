"""A person's name, the same in every process (PROTOCOL.md, Identifiers)."""

import re
import unicodedata
from collections.abc import Collection, Container, Iterable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache
from hashlib import blake2b
from itertools import chain, count, dropwhile, islice
from typing import Any

from presence.protocol.confusables import TABLE
from presence.protocol.graphemes import fit
from presence.protocol.messages import MAX_NAME_BYTES


class Privacy(StrEnum):
    """What a board tells about its people (docs/privacy.md)."""

    FULL = "full"
    NO_GUEST_NAMES = "no-guest-names"
    """Guests are called "Guest 7"."""
    COUNTS_ONLY = "counts-only"
    """Nobody has a name or a cursor."""
    OFF = "off"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is behind a socket. ``person`` is the same for all sockets of one person; ``name`` is the
    account's display name, or None for a guest, whose JOIN brings a name. ``reserved`` holds the
    looks (`look_of`) that no guest's name may have. ``right`` is for whoever let them in: what it
    depends on that they may stay. ``avatar`` is the URL of their picture, "" without one."""

    person: str
    name: str | None = None
    privacy: Privacy = Privacy.FULL
    reserved: Container[str] = frozenset()
    right: Any = field(default=None, compare=False, repr=False)
    avatar: str = ""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ADJECTIVES = _words(
    """
    Able Agile Amber Bold Brave Breezy Bright Brisk Calm Caring Cheerful Clever Cosy Curious Daring
    Dashing Eager Earnest Fair Fearless Festive Friendly Gentle Gifted Glad Golden Graceful Happy
    Helpful Honest Hopeful Jolly Joyful Keen Kind Lively Loyal Lucky Mellow Merry Mighty Modest Neat
    Nimble Noble Patient Peaceful Playful Polite Proud Quick Quiet Radiant Ready Serene Shiny Silver
    Skilful Smart Smiling Snug Sparkling Steady Sunny Swift Tender Thoughtful Tidy Trusty Upbeat
    Vivid Warm Wise Witty Zesty
    """
)
ANIMALS = _words(
    """
    Albatross Alpaca Antelope Armadillo Badger Beaver Bison Bluebird Butterfly Camel Canary Capybara
    Caribou Chamois Cheetah Chinchilla Chipmunk Cockatoo Coyote Crane Cricket Deer Dolphin Dove
    Dragonfly Eagle Egret Elephant Falcon Ferret Finch Firefly Flamingo Fox Gazelle Gecko Giraffe
    Goldfinch Hamster Hare Hedgehog Heron Hummingbird Ibex Ibis Iguana Jaguar Kestrel Kingfisher
    Kiwi Koala Ladybird Lark Lemur Leopard Lion Llama Lynx Manatee Marmot Marten Meerkat Moose
    Narwhal Newt Nightingale Ocelot Octopus Orca Oriole Otter Owl Panda Parrot Pelican Penguin Pony
    Puffin Quail Quokka Rabbit Raccoon Raven Reindeer Robin Salmon Seahorse Seal Sparrow Squirrel
    Starling Stork Swan Tapir Tiger Tortoise Toucan Turtle Walrus Whale Wombat Wren Yak Zebra
    """
)
"""The words of anonymous names. All are kind, and any two fit into a name."""

# Letters and symbols by category, but drawn as nothing: Hangul fillers, the empty Braille pattern,
# the null notehead, Egyptian blanks.
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0\U0001d159\U00013441\U00013442")
_JOINERS = frozenset("\u200c\u200d")
_LAST_TWO = "".join(
    chr(plane + 0xFFFE) + chr(plane + 0xFFFF) for plane in range(0, 0x110000, 0x10000)
)
# Noncharacters, tags, and format characters that this Python's Unicode version may not know.
_NOTHING = re.compile(
    f"[\u2065\ufdd0-\ufdef\ufff0-\ufff8\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]|[{_LAST_TWO}]"
)
_LOOSE_JOINERS = re.compile(
    "(?<!\\S)[\u200c\u200d]+|[\u200c\u200d]+(?!\\S)|(?<=[\u200c\u200d])[\u200c\u200d]+"
)

_MAX_TRIES = 32
"""Names to choose from. On a board of 255 people nearly always one of the first 8 is free."""

# What could be taken for the sign of accounts. Their own names may have it.
_TICKS = re.compile(
    "[\u237b\u2611\u2705\u2713\u2714\U00010102\U0001f5f8\U0001f5f9\U0001fbb1][\ufe0e\ufe0f]?"
)

_MAX_MARKS = 4
"""Marks that one character may have (Unicode TR 39, section 5.4). A pile of them covers others."""

# Marks that are easily overlooked: of any script, of Hebrew and Arabic vowels, and selectors.
_SMALL_MARKS = re.compile(
    "[\u0300-\u036f\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u180b-\u180f"
    "\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe00-\ufe0f\ufe20-\ufe2f\U000e0100-\U000e01ef]"
)
_ALIKE = str.maketrans(
    {
        character: prototype
        for alike, prototype in zip(TABLE.split()[::2], TABLE.split()[1::2], strict=True)
        for character in alike
    }
)


def clean_name(text: str) -> str:
    """Return a name as others may see it: NFC, 0..96 bytes of UTF-8, "" if nothing is visible.

    It drops control characters, bidirectional controls, lone surrogates, noncharacters, invisible
    format characters, and whatever precedes the first visible character. Joiners stay between two
    visible characters, where emoji and Persian need them. White space and characters that look
    like it become single spaces. A character keeps the first marks of a pile. A longer name is cut
    (`fit`).
    """
    kept = "".join(map(_kept, text))
    joined = _LOOSE_JOINERS.sub("", kept)
    spaced = unicodedata.normalize("NFC", " ".join(joined.split()))
    visible = "".join(_without_piles(dropwhile(_is_invisible, spaced)))
    return fit(visible, MAX_NAME_BYTES)


@lru_cache(maxsize=8192)
def look_of(name: str) -> str:
    """Return what a name looks like: two names with the same look may be taken for each other.

    It is the skeleton of Unicode TR 39 (section 4), regardless of case, and coarser: an "i" is an
    "l" whatever its case, and signs, spaces and small marks do not count, unless there is nothing
    else.
    """
    folded = _skeleton(_skeleton(name).casefold()).casefold().replace("i", "l")
    large = [each for each in folded if not _SMALL_MARKS.match(each)]
    kinds = [unicodedata.category(each) for each in large]
    letters = [each for each, kind in zip(large, kinds, strict=True) if kind[0] in "LNM"]
    shown = [each for each, kind in zip(large, kinds, strict=True) if kind != "Cf"]
    return "".join(letters or shown)


def guest_names(person: str, board: str) -> Iterator[str]:
    """Return names such as "Guest 7" for a guest on a board, without end, the best first."""

    def name(turn: int) -> str:
        most = 99 if turn < 8 else 9_999
        return f"Guest {number_for('guest', f'{person} {board} {turn}') % most + 1}"

    return map(name, count())


def anonymous_names(person: str) -> Iterator[str]:
    """Return anonymous names for a person, without end, the best first."""
    others = map(anonymous_name, (f"{person} {turn}" for turn in count(1)))
    return chain((anonymous_name(person),), others)


@dataclass(frozen=True, slots=True)
class Naming:
    """How a guest gets a name: ``wish`` if nobody's looks like it, else one of the ``others``, the
    first that are free. ``reserved`` holds looks that no guest's name may have. Unless it is
    ``exact``, the name need not differ from those that would first have to be asked for."""

    wish: str
    others: Iterable[str]
    reserved: Container[str] = frozenset()
    exact: bool = True

    def choose(self, own: Collection[str], taken: Collection[str]) -> str:
        """Return a name whose look is not among those ``taken``. ``own`` are the names that the
        guest has in other tabs, or had a moment ago: those of the others go first."""

        def is_free(name: str) -> bool:
            look = look_of(name)
            return look not in taken and look not in self.reserved

        if self.wish and is_free(self.wish):
            return self.wish
        names: Iterable[str] = islice(self.others, _MAX_TRIES)
        if own:
            names = _these_first(own, names)
        # Most often the first is free: the others are not even made.
        best = ""
        for name in names:
            if is_free(name):
                return name
            best = best or name
        return best


def naming_of(visitor: Visitor, asked: str, board: str) -> str | Naming:
    """Return the name of a visitor whose JOIN asks for one, or how they get it on a board. It is ""
    where nobody has a name."""
    if visitor.privacy is Privacy.COUNTS_ONLY:
        return ""
    if visitor.name is not None:
        return visitor.name
    if visitor.privacy is Privacy.NO_GUEST_NAMES:
        return Naming("", guest_names(visitor.person, board), visitor.reserved)
    wish = clean_name(_TICKS.sub("", asked))
    # Nobody chooses an anonymous name, so that it could be taken for another's on purpose.
    return Naming(wish, anonymous_names(visitor.person), visitor.reserved, exact=bool(wish))


def anonymous_name(key: str) -> str:
    """Return an adjective and an animal, "Happy Dolphin", always the same for the same key."""
    row, column = divmod(number_for("name", key), len(ANIMALS))
    return f"{ADJECTIVES[row % len(ADJECTIVES)]} {ANIMALS[column]}"


def number_for(purpose: str, key: str) -> int:
    """Return a number, 64 bits, that is always the same for a key and what it is for."""
    digest = blake2b(key.encode(errors="surrogatepass"), digest_size=8, person=purpose.encode())
    return int.from_bytes(digest.digest(), "big")


def _these_first(these: Collection[str], names: Iterable[str]) -> Iterator[str]:
    """Return names in their order, but some of them first."""
    others = []
    for name in names:
        if name in these:
            yield name
        else:
            others.append(name)
    yield from others


def _kept(character: str) -> str:
    """Return what one character becomes: itself, a space, or nothing."""
    if character.isspace() or character in _BLANKS:
        return " "
    if character in _JOINERS:
        return character
    hidden = unicodedata.category(character) in {"Cc", "Cf", "Cs"} or _NOTHING.match(character)
    return "" if hidden else character


def _without_piles(characters: Iterable[str]) -> Iterator[str]:
    marks = 0
    for character in characters:
        marks = marks + 1 if unicodedata.category(character) in {"Mn", "Me"} else 0
        if marks <= _MAX_MARKS:
            yield character


def _skeleton(text: str) -> str:
    return unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).translate(_ALIKE))


def _is_invisible(character: str) -> bool:
    """Return whether a character shows nothing by itself: a mark, a space or a joiner."""
    return unicodedata.category(character)[0] in "MZ" or character in _JOINERS
