"""The error tree, as the module draws it. test_protocol_document compares it with PROTOCOL.md."""

import re

import pytest

from presence.protocol import errors
from presence.protocol.errors import (
    Malformed,
    MalformedFrame,
    Notice,
    PresenceError,
    Restarting,
    TooFast,
)


def leaves(error=PresenceError):
    children = error.__subclasses__()
    return [leaf for child in children for leaf in leaves(child)] if children else [error]


@pytest.mark.parametrize("leaf", leaves(), ids=lambda leaf: leaf.__name__)
def test_a_leaf_has_the_codes_that_the_module_draws(leaf):
    line = re.search(rf"── {leaf.__name__}\b(.*)", errors.__doc__)[1]
    notice, close = re.search(r"NOTICE (\d+)", line), re.search(r"close (\d+)", line)
    assert leaf.notice == (int(notice[1]) if notice else None)
    assert leaf.close == (int(close[1]) if close else None)
    assert leaf.default_retry == (5_000 if "``retry``" in line else 0)


def test_a_refused_client_stays_away_and_others_return():
    gone = {leaf for leaf in leaves() if not leaf.returns}
    assert gone == {*errors.Refused.__subclasses__(), errors.StruckOut}
    assert {leaf.notice for leaf in gone} == set(Notice) - {2, 7, 8}


def test_a_malformed_frame_is_a_strike_and_no_close():
    error = MalformedFrame(Malformed.UTF8)
    assert (error.reason, str(error)) == ("utf8", "utf8")
    assert (error.notice, error.close, error.retry) == (1, None, 0)


def test_retry_is_the_leafs_own_unless_it_is_given():
    retries = [TooFast().retry, TooFast(retry=0).retry, TooFast(retry=65535).retry]
    assert retries == [5000, 0, 65535]


@pytest.mark.parametrize(("grace", "retry"), [(0, 0), (5, 1500), (300, 65535)])
def test_clients_are_back_within_any_grace(grace, retry):
    assert Restarting.within(grace).retry == retry


@pytest.mark.parametrize(("sockets", "retry"), [(450, 1500), (3000, 10_000), (30_000, 65535)])
def test_many_clients_return_no_faster_than_they_can_be_let_in(sockets, retry):
    assert Restarting.within(5, sockets).retry == retry


@pytest.mark.parametrize(("sockets", "retry"), [(1, 200), (1500, 200), (3000, 10_000)])
def test_clients_whose_sockets_end_in_turns_come_back_at_once_unless_they_are_many(sockets, retry):
    assert Restarting.within(5, sockets, turns=5.0).retry == retry


@pytest.mark.parametrize("retry", [-1, 65536])
def test_retry_outside_its_field_is_refused(retry):
    with pytest.raises(ValueError, match=r"outside 0\.\.65535"):
        TooFast(retry=retry)
