"""What pages of the admin ask to watch, and what they are told."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest

from presence.admin.subscription import (
    MAX_ROWS,
    Telling,
    Watch,
    by_key,
    by_part,
    read_board,
    read_flag,
    read_rows,
    read_watch,
    whole,
)

READERS = {"rows": read_rows, "board": read_board, "overview": read_flag}
ONE, TWO = UUID(int=1), UUID(int=2)


def read(**said: Any) -> Watch:
    return read_watch(json.dumps(said), READERS)


def test_a_list_and_a_board() -> None:
    said = read(site="back", model="App.Board", rows=[str(ONE), str(TWO)], board=str(TWO))
    assert said == Watch("back", "app.board", {"rows": frozenset({ONE, TWO}), "board": TWO})


def test_the_overview_needs_no_model() -> None:
    assert read(overview=True) == Watch("admin", "", {"overview": True})


def test_the_same_row_twice_is_one() -> None:
    assert read(rows=[str(ONE), str(ONE)]).topics == {"rows": frozenset({ONE})}


def test_as_many_rows_as_may_be() -> None:
    rows = [str(uuid4()) for _ in range(MAX_ROWS)]
    assert len(read(rows=rows).topics["rows"]) == MAX_ROWS
    with pytest.raises(ValueError):
        read(rows=[*rows, str(ONE)])


@pytest.mark.parametrize(
    "data",
    [
        None,
        b"{}",
        "",
        "{",
        "[]",
        "{}",
        '{"site": "admin", "model": "app.board"}',
        '{"site": 1, "overview": true}',
        '{"site": "admin", "model": null, "overview": true}',
        json.dumps({"site": "x" * 201, "overview": True}),
        '{"overview": 1}',
        '{"overview": false}',
        '{"rows": "x"}',
        '{"rows": [1]}',
        '{"rows": ["x"]}',
        '{"rows": [null]}',
        '{"board": "x"}',
        '{"board": 7}',
        '{"sessions": []}',
        "[" * 60_000,
        '{"rows": [' + " " * 65_536 + "]}",
        json.dumps({"rows": [], "site": "é" * 40_000}, ensure_ascii=False),
    ],
)
def test_what_nobody_can_watch(data: Any) -> None:
    with pytest.raises(ValueError):
        read_watch(data, READERS)


class TestTelling:
    @pytest.fixture
    def telling(self) -> Telling:
        return Telling({"rows": by_key, "board": whole})

    def test_everything_at_first_and_then_what_changed(self, telling: Telling) -> None:
        assert telling.note("rows", {"a": 1, "b": 0, "c": None})
        assert telling.frame() == {"rows": {"a": 1, "b": 0, "c": None}}
        assert telling.frame() == {}
        assert telling.note("rows", {"a": 2, "b": 0, "c": None})
        assert telling.frame() == {"rows": {"a": 2}}
        assert not telling.note("rows", {"a": 2, "b": 0, "c": None})

    def test_what_came_and_went_between_two_frames(self, telling: Telling) -> None:
        telling.note("rows", {"a": 1})
        telling.frame()
        assert telling.note("rows", {"a": 2})
        assert not telling.note("rows", {"a": 1})
        assert telling.frame() == {}

    def test_who_may_see_a_row_no_more_is_told_so(self, telling: Telling) -> None:
        telling.note("rows", {"a": 1, "b": 5})
        telling.frame()
        telling.note("rows", {"b": 5})
        assert telling.frame() == {"rows": {"a": None}}
        telling.note("rows", None)
        assert telling.frame() == {"rows": {"b": None}}

    def test_other_topics_are_told_whole(self, telling: Telling) -> None:
        telling.note("board", {"people": [1], "closed": False})
        telling.frame()
        telling.note("board", {"people": [1, 2], "closed": False})
        telling.note("rows", {"a": 1})
        assert telling.frame() == {"board": {"people": [1, 2], "closed": False}, "rows": {"a": 1}}

    def test_not_known_is_told_too(self, telling: Telling) -> None:
        assert telling.note("board", None)
        assert telling.frame() == {"board": None}
        assert not telling.note("board", None)


def test_of_a_whole_is_told_what_changed_in_each_part() -> None:
    before = {"closed": False, "people": {"a": 1, "b": 2}, "cursors": {"s": [1, 2]}}
    after = {"closed": True, "people": {"b": 3, "c": 4}, "cursors": {"s": [1, 2]}}
    assert by_part(before, after) == {"closed": True, "people": {"a": None, "b": 3, "c": 4}}
    assert by_part(before, before) == {}


def test_a_whole_that_was_not_known_is_told_whole() -> None:
    whole = {"closed": False, "people": {}}
    assert by_part(None, whole) == whole
    assert by_part(whole, None) is None
