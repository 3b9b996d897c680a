"""The example site with more kinds of boards: keys that are numbers, texts and UUIDs, children with
tables of their own, and named rooms, all open to guests."""

import os

from presence_site.settings import *  # noqa: F403
from presence_site.settings import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.sites.boards"]
ROOT_URLCONF = "tests.sites.boards.urls"
PRESENCE = {
    "BOARDS": ["boards.Article", "boards.Guide", "boards.Chapter", "boards.Drawing"],
    "GUESTS": True,
    "REDIS_URL": os.environ.get("REDIS_URL", ""),
}
