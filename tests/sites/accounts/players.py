"""A site whose accounts have a key of text and no permissions, and a backend of their own. Sessions
are in signed cookies, and some of them have an earlier key of the site's."""

from tests.sites.accounts.settings import *  # noqa: F403
from tests.sites.accounts.settings import INSTALLED_APPS, MIDDLEWARE

WITHOUT = ("django.contrib.admin", "django.contrib.sessions", "django.contrib.messages")
INSTALLED_APPS = [app for app in INSTALLED_APPS if app not in WITHOUT]
MIDDLEWARE = [name for name in MIDDLEWARE if ".messages." not in name]
AUTH_USER_MODEL = "accounts.Player"
AUTHENTICATION_BACKENDS = ["tests.sites.accounts.backends.ByHandle"]
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
SESSION_COOKIE_NAME = "who"
SESSION_COOKIE_PATH = "/page/"
SECRET_KEY_FALLBACKS = ["earlier"]
