"""The example site with leases and graces so long that nothing mends itself while a test looks."""

from presence_site.settings import *  # noqa: F403

PRESENCE = {**PRESENCE, "LEASE": 90.0, "GRACE": 90.0}  # noqa: F405
