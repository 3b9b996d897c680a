"""The colours of people, and how far apart they are."""

from itertools import combinations
from random import Random
from statistics import mean

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.protocol.colors import (
    APART,
    FAR,
    PALETTE,
    color_for,
    difference,
    lab,
)

PAIRS = """
    50 2.6772 -79.7751 50 0 -82.7485 2.0425
    50 3.1571 -77.2803 50 0 -82.7485 2.8615
    50 2.8361 -74.0200 50 0 -82.7485 3.4412
    50 -1.3802 -84.2814 50 0 -82.7485 1.0000
    50 -1.1848 -84.8006 50 0 -82.7485 1.0000
    50 -0.9009 -85.5211 50 0 -82.7485 1.0000
    50 0 0 50 -1 2 2.3669
    50 -1 2 50 0 0 2.3669
    50 2.4900 -0.0010 50 -2.4900 0.0009 7.1792
    50 2.4900 -0.0010 50 -2.4900 0.0010 7.1792
    50 2.4900 -0.0010 50 -2.4900 0.0011 7.2195
    50 2.4900 -0.0010 50 -2.4900 0.0012 7.2195
    50 -0.0010 2.4900 50 0.0009 -2.4900 4.8045
    50 -0.0010 2.4900 50 0.0010 -2.4900 4.8045
    50 -0.0010 2.4900 50 0.0011 -2.4900 4.7461
    50 2.5 0 50 0 -2.5 4.3065
    50 2.5 0 73 25 -18 27.1492
    50 2.5 0 61 -5 29 22.8977
    50 2.5 0 56 -27 -3 31.9030
    50 2.5 0 58 24 15 19.4535
    50 2.5 0 50 3.1736 0.5854 1.0000
    50 2.5 0 50 3.2972 0 1.0000
    50 2.5 0 50 1.8634 0.5757 1.0000
    50 2.5 0 50 3.2592 0.3350 1.0000
    60.2574 -34.0099 36.2677 60.4626 -34.1751 39.4387 1.2644
    63.0109 -31.0961 -5.8663 62.8187 -29.7946 -4.0864 1.2630
    61.2901 3.7196 -5.3901 61.4292 2.2480 -4.9620 1.8731
    35.0831 -44.1164 3.7933 35.0232 -40.0716 1.5901 1.8645
    22.7233 20.0904 -46.6940 23.0331 14.9730 -42.5619 2.0373
    36.4612 47.8580 18.3852 36.2715 50.5065 21.2231 1.4146
    90.8027 -2.0831 1.4410 91.1528 -1.6435 0.0447 1.4441
    90.9257 -0.5406 -0.9208 88.6381 -0.8985 -0.7239 1.5381
    6.7747 -0.2908 -2.4247 5.8714 -0.0985 -2.2286 0.6377
    2.0776 0.0795 -1.1350 0.9033 -0.0636 -0.5514 0.9082
"""
"""L, a and b of two colours, and how far apart they are: the test data of Sharma, Wu and Dalal,
"The CIEDE2000 Color-Difference Formula" (2005)."""


@pytest.mark.parametrize("pair", PAIRS.strip().splitlines(), ids=str.strip)
def test_the_difference_is_that_of_the_paper(pair):
    l1, a1, b1, l2, a2, b2, apart = map(float, pair.split())
    for one, other in [((l1, a1, b1), (l2, a2, b2)), ((l2, a2, b2), (l1, a1, b1))]:
        assert round(difference(one, other), 4) == apart


@pytest.mark.parametrize(
    ("color", "expected"),
    [
        ((0, 0, 0), (0, 0, 0)),
        ((255, 255, 255), (100, 0, 0)),
        ((255, 0, 0), (53.24, 80.09, 67.20)),
        ((0, 0, 255), (32.30, 79.19, -107.86)),
        ((10, 10, 10), (2.74, 0, 0)),
    ],
)
def test_colours_in_cielab(color, expected):
    assert lab(color) == pytest.approx(expected, abs=0.01)


@pytest.mark.parametrize("color", PALETTE, ids=str)
def test_white_text_is_readable_on_every_colour(color):
    red, green, blue = color
    for told in (color, (red | 1, green, blue)):  # of a guest, and of an account
        assert 1.05 / (luminance(told) + 0.05) >= 4.5


def luminance(color):
    """WCAG 2, relative luminance."""
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in (part / 255 for part in color)
    ]
    return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


def test_no_color_of_the_palette_says_signed_in():
    assert not any(red & 1 for red, _, _ in PALETTE)


def test_any_two_colours_of_the_palette_are_16_apart():
    assert len(PALETTE) == len(set(PALETTE)) == 24
    assert nearest(PALETTE) >= 160


def nearest(colors):
    """Return how far apart the nearest two are, in tenths of a unit."""
    places = map(PALETTE.index, colors)
    return min(APART[one][other] for one, other in combinations(places, 2))


def test_a_person_has_a_colour_of_their_own():
    assert color_for("account:7", ()) == color_for("account:7", PALETTE) == PALETTE[7]
    assert {color_for(str(n), ()) for n in range(500)} == set(PALETTE)


colors = st.sampled_from(PALETTE)


@given(st.text(st.characters()), st.sets(colors), st.none() | colors | st.just((1, 2, 3)))
def test_which_colour_a_person_gets(person, taken, had):
    own, color = color_for(person, ()), color_for(person, taken, had)
    free = set(PALETTE) - taken

    def room(one):
        return min(APART[PALETTE.index(one)][PALETTE.index(other)] for other in taken)

    if had in free:
        assert color == had
    elif not taken or not free or (own in free and room(own) >= FAR):
        assert color == own
    else:
        assert room(color) == max(map(room, free))


def test_a_colour_that_is_not_of_the_palette_is_in_nobodys_way():
    assert color_for("ada", [(1, 2, 3)]) == color_for("ada", ())


def best(size):
    """Return how far apart the nearest two of so many colours of the palette can be."""
    places = range(len(PALETTE))

    def found(apart, start, size):
        """Return whether there are so many colours, any two of them so far apart."""
        if size == 0:
            return True
        fits = [
            [p for p in start[n + 1 :] if APART[one][p] >= apart] for n, one in enumerate(start)
        ]
        return any(len(rest) >= size - 1 and found(apart, rest, size - 1) for rest in fits)

    distances = sorted({APART[a][b] for a, b in combinations(places, 2)}, reverse=True)
    return next(apart for apart in distances if found(apart, [*places], size))


@pytest.mark.parametrize(
    ("people", "least", "usual"), [(2, 0.2, 0.45), (5, 0.55, 0.65), (10, 0.85, 0.95), (24, 1, 1)]
)
def test_people_are_nearly_as_far_apart_as_the_palette_allows(people, least, usual):
    """In any order of arrival: the worst and the mean of some boards, as a part of the optimum."""
    random, optimum, reached = Random(people), best(people), []
    for _ in range(200):
        taken = []
        for _ in range(people):
            taken.append(color_for(str(random.random()), taken))
        reached.append(nearest(taken) / optimum)
    assert min(reached) >= least
    assert mean(reached) >= usual
