"""The example site with django-grappelli."""

from tests.sites.themes.base import *  # noqa: F403
from tests.sites.themes.base import with_theme

INSTALLED_APPS = with_theme("grappelli")
ROOT_URLCONF = "tests.sites.themes.grappelli_urls"
