"""The example site with settings that are strict about views: a transaction around each
(`ATOMIC_REQUESTS`), an account for each (`LoginRequiredMiddleware`), a language in each URL, and
`/metrics` taken by another app."""

from presence_site.settings import *  # noqa: F403
from presence_site.settings import DATABASES, INSTALLED_APPS, MIDDLEWARE

DATABASES = {alias: {**each, "ATOMIC_REQUESTS": True} for alias, each in DATABASES.items()}
DATABASES["second"] = {**DATABASES["default"], "NAME": ":memory:"}
INSTALLED_APPS = [*INSTALLED_APPS, "django_prometheus"]
MIDDLEWARE = [
    *MIDDLEWARE,
    "django.middleware.locale.LocaleMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
]
ROOT_URLCONF = "tests.sites.strict.urls"
ASGI_APPLICATION = "tests.sites.strict.asgi.application"
LOGIN_URL = "admin:login"
