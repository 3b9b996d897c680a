"""What people are called and which colour they have (PROTOCOL.md, Identifiers).

All of it is a pure function of what is passed in, so every process gives the same answer.

The words of anonymous names: kind ones only, and any two of them fit into a name.
"""

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from hashlib import blake2b
from itertools import dropwhile

from presence.protocol.messages import MAX_NAME_BYTES, Color


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who is behind a socket. ``person`` is the same for all sockets of one person; ``name`` is the
    account's display name, or None for a guest, whose JOIN brings a name."""

    person: str
    name: str | None = None


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


ADJECTIVES = _words(
    """
    Able Agile Amber Bold Brave Breezy Bright Brisk Calm Caring Cheerful Clever Cosy Curious
    Daring Dashing Eager Earnest Fair Fearless Festive Friendly Gentle Gifted Glad Golden
    Graceful Happy Helpful Honest Hopeful Jolly Joyful Keen Kind Lively Loyal Lucky Mellow Merry
    Mighty Modest Neat Nimble Noble Patient Peaceful Playful Polite Proud Quick Quiet Radiant
    Ready Serene Shiny Silver Skilful Smart Smiling Snug Sparkling Steady Sunny Swift Tender
    Thoughtful Tidy Trusty Upbeat Vivid Warm Wise Witty Zesty
    """
)

ANIMALS = _words(
    """
    Albatross Alpaca Antelope Armadillo Badger Beaver Bison Bluebird Butterfly Camel Canary
    Capybara Caribou Chamois Cheetah Chinchilla Chipmunk Cockatoo Coyote Crane Cricket Deer
    Dolphin Dove Dragonfly Eagle Egret Elephant Falcon Ferret Finch Firefly Flamingo Fox Gazelle
    Gecko Giraffe Goldfinch Hamster Hare Hedgehog Heron Hummingbird Ibex Ibis Iguana Jaguar
    Kestrel Kingfisher Kiwi Koala Ladybird Lark Lemur Leopard Lion Llama Lynx Manatee Marmot
    Marten Meerkat Moose Narwhal Newt Nightingale Ocelot Octopus Orca Oriole Otter Owl Panda
    Parrot Pelican Penguin Pony Puffin Quail Quokka Rabbit Raccoon Raven Reindeer Robin Salmon
    Seahorse Seal Sparrow Squirrel Starling Stork Swan Tapir Tiger Tortoise Toucan Turtle Walrus
    Whale Wombat Wren Yak Zebra
    """
)


PALETTE: tuple[Color, ...] = (
    (0, 96, 100),
    (84, 12, 192),
    (132, 0, 96),
    (120, 120, 60),
    (0, 108, 252),
    (192, 0, 240),
    (144, 0, 0),
    (72, 120, 156),
    (120, 48, 252),
    (132, 84, 108),
    (0, 120, 0),
    (0, 0, 252),
    (144, 0, 180),
    (192, 84, 0),
    (0, 60, 108),
    (132, 96, 192),
    (194, 24, 91),
    (0, 72, 0),
    (0, 0, 168),
    (216, 0, 168),
    (108, 72, 0),
    (0, 84, 180),
    (72, 12, 120),
    (84, 36, 48),
)
"""White text has a contrast of at least 4.5:1 on each (WCAG 2, 1.4.3), any two are at least 0.12
apart in OKLab, and neighbours differ in hue, since who finds a colour taken gets the next one."""

# Letters and symbols by their category that nonetheless draw nothing: Hangul fillers, the empty
# Braille pattern, the null notehead, Egyptian blanks.
_BLANKS = frozenset("\u115f\u1160\u2800\u3164\uffa0\U0001d159\U00013441\U00013442")
_JOINERS = frozenset("\u200c\u200d")
_LAST_TWO = "".join(
    chr(plane + 0xFFFE) + chr(plane + 0xFFFF) for plane in range(0, 0x110000, 0x10000)
)
# Format characters that this Python's Unicode may not know yet, tags, and noncharacters.
_NOTHING = re.compile(
    f"[\u2065\ufdd0-\ufdef\ufff0-\ufff8\U000e0000-\U000e00ff\U000e01f0-\U000e0fff]|[{_LAST_TWO}]"
)
_LOOSE_JOINERS = re.compile(
    "(?<!\\S)[\u200c\u200d]+|[\u200c\u200d]+(?!\\S)|(?<=[\u200c\u200d])[\u200c\u200d]+"
)
_FLAG_LETTER = "[\U0001f1e6-\U0001f1ff]"
_HALF_FLAG = re.compile(f"(?<!{_FLAG_LETTER})({_FLAG_LETTER}{{2}})*{_FLAG_LETTER}$")


def clean_name(text: str) -> str:
    """Return the name as others may see it: NFC, 0..32 bytes of UTF-8, "" if none of it is seen.

    Control characters, bidirectional controls, lone surrogates, noncharacters and invisible format
    characters are dropped; joiners stay between two visible characters, where emoji and Persian
    need them; white space and what looks like it becomes single spaces; the first character is one
    that is seen.
    """
    kept = "".join(map(_kept, text))
    joined = _LOOSE_JOINERS.sub("", kept)
    spaced = unicodedata.normalize("NFC", " ".join(joined.split()))
    return _cut("".join(dropwhile(_invisible, spaced)))


def anonymous_name(key: str) -> str:
    """Return an adjective and an animal, "Happy Dolphin", always the same for the same key."""
    row, column = divmod(_number("name", key), len(ANIMALS))
    return f"{ADJECTIVES[row % len(ADJECTIVES)]} {ANIMALS[column]}"


def color_for(key: str, taken: Collection[Color]) -> Color:
    """Return a person's colour: their own if it is not taken or none is free, else a free one."""
    candidates = colors_for(key)
    return next((color for color in candidates if color not in taken), candidates[0])


def colors_for(key: str) -> tuple[Color, ...]:
    """Return the palette in the order in which a person gets its colours, their own first."""
    own = _number("colour", key) % len(PALETTE)
    return PALETTE[own:] + PALETTE[:own]


def _kept(character: str) -> str:
    """Return what becomes of one character: itself, a space, or nothing."""
    if character.isspace() or character in _BLANKS:
        return " "
    if character in _JOINERS:
        return character
    hidden = unicodedata.category(character) in {"Cc", "Cf", "Cs"} or _NOTHING.match(character)
    return "" if hidden else character


def _invisible(character: str) -> bool:
    """Tell whether a character shows nothing by itself: a mark, a space or a joiner."""
    return unicodedata.category(character)[0] in "MZ" or character in _JOINERS


def _cut(name: str) -> str:
    """Return as much of the name as has room, without half of a pair of flag letters at its end."""
    cut = name.encode()[:MAX_NAME_BYTES].decode(errors="ignore")
    if _HALF_FLAG.search(cut) and re.match(_FLAG_LETTER, name[len(cut) :]):
        cut = cut[:-1]
    return cut.rstrip(" \u200c\u200d")


def _number(purpose: str, key: str) -> int:
    digest = blake2b(key.encode(errors="surrogatepass"), digest_size=8, person=purpose.encode())
    return int.from_bytes(digest.digest(), "big")
