"""A site without accounts, sessions and a database."""

from presence_site.settings import *  # noqa: F403
from presence_site.settings import TEMPLATES

INSTALLED_APPS = ["daphne", "channels", "presence", "django.contrib.staticfiles"]
MIDDLEWARE: list[str] = []
TEMPLATES = [{**TEMPLATES[0], "DIRS": [], "OPTIONS": {}}]
DATABASES = {"default": {}}
ROOT_URLCONF = "tests.sites.accounts.urls"
PRESENCE = {"GUESTS": True}
