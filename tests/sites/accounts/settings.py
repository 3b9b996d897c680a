"""A site whose accounts are e-mail addresses, without any setting for their names."""

import os

from presence_site.settings import *  # noqa: F403
from presence_site.settings import INSTALLED_APPS, TEMPLATES

INSTALLED_APPS = [
    *(app for app in INSTALLED_APPS if app != "presence_site"),
    "tests.sites.accounts",
]
AUTH_USER_MODEL = "accounts.Member"
# One step makes all tables, those of the accounts before the others.
MIGRATION_MODULES = dict.fromkeys(("admin", "auth", "contenttypes", "sessions", "presence"))
TEMPLATES = [{**TEMPLATES[0], "DIRS": []}]
ROOT_URLCONF = "tests.sites.accounts.urls"
PRESENCE = {
    "BOARDS": ["contenttypes.ContentType"],
    "GUESTS": True,
    "REDIS_URL": os.environ.get("REDIS_URL", ""),
}
