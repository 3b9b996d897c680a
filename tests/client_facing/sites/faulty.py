"""The example site with an AUTHORIZE that is not there."""

from presence_site.settings import *  # noqa: F403

PRESENCE = {**PRESENCE, "AUTHORIZE": "nowhere.to.be.found"}  # noqa: F405
SILENCED_SYSTEM_CHECKS = ["presence.E004"]
