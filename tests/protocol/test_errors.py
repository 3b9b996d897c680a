import pytest

from presence.protocol import errors
from presence.protocol.errors import (
    Close,
    Malformed,
    MalformedFrame,
    Notice,
    PresenceError,
    TooFast,
)

LEAVES = [
    (errors.StruckOut, 1, 4400, False),
    (errors.TooFast, 2, 4429, True),
    (errors.TooBig, None, 1009, True),
    (errors.SignInRequired, 3, 4401, False),
    (errors.Forbidden, 4, 4403, False),
    (errors.NoBoard, 5, 4404, False),
    (errors.Removed, 6, 4409, False),
    (errors.Restarting, 7, 1012, True),
    (errors.TryLater, 8, 1013, True),
    (errors.Silent, None, 4408, True),
]


@pytest.mark.parametrize(("error", "notice", "close", "returns"), LEAVES)
def test_what_each_leaf_tells_the_client(error, notice, close, returns):
    assert (error.notice, error.close, error.returns) == (notice, close, returns)


def test_no_leaf_is_forgotten():
    assert set(leaves(PresenceError)) == {MalformedFrame, *(leaf for leaf, *_ in LEAVES)}


def test_every_leaf_is_drawn_in_the_module():
    for leaf in leaves(PresenceError):
        assert leaf.__name__ in errors.__doc__


def test_every_notice_has_an_error_that_sends_it():
    assert {leaf.notice for leaf in leaves(PresenceError)} == {None, *Notice}


def test_every_close_but_the_clients_own_has_an_error():
    from_the_client = {Close.CLEAN, Close.GOING_AWAY, Close.BROKEN}
    assert {leaf.close for leaf in leaves(PresenceError)} == {None, *Close} - from_the_client


def test_a_malformed_frame_is_a_strike_and_no_close():
    error = MalformedFrame(Malformed.UTF8)
    assert error.reason == "utf8"
    assert (error.notice, error.close, error.retry) == (1, None, 0)
    assert str(error) == "utf8"


def test_those_that_may_come_back_later_are_told_when():
    assert TooFast().retry == 5000
    assert errors.Restarting().retry == 5000
    assert errors.TryLater().retry == 5000
    assert errors.Silent().retry == 0


@pytest.mark.parametrize("retry", [0, 65535])
def test_retry_can_be_said(retry):
    assert TooFast(retry=retry).retry == retry


@pytest.mark.parametrize("retry", [-1, 65536])
def test_retry_must_fit_its_field(retry):
    with pytest.raises(ValueError, match=r"outside 0\.\.65535"):
        TooFast(retry=retry)


def test_the_groups():
    assert set(errors.Refused.__subclasses__()) == {
        leaf for leaf, notice, *_ in LEAVES if notice in range(3, 7)
    }
    assert all(leaf.returns for leaf in errors.Unavailable.__subclasses__())


def leaves(error):
    children = error.__subclasses__()
    return [leaf for child in children for leaf in leaves(child)] if children else [error]
