"""The example site with django-unfold."""

from tests.sites.themes.base import *  # noqa: F403
from tests.sites.themes.base import with_theme

INSTALLED_APPS = with_theme("unfold")
ROOT_URLCONF = "tests.sites.themes.unfold_urls"
