"""The example site with everything wrong around presence: no application that can be loaded, no
URLs of presence, and Django's own runserver."""

from presence_site.settings import *  # noqa: F403
from presence_site.settings import INSTALLED_APPS

INSTALLED_APPS = [app for app in INSTALLED_APPS if app != "daphne"]
ASGI_APPLICATION = "tests.sites.unserved.broken.application"
ROOT_URLCONF = "tests.sites.unserved.urls"
