"""A site that keeps guests out in every way. WITHOUT names an app to leave out, AUTHORIZE a rule in
place of the models'."""

import os

from presence_site.settings import *  # noqa: F403
from presence_site.settings import INSTALLED_APPS, PRESENCE

WITHOUT = {"django.contrib.admin", "presence_site", os.environ.get("WITHOUT")}
INSTALLED_APPS = [each for each in [*INSTALLED_APPS, "tests.sites.guests"] if each not in WITHOUT]
ROOT_URLCONF = "tests.sites.guests.urls"
PRESENCE = {**PRESENCE, "BOARDS": ["guests.Article", "guests.Rule"], "BOARD_MODEL": ""}
if "AUTHORIZE" in os.environ:
    PRESENCE["AUTHORIZE"] = os.environ["AUTHORIZE"]
# As behind a proxy that names itself in Host.
USE_X_FORWARDED_HOST = True
# The files as they are, also with DEBUG off.
STORAGES = {
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
