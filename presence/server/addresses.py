"""Whose connection it is: the address of a visitor, behind proxies or not, and what caps count it
as."""

import re
from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

UNIX = "unix"
"""Stands for the peer of a Unix socket in a list of proxies."""

HOST_BITS = 64
"""Bits of an IPv6 address that one subscriber chooses as they like (RFC 4291, section 2.5.4)."""

PROXY_HEADER = re.compile(
    r"(forwarded|via|x-real-ip|x-client-ip|true-client-ip)$|x-forwarded", re.IGNORECASE
)
"""Headers that only a proxy adds."""

LOCAL = ("127.0.0.1", "::1")
"""Addresses from which a proxy of the same machine connects."""

Address = IPv4Address | IPv6Address


@lru_cache(maxsize=256)
def parse_address(text: str) -> Address | None:
    """Return an IP address, an IPv4 address that is written as IPv6 as itself. None for any other
    text, such as the name of a Unix socket."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address


def is_in_networks(address: str, networks: Collection[str]) -> bool:
    """Return whether an IP address is in one of the networks ("10.0.0.0/8"). False for any other
    text, such as the address of a Unix socket."""
    peer = parse_address(address)
    return peer is not None and any(peer in network for network in _networks(tuple(networks)))


def is_forwarded(headers: Iterable[str]) -> bool:
    """Return whether a request came through a proxy, by the names of its headers."""
    return any(PROXY_HEADER.match(name) for name in headers)


def is_proxy(peer: str, proxies: Collection[str]) -> bool:
    """Return whether the site trusts what a peer says of others. A peer without an IP address is
    that of a Unix socket."""
    if UNIX in proxies and parse_address(peer) is None:
        return True
    return is_in_networks(peer, [each for each in proxies if each != UNIX])


@lru_cache(maxsize=256)
def client_address(peer: str, forwarded_for: str, proxies: tuple[str, ...]) -> str:
    """Return the address of whoever connected: the peer's, or where that is a trusted proxy, the
    last in X-Forwarded-For that is none. Anybody can send what is left of it."""
    client = peer
    hops = [hop.strip() for hop in forwarded_for.split(",")]
    while proxies and hops and is_proxy(client, proxies):
        address = _hop(hops.pop())
        if address is None:
            break
        client = str(address)
    return client


def scope_address(scope: Mapping[str, Any], proxies: Collection[str]) -> str:
    """Return the same for an ASGI connection; "" where the server does not tell the peer."""
    peer = str((scope.get("client") or [""])[0])
    if not proxies:
        return peer
    given = [value for name, value in scope.get("headers", ()) if name == b"x-forwarded-for"]
    return client_address(peer, b",".join(given).decode("latin-1"), tuple(proxies))


def counted_as(scope: Mapping[str, Any], proxies: Collection[str]) -> str:
    """Return what the caps per address count a connection as: its IPv4 address or the network of
    its IPv6 address. "" where it may be anybody's: of this machine, of a trusted proxy that names
    nobody, or of a proxy in a private network that no setting names."""
    text = scope_address(scope, proxies)
    address = parse_address(text)
    if address is None or str(address) in LOCAL or is_proxy(text, proxies):
        return ""
    if not proxies and address.is_private and was_forwarded(scope):
        return ""
    if isinstance(address, IPv6Address):
        return str(IPv6Network((address, HOST_BITS), strict=False))
    return str(address)


def was_forwarded(scope: Mapping[str, Any]) -> bool:
    """Return whether an ASGI connection came through a proxy, by its headers."""
    return is_forwarded(name.decode("latin-1") for name, _ in scope.get("headers", ()))


def _hop(text: str) -> Address | None:
    """Return the address in one part of X-Forwarded-For; some proxies add its port."""
    bare = text[1:].partition("]")[0] if text.startswith("[") else text
    host, colon, _ = bare.partition(":")
    return parse_address(host if colon and "." in host else bare)


@lru_cache(maxsize=16)
def _networks(networks: tuple[str, ...]) -> "tuple[Any, ...]":
    return tuple(map(ip_network, networks))
