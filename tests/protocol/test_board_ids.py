"""Board ids."""

import json
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.protocol.board_ids import home_id, next_id

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "frames.json").read_text())[
    "board_ids"
]
IDS = st.integers(1, 65535)


@pytest.mark.parametrize("case", VECTORS["home"], ids=lambda case: case["uuid"])
def test_home_ids_of_the_vectors(case):
    assert home_id(UUID(case["uuid"])) == case["id"]


def test_two_boards_with_one_home():
    first, second = map(UUID, VECTORS["collision"]["uuids"])
    home = VECTORS["collision"]["home"]
    assert home_id(first) == home_id(second) == home
    assert next_id(home, {home}) == VECTORS["collision"]["second_gets"]


def test_a_hash_of_0_becomes_1():
    assert home_id(UUID(VECTORS["zero_becomes_one"])) == 1


@pytest.mark.parametrize(
    ("home", "taken", "expected"),
    [
        (4660, set(), 4660),
        (65535, {65535}, 1),
        (65535, {65535, 1, 2}, 3),
        (4660, set(range(1, 65536)) - {4659}, 4659),
        (4660, range(1, 65536), 4660),
    ],
    ids=["free", "wraps", "wraps and goes on", "the last free one", "all are taken"],
)
def test_the_next_id(home, taken, expected):
    assert next_id(home, taken) == expected


@given(IDS, st.sets(IDS, max_size=50))
def test_the_next_id_is_free_and_nothing_free_was_passed_over(home, taken):
    found = next_id(home, taken)
    assert found not in taken
    passed = range(home, found) if found >= home else [*range(home, 65536), *range(1, found)]
    assert taken.issuperset(passed)


@given(st.uuids())
def test_a_home_is_a_board_id(board):
    assert 1 <= home_id(board) <= 65535
