"""A site whose rooms have the level of privacy that they are named after. Some have pictures."""

from presence_site.settings import *  # noqa: F403
from presence_site.settings import PRESENCE

ROOT_URLCONF = "tests.sites.privacy.urls"
PRESENCE = {**PRESENCE, "GUESTS": True, "PRIVACY": "tests.sites.privacy.urls.privacy"}
PRESENCE |= {"AVATAR": "tests.sites.privacy.urls.avatar"}
