"""Whose connection it is, and what the caps of an address count it as."""

from typing import Any

import pytest

from presence.server.addresses import (
    client_address,
    counted_as,
    is_forwarded,
    is_in_networks,
    scope_address,
)

LOOPBACK = ("127.0.0.0/8", "::1/128")
PROXIES = ("10.0.0.0/8", "2001:db8::/32", "unix")


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "proxies", "client"),
    [
        # Nobody is trusted: the header may be anybody's.
        ("93.184.216.34", "198.51.100.1", (), "93.184.216.34"),
        ("10.0.0.1", "198.51.100.1", (), "10.0.0.1"),
        # A peer that is no proxy.
        ("93.184.216.34", "198.51.100.1", PROXIES, "93.184.216.34"),
        # The last that is no proxy, whatever is left of it.
        ("10.0.0.1", "198.51.100.1", PROXIES, "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1, 198.51.100.1", PROXIES, "198.51.100.1"),
        ("10.0.0.1", "1.1.1.1,198.51.100.1 , 10.0.0.2", PROXIES, "198.51.100.1"),
        ("2001:db8::1", "2001:470::7", PROXIES, "2001:470::7"),
        ("::ffff:10.0.0.1", "::ffff:198.51.100.1", PROXIES, "198.51.100.1"),
        ("", "198.51.100.1", PROXIES, "198.51.100.1"),
        ("unix:", "198.51.100.1", PROXIES, "198.51.100.1"),
        ("", "198.51.100.1", ("10.0.0.0/8",), ""),
        # Some proxies tell the port, too.
        ("10.0.0.1", "198.51.100.1:4711", PROXIES, "198.51.100.1"),
        ("10.0.0.1", "[2001:470::7]:4711", PROXIES, "2001:470::7"),
        # Only proxies, and what is no address.
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", PROXIES, "10.0.0.3"),
        ("10.0.0.1", "", PROXIES, "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, unknown", PROXIES, "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1, unknown, 10.0.0.2", PROXIES, "10.0.0.2"),
    ],
)
def test_the_clients_address(peer: str, forwarded_for: str, proxies: Any, client: str) -> None:
    assert client_address(peer, forwarded_for, proxies) == client


def scope(peer: str | None, *headers: tuple[str, str]) -> dict[str, Any]:
    raw = [(name.lower().encode(), value.encode()) for name, value in headers]
    return {"client": None if peer is None else [peer, 4711], "headers": raw}


def test_the_address_of_a_scope() -> None:
    two = [("X-Forwarded-For", "1.1.1.1"), ("X-Forwarded-For", "198.51.100.1")]
    assert scope_address(scope("10.0.0.1", *two), PROXIES) == "198.51.100.1"
    assert scope_address(scope(None, *two), PROXIES) == "198.51.100.1"
    assert scope_address(scope(None), ()) == scope_address({}, PROXIES) == ""


FORWARDED = ("X-Forwarded-For", "198.51.100.1")


@pytest.mark.parametrize(
    ("peer", "headers", "proxies", "counted"),
    [
        ("93.184.216.34", [], (), "93.184.216.34"),
        ("93.184.216.34", [FORWARDED], (), "93.184.216.34"),
        ("192.168.1.5", [], (), "192.168.1.5"),
        ("10.0.0.1", [FORWARDED], PROXIES, "198.51.100.1"),
        # A subscriber has a network of IPv6 addresses.
        ("2001:470:0:1:a:b:c:d", [], (), "2001:470:0:1::/64"),
        ("::ffff:93.184.216.34", [], (), "93.184.216.34"),
        ("fe80::1:2%eth0", [], (), "fe80::/64"),
        # All visitors may come through these.
        ("127.0.0.1", [], (), ""),
        ("::1", [FORWARDED], (), ""),
        ("::ffff:127.0.0.1", [], (), ""),
        ("192.168.1.5", [FORWARDED], (), ""),
        ("192.168.1.5", [("Via", "1.1 proxy")], (), ""),
        ("10.0.0.1", [], PROXIES, ""),
        (None, [FORWARDED], (), ""),
        (None, [], PROXIES, ""),
        # The site has said which proxies there are.
        ("192.168.1.5", [FORWARDED], PROXIES, "192.168.1.5"),
    ],
)
def test_what_an_address_counts_as(
    peer: str | None, headers: list[tuple[str, str]], proxies: Any, counted: str
) -> None:
    assert counted_as(scope(peer, *headers), proxies) == counted


@pytest.mark.parametrize(
    ("address", "networks", "inside"),
    [
        *((near, LOOPBACK, True) for near in ("127.0.0.1", "127.8.9.10", "::1")),
        ("::ffff:127.0.0.1", LOOPBACK, True),
        *((far, LOOPBACK, False) for far in ("10.0.0.1", "::2", "::ffff:10.0.0.1")),
        *((none, LOOPBACK, False) for none in ("", "unix", "127.0.0.1.")),
        ("127.0.0.1", (), False),
        ("10.7.0.1", ("192.168.0.0/16", "10.0.0.0/8"), True),
        ("10.7.0.1", ("10.7.0.1",), True),
        ("10.7.0.1", ("fd00::/8",), False),
    ],
)
def test_the_networks(address: str, networks: tuple[str, ...], inside: bool) -> None:
    assert is_in_networks(address, networks) is inside


@pytest.mark.parametrize(
    ("name", "forwarded"),
    [
        *((name, True) for name in ("X-Forwarded-For", "x-forwarded-proto", "X-Forwarded-Host")),
        *((name, True) for name in ("Forwarded", "Via", "X-Real-IP")),
        *((name, False) for name in ("Accept", "User-Agent", "X-Prometheus-Scrape-Timeout")),
    ],
)
def test_a_proxy_is_known_by_its_headers(name: str, forwarded: bool) -> None:
    assert is_forwarded(["Host", name]) is forwarded
