"""The example site with presence switched off."""

from presence_site.settings import *  # noqa: F403

PRESENCE = {**PRESENCE, "ENABLED": False}  # noqa: F405
