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
        '{"overview": 1}',
        '{"overview": false}',
        '{"rows": "x"}',
        '{"rows": [1]}',
        '{"rows": ["x y"]}',
        '{"rows": [null]}',
        '{"board": "x:1"}',
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


@pytest.mark.parametrize(
    ("topic", "values", "sent"),
    [
        ("rows", [{"a": 1, "b": None}, {"a": 2, "b": None}], [{"a": 1, "b": None}, {"a": 2}]),
        ("board", [{"closed": True, "people": {}}, None], [{"closed": True, "people": {}}, None]),
        ("overview", [{"people": 1, "boards": 1}, {"people": 2, "boards": 1}], None),
    ],
)
def test_everything_is_sent_at_first_and_then_the_changes(
    topic: str, values: list[Any], sent: list[Any] | None
) -> None:
    page = PageState()
    for value, changes in zip(values, sent or values, strict=True):
        assert page.update(topic, value)
        assert page.take_changes() == {topic: changes}
        assert not page.update(topic, value)
        assert page.take_changes() == {}


def test_topics_share_a_frame_without_values_that_came_back() -> None:
    page = PageState()
    page.update("rows", {"a": 1})
    page.take_changes()
    assert page.update("rows", {"a": 2})
    assert page.update("board", None)
    assert page.update("rows", {"a": 1})
    assert page.take_changes() == {"board": None}


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
