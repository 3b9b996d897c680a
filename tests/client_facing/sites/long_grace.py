"""The example site with a grace so long that nobody who is left goes while a test looks."""

from presence_site.settings import *  # noqa: F403

PRESENCE = {**PRESENCE, "GRACE": 290.0}  # noqa: F405
