"""What processes say to each other: what merges, and what is carried."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from presence.cluster.messages import Pending, Post, pack, unpack
from presence.protocol.messages import UserState

ACTIVE, OFF_BOARD, AWAY, IDLE = UserState
A, B, C = b"\x00\x01\x00\x02", b"\x00\x03\x00\x04", b"\xff\xff\xff\xff"

USERS = st.integers(0, 254)
POSTS = st.builds(
    Post,
    st.booleans(),
    st.booleans(),
    st.dictionaries(USERS, st.binary(min_size=4, max_size=4)),
    st.dictionaries(USERS, st.sampled_from(UserState)),
    st.booleans(),
    st.booleans(),
    st.booleans(),
)


def merged(*posts: Post) -> Post:
    together = Post()
    for post in posts:
        together.merge(post)
    return together


def test_nothing_and_nothing_is_nothing() -> None:
    assert merged(Post(), Post()) == Post()


def test_of_a_user_only_the_latest_cursor_and_state_count() -> None:
    post = merged(
        Post(cursors={1: A, 2: A}, states={3: AWAY}), Post(cursors={1: B}, states={3: IDLE})
    )
    assert post == Post(cursors={1: B, 2: A}, states={3: IDLE})


def test_a_state_takes_an_earlier_cursor_along() -> None:
    assert merged(Post(cursors={1: A, 2: B}), Post(states={1: AWAY})) == Post(
        cursors={2: B}, states={1: AWAY}
    )


def test_a_cursor_after_a_state_stays_with_it() -> None:
    back = Post(cursors={1: B}, states={1: ACTIVE})
    assert merged(Post(cursors={1: A}), Post(states={1: AWAY}), back) == back


def test_what_was_to_be_done_once_stays_to_be_done() -> None:
    assert merged(Post(look=True), Post(hello=True), Post(cursors={1: A})) == Post(
        look=True, hello=True, cursors={1: A}
    )


def test_the_later_post_stays_as_it_is() -> None:
    later = Post(cursors={1: A}, states={2: AWAY})
    together = merged(later)
    together.merge(Post(cursors={1: B, 3: C}, states={2: IDLE}))
    assert later == Post(cursors={1: A}, states={2: AWAY})


def test_it_is_carried_as_these_bytes() -> None:
    assert pack(Post(look=True, cursors={7: A, 254: C}, states={7: IDLE})) == {
        "look": True,
        "hello": False,
        "whole": False,
        "told": False,
        "restart": False,
        "cursors": b"\x07\x00\x01\x00\x02" + b"\xfe\xff\xff\xff\xff",
        "states": b"\x07\x03",
    }


@given(POSTS)
def test_what_is_packed_is_unpacked(post: Post) -> None:
    assert unpack(pack(post)) == post


@given(st.lists(POSTS, min_size=1, max_size=6))
def test_to_merge_is_to_know_what_was_said_last(posts: list[Post]) -> None:
    post = merged(*posts)
    states = {user: state for said in posts for user, state in said.states.items()}
    assert post.states == states
    for user in {user for said in posts for user in said.cursors}:
        last = max(n for n, said in enumerate(posts) if user in said.cursors)
        hidden = any(user in said.states for said in posts[last + 1 :])
        assert post.cursors.get(user) == (None if hidden else posts[last].cursors[user])


@pytest.mark.parametrize(
    "wrong",
    [
        {"cursors": b"\x01\x00\x00\x00"},
        {"cursors": b"\x01" * 6},
        {"cursors": 5},
        {"cursors": None},
        {"states": b"\x01"},
        {"states": b"\x01\x04"},
        {"states": "text"},
    ],
)
def test_what_nobody_packed_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"no post|UserState"):
        unpack(pack(Post()) | wrong)


@pytest.mark.parametrize("missing", ["look", "hello", "whole", "told", "cursors", "states"])
def test_what_lacks_a_part_is_refused(missing: str) -> None:
    message = pack(Post())
    del message[missing]
    with pytest.raises(ValueError, match=missing):
        unpack(message)


# What waits to be sent


GROUP, TELL = "group", "one process"
BOARD, OTHER = UUID(int=1), UUID(int=2)


def sent(pending: Pending) -> list[tuple[UUID, str, Post]]:
    taken = []
    while pending:
        taken.append(pending.take())
    return taken


def test_nothing_waits() -> None:
    assert not Pending()
    assert sent(Pending()) == []


def test_what_goes_to_one_group_of_one_board_merges_and_nothing_else() -> None:
    pending = Pending()
    for board, group in ((BOARD, GROUP), (OTHER, GROUP), (BOARD, TELL)):
        pending.put(board, group, Post(cursors={1: A}))
        pending.put(board, group, Post(look=True))
    post = Post(look=True, cursors={1: A})
    assert sent(pending) == [(BOARD, GROUP, post), (BOARD, TELL, post), (OTHER, GROUP, post)]


def test_what_says_everything_does_not_fall_behind_what_is_sent_before_it() -> None:
    pending = Pending()
    pending.put(BOARD, GROUP, Post(cursors={1: A}))
    pending.put(BOARD, TELL, Post(told=True, whole=True, cursors={1: A, 2: B}))
    pending.put(BOARD, "another", Post(told=True, hello=True))
    pending.put(BOARD, GROUP, Post(look=True, cursors={1: C}, states={2: AWAY}))
    assert sent(pending) == [
        (BOARD, GROUP, Post(look=True, cursors={1: C}, states={2: AWAY})),
        (BOARD, TELL, Post(told=True, whole=True, cursors={1: C}, states={2: AWAY})),
        (BOARD, "another", Post(told=True, hello=True)),
    ]


def test_what_is_put_back_goes_behind_other_boards_and_under_what_came_since() -> None:
    pending = Pending()
    for board in (BOARD, OTHER):
        pending.put(board, GROUP, Post(cursors={1: A}))
    failed = pending.take()
    pending.put(BOARD, TELL, Post(told=True, hello=True))
    pending.put(BOARD, GROUP, Post(cursors={1: B}))
    pending.put_back(*failed)
    assert sent(pending) == [
        (OTHER, GROUP, Post(cursors={1: A})),
        (BOARD, GROUP, Post(cursors={1: B})),
        (BOARD, TELL, Post(told=True, hello=True)),
    ]


def test_what_says_everything_and_is_put_back_knows_what_came_since() -> None:
    pending = Pending()
    pending.put(BOARD, TELL, Post(told=True, whole=True, cursors={1: A}))
    failed = pending.take()
    pending.put(BOARD, "another", Post(told=True, hello=True))
    pending.put(BOARD, GROUP, Post(look=True, cursors={1: B}))
    pending.put_back(*failed)
    assert sent(pending) == [
        (BOARD, TELL, Post(told=True, whole=True, cursors={1: B})),
        (BOARD, "another", Post(told=True, hello=True)),
        (BOARD, GROUP, Post(look=True, cursors={1: B})),
    ]


def test_what_one_says_of_some_users() -> None:
    post = Post(look=True, cursors={1: A, 2: B}, states={2: AWAY, 3: IDLE})
    assert post.only({2}) == Post(cursors={2: B}, states={2: AWAY})


@pytest.mark.parametrize("post", [Post(), Post(told=True)])
def test_a_post_that_says_nothing(post: Post) -> None:
    assert not post
    for says in ("look", "hello", "whole"):
        assert replace(post, **{says: True})
    assert replace(post, cursors={1: A})
    assert replace(post, states={1: AWAY})
