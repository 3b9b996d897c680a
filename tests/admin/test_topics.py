"""What admin pages can subscribe to, and what is sent to them."""

import json
from typing import Any
from uuid import UUID

import pytest

from presence.admin.topics import (
    PageState,
    Subscription,
    changed_keys,
    changed_parts,
    parse_subscription,
)

ONE, TWO = UUID(int=1), UUID(int=2)


@pytest.mark.parametrize(
    ("message", "subscription"),
    [
        (
            {"site": "back", "model": "App.Board", "rows": [str(ONE), str(TWO)], "board": str(TWO)},
            Subscription("back", "app.board", {"rows": frozenset({ONE, TWO}), "board": TWO}),
        ),
        ({"overview": True}, Subscription("admin", "", {"overview": True})),
        ({"rows": [str(ONE)] * 2}, Subscription("admin", "", {"rows": frozenset({ONE})})),
    ],
)
def test_a_subscription(message: Any, subscription: Subscription) -> None:
    assert parse_subscription(json.dumps(message)) == subscription


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
def test_a_malformed_subscription(data: Any) -> None:
    with pytest.raises(ValueError):
        parse_subscription(data)


class TestPageState:
    def test_everything_is_sent_at_first_and_then_what_changed(self) -> None:
        page, rows = PageState(), {"a": 1, "b": 0, "c": None}
        assert page.update("rows", rows)
        assert page.take_changes() == {"rows": rows}
        assert page.take_changes() == {}
        assert page.update("rows", {**rows, "a": 2})
        assert page.take_changes() == {"rows": {"a": 2}}
        assert not page.update("rows", {**rows, "a": 2})

    def test_a_value_that_came_back_is_not_sent(self) -> None:
        page = PageState()
        page.update("rows", {"a": 1})
        page.take_changes()
        assert page.update("rows", {"a": 2})
        assert not page.update("rows", {"a": 1})
        assert page.take_changes() == {}

    def test_each_topic_has_its_own_changes(self) -> None:
        page = PageState()
        page.update("overview", {"people": 1, "boards": 1})
        page.take_changes()
        page.update("overview", {"people": 2, "boards": 1})
        page.update("rows", {"a": 1})
        expected = {"overview": {"people": 2, "boards": 1}, "rows": {"a": 1}}
        assert page.take_changes() == expected

    def test_an_unknown_value_is_sent(self) -> None:
        page = PageState()
        assert page.update("board", None)
        assert page.take_changes() == {"board": None}
        assert not page.update("board", None)


@pytest.mark.parametrize(
    ("before", "after", "changes"),
    [
        ({"a": 1, "b": 5}, {"b": 5}, {"a": None}),
        ({"b": 5}, None, {"b": None}),
        (None, {"a": None}, {"a": None}),
    ],
)
def test_changed_keys(before: Any, after: Any, changes: Any) -> None:
    assert changed_keys(before, after) == changes


def test_changed_parts() -> None:
    before = {"closed": False, "people": {"a": 1, "b": 2}, "cursors": {"s": [1, 2]}}
    after = {"closed": True, "people": {"b": 3, "c": 4}, "cursors": {"s": [1, 2]}}
    assert changed_parts(before, after) == {
        "closed": True,
        "people": {"a": None, "b": 3, "c": 4},
    }
    assert changed_parts(before, before) == {}
    assert changed_parts(None, after) == after
    assert changed_parts(after, None) is None
