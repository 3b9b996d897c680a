"""The example site where the dead are noticed soon."""

from presence_site.settings import *  # noqa: F403

PRESENCE = {**PRESENCE, "LEASE": 2.0, "GRACE": 1.0}  # noqa: F405
