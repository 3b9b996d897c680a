"""The example site with django-jazzmin."""

from tests.sites.themes.base import *  # noqa: F403
from tests.sites.themes.base import with_theme

INSTALLED_APPS = with_theme("jazzmin")
JAZZMIN_SETTINGS = {"use_google_fonts_cdn": False}
JAZZMIN_UI_TWEAKS = {"default_theme_mode": "auto"}
