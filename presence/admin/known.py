"""What a page of the admin asks of presence, and may not come to know: the page comes first."""

import logging
from collections.abc import Callable
from typing import TypeVar

from django.core.exceptions import ImproperlyConfigured

from presence.conf import get_settings
from presence.protocol.errors import TryLater

logger = logging.getLogger(__name__)

UNKNOWN = "–"
"""What a page shows in place of what is not known."""

T = TypeVar("T")


def known(ask: Callable[[], T]) -> T | None:
    """Return what presence answers; None where that is not known. Never raises."""
    try:
        return ask() if get_settings().ENABLED else None
    except (TryLater, ImproperlyConfigured) as error:
        logger.warning("who is on the boards is not known: %s", error)
    except Exception:
        logger.exception("could not ask who is on the boards")
    return None
