"""Who may read the metrics."""

import pytest

from presence.views import bears_token, is_forwarded, is_in_networks

LOOPBACK = ("127.0.0.0/8", "::1/128")


@pytest.mark.parametrize("said", ["Bearer s3cret", "bearer s3cret", "BEARER  s3cret "])
def test_the_token_is_known(said: str) -> None:
    assert bears_token(said, "s3cret")


@pytest.mark.parametrize(
    "said", ["", "Bearer", "Bearer ", "s3cret", "Basic s3cret", "Bearer s3cre", "Bearer s3crets"]
)
def test_nothing_else_is(said: str) -> None:
    assert not bears_token(said, "s3cret")


@pytest.mark.parametrize("said", ["", "Bearer", "Bearer "])
def test_a_site_without_a_token_has_none_that_fits(said: str) -> None:
    assert not bears_token(said, "")


def test_letters_of_any_kind_are_compared() -> None:
    assert bears_token("Bearer schlüssel", "schlüssel")
    assert not bears_token("Bearer schlussel", "schlüssel")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
def test_the_machine_itself_is_in_networks(address: str) -> None:
    assert is_in_networks(address, LOOPBACK)


@pytest.mark.parametrize(
    "address", ["10.0.0.1", "::2", "::ffff:10.0.0.1", "", "unix", "127.0.0.1."]
)
def test_others_are_not(address: str) -> None:
    assert not is_in_networks(address, LOOPBACK)
    assert not is_in_networks("127.0.0.1", ())


def test_networks_are_as_the_site_names_them() -> None:
    assert is_in_networks("10.7.0.1", ["192.168.0.0/16", "10.0.0.0/8"])
    assert is_in_networks("10.7.0.1", ["10.7.0.1"])
    assert not is_in_networks("10.7.0.1", ["fd00::/8"])


@pytest.mark.parametrize(
    "name",
    ["X-Forwarded-For", "x-forwarded-proto", "X-Forwarded-Host", "Forwarded", "Via", "X-Real-IP"],
)
def test_a_proxy_is_known_by_its_headers(name: str) -> None:
    assert is_forwarded(["Host", name])


def test_a_scraper_is_no_proxy() -> None:
    assert not is_forwarded(["Host", "Accept", "User-Agent", "X-Prometheus-Scrape-Timeout-Seconds"])
