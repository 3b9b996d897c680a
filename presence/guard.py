"""Who may read `/metrics`: programs on networks that the site names, and whoever has its token."""

from collections.abc import Collection, Iterable
from hmac import compare_digest
from ipaddress import IPv6Address, ip_address, ip_network

FORWARDED = frozenset({"forwarded", "via", "x-real-ip", "x-client-ip", "true-client-ip"})
"""Headers, in small letters, by which a proxy tells that it is one; so do all that begin with
"x-forwarded"."""


def is_token(authorization: str, token: str) -> bool:
    """Return whether an Authorization header bears the token (RFC 6750, section 2.1). How long it
    takes tells nothing of it."""
    scheme, _, given = authorization.partition(" ")
    matches = compare_digest(given.strip().encode(), token.encode())
    return bool(token) and scheme.lower() == "bearer" and matches


def is_forwarded(headers: Iterable[str]) -> bool:
    """Return whether a request came through a proxy, by the names of its headers."""
    names = {name.lower() for name in headers}
    return not names.isdisjoint(FORWARDED) or any(name.startswith("x-forwarded") for name in names)


def is_near(address: str, networks: Collection[str]) -> bool:
    """Return whether the address of a peer is in one of some networks, as in "10.0.0.0/8".

    An address that is none, such as that of a Unix socket's peer, is in no network.
    """
    try:
        peer = ip_address(address)
    except ValueError:
        return False
    if isinstance(peer, IPv6Address) and peer.ipv4_mapped is not None:
        peer = peer.ipv4_mapped
    return any(peer in ip_network(network) for network in networks)
