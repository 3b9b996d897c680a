"""The example site with caches of whole pages: Django's `cache_page`, its cache middleware around
all others, and one between the site and the browser."""

from presence_site.settings import *  # noqa: F403
from presence_site.settings import MIDDLEWARE, PRESENCE

MIDDLEWARE = ["tests.sites.cached.urls.update", *MIDDLEWARE, "tests.sites.cached.urls.fetch"]
ROOT_URLCONF = "tests.sites.cached.urls"
PRESENCE = {**PRESENCE, "GUESTS": True}
