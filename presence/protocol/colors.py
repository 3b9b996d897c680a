"""The colours of people on a board, as far apart as a reader sees them (PROTOCOL.md, Identifiers).

How far apart two colours are is their CIEDE2000 difference: 1 can just be seen, 100 is black from
white.
"""

from collections.abc import Collection
from math import atan2, cos, degrees, exp, hypot, radians, sin, sqrt

from presence.protocol.identity import number_for
from presence.protocol.messages import Color

Lab = tuple[float, float, float]
"""A colour in CIELAB, for the white of sRGB (D65)."""

_RGB = bytes.fromhex(
    """
    0c00f0 488400 cc4800 e40084 004848 0078c0 543048 004800 00846c bc00fc 9c6c00 9c6060
    6c6c48 6060f0 3c7884 9c0048 d80030 00486c 9c609c 900090 483c00 84000c 783c00 545478
    """
)
PALETTE: tuple[Color, ...] = tuple(zip(_RGB[::3], _RGB[1::3], _RGB[2::3], strict=True))
"""White text has a contrast of at least 4.5:1 on each (WCAG 2, 1.4.3). Any two are 16 apart. Of
those whose CIELAB chroma and lightness are 20 or more, a search found none that were farther."""

FAR = 200
"""Tenths of a unit of distance from all others at which a person gets their own colour. The best
ten of the palette are 21 apart: so nearly as much is left for a board of ten, and there 4 of 10
people have their own."""


def color_for(person: str, taken: Collection[Color], had: Color | None = None) -> Color:
    """Return the colour of a person who comes to a board where others have those that are `taken`.

    It is the one that they `had` there before if it is free; else their own, if it is free and
    `FAR` from those of the others; else the free one that is farthest from these. If none is free,
    it is their own.
    """
    if had is not None and had in _PLACES and had not in taken:
        return had
    own = own_place(person)
    others = {place_of(color) for color in taken} - {-1}
    if not others:
        return PALETTE[own]
    # A colour that is taken is 0 from itself.
    room = [min(column) for column in zip(*map(APART.__getitem__, others), strict=True)]
    if room[own] >= FAR:
        return PALETTE[own]
    places = [(own + step) % len(PALETTE) for step in range(len(PALETTE))]
    return PALETTE[max(places, key=room.__getitem__)]


def own_place(person: str) -> int:
    """Return where in the palette a person's own colour is."""
    return number_for("colour", person) % len(PALETTE)


def place_of(color: Color | None) -> int:
    """Return where in the palette a colour is, -1 if it is not there."""
    return -1 if color is None else _PLACES.get(color, -1)


def lab(color: Color) -> Lab:
    """Return a colour of sRGB in CIELAB (IEC 61966-2-1; CIE 15)."""
    shares = [part / 255 for part in color]
    red, green, blue = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in shares
    ]
    x, y, z = [
        value ** (1 / 3) if value > 216 / 24_389 else (24_389 / 27 * value + 16) / 116
        for value in (
            (0.4124564 * red + 0.3575761 * green + 0.1804375 * blue) / 0.95047,
            0.2126729 * red + 0.7151522 * green + 0.0721750 * blue,
            (0.0193339 * red + 0.1191920 * green + 0.9503041 * blue) / 1.08883,
        )
    ]
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def difference(one: Lab, other: Lab) -> float:
    """Return how far apart two colours are (CIEDE2000: ISO/CIE 11664-6).

    The symbols are those of Sharma, Wu and Dalal, "The CIEDE2000 Color-Difference Formula" (2005).
    """
    (l1, a1, b1), (l2, a2, b2) = one, other
    g = 1.5 - _share((hypot(a1, b1) + hypot(a2, b2)) / 2) / 2
    a1, a2 = a1 * g, a2 * g
    c1, c2 = hypot(a1, b1), hypot(a2, b2)
    h1, h2 = degrees(atan2(b1, a1)) % 360, degrees(atan2(b2, a2)) % 360
    turn = h2 - h1 - 360 * (h2 - h1 > 180) + 360 * (h2 - h1 < -180) if c1 * c2 else 0.0
    dl, dc, dh = l2 - l1, c2 - c1, 2 * sqrt(c1 * c2) * sin(radians(turn / 2))
    # The hue of the mean lies half a turn on from the first, and of grey there is none.
    c, h = (c1 + c2) / 2, h1 + turn / 2 if c1 * c2 else h1 + h2
    t = (
        1
        - 0.17 * cos(radians(h - 30))
        + 0.24 * cos(radians(2 * h))
        + 0.32 * cos(radians(3 * h + 6))
        - 0.20 * cos(radians(4 * h - 63))
    )
    from_middle = ((l1 + l2) / 2 - 50) ** 2
    sl, sc, sh = 1 + 0.015 * from_middle / sqrt(20 + from_middle), 1 + 0.045 * c, 1 + 0.015 * c * t
    rt = -2 * _share(c) * sin(radians(60 * exp(-(((h % 360 - 275) / 25) ** 2))))
    return sqrt((dl / sl) ** 2 + (dc / sc) ** 2 + (dh / sh) ** 2 + rt * (dc / sc) * (dh / sh))


def _share(chroma: float) -> float:
    return sqrt(chroma**7 / (chroma**7 + 25**7))


_PLACES = {color: place for place, color in enumerate(PALETTE)}
_LABS = [*map(lab, PALETTE)]

APART = tuple(tuple(round(10 * difference(one, other)) for other in _LABS) for one in _LABS)
"""How far apart any two colours of the palette are, in tenths of a unit."""
