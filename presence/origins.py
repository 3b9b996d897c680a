"""Where a page comes from: the `Origin` that its browser sends (RFC 6454, section 7)."""

from collections.abc import Mapping
from typing import Any

from presence.conf import get_settings

EMBEDDED = "presence.embedded"
"""Set in the scope of a socket that a page of another site opened."""


def origin_of(scope: Mapping[str, Any]) -> str:
    """Return the origin of the page that opens a socket, "" where it says none."""
    values = [value for name, value in scope.get("headers", ()) if name == b"origin"]
    return values[0].decode("latin-1") if len(values) == 1 else ""


def may_embed(origin: str) -> bool:
    """Tell whether the site lets pages of this origin take part."""
    return origin in get_settings().EMBED_ORIGINS


def is_embedded(scope: Mapping[str, Any]) -> bool:
    """Tell whether the page that opens a socket is of another site, so that only a token counts."""
    return bool(scope.get(EMBEDDED))
