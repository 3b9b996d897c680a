"""What people do, as one process tells another."""

from typing import Any

import pytest

from presence.protocol.messages import UserState
from presence.rooms.seats import Activity, unpack_activity

HERE = Activity({"a": UserState.ACTIVE, "b": UserState.AWAY}, {"a": b"\x00\x01\x02\x03"})


def test_what_is_packed_is_unpacked() -> None:
    assert unpack_activity(HERE.packed()) == HERE
    assert unpack_activity(Activity().packed()) == Activity()


def test_it_is_told_in_what_every_layer_carries() -> None:
    assert HERE.packed() == {"states": {"a": 0, "b": 2}, "cursors": {"a": b"\x00\x01\x02\x03"}}


def test_of_two_processes_it_is_one() -> None:
    there = Activity({"c": UserState.IDLE}, {"c": bytes(4)})
    assert (HERE | there).states == {**HERE.states, "c": UserState.IDLE}
    assert (HERE | there).cursors == {"a": b"\x00\x01\x02\x03", "c": bytes(4)}


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"states": {}},
        {"states": [], "cursors": {}},
        {"states": {"a": 9}, "cursors": {}},
        {"states": {}, "cursors": {"a": b"123"}},
        {"states": {}, "cursors": {"a": None}},
    ],
)
def test_anything_else_is_no_activity(said: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        unpack_activity(said)
