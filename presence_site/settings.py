"""Settings of the site, from the environment. docs/settings.md, "The example site", lists the
variables.
"""

import logging
import os
from pathlib import Path

from presence_site import environment

BASE_DIR = Path(__file__).resolve().parent.parent
VAR_DIR = BASE_DIR / "var"

DEBUG = environment.flag(os.environ, "DEBUG")
SECRET_KEY = environment.secret_key(os.environ, DEBUG)
SECRET_KEY_FALLBACKS = environment.listed(os.environ, "SECRET_KEY_FALLBACKS")
ALLOWED_HOSTS = environment.allowed_hosts(os.environ, DEBUG)

INSTALLED_APPS = [
    # First, so that `manage.py runserver` is Daphne's and speaks WebSocket.
    "daphne",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "channels",
    "presence",
    "presence_site",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "presence_site.middleware.content_security_policy",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "presence_site.urls"
ASGI_APPLICATION = "presence_site.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = environment.databases(os.environ, VAR_DIR)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

CHANNEL_LAYERS = environment.channel_layers(os.environ)
PRESENCE = {
    "BOARD_MODEL": "presence_site.Board",
    "REDIS_URL": os.environ.get("REDIS_URL", ""),
    "TRUSTED_PROXIES": environment.listed(os.environ, "TRUSTED_PROXIES"),
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "boards"
LOGOUT_REDIRECT_URL = "boards"

LANGUAGE_CODE = "en"
# Boards are in the visitor's language if it is one of these, other pages are in English.
LANGUAGES = [
    ("ar", "العربية"),
    ("de", "Deutsch"),
    ("en", "English"),
    ("es", "español"),
    ("fr", "français"),
]
TIME_ZONE = "UTC"
USE_I18N = True
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": (
            "django.contrib.staticfiles.storage.StaticFilesStorage"
            if DEBUG
            else "presence_site.storage.ModuleManifestStorage"
        )
    },
}
# In development static files are served from where they are written.
WHITENOISE_USE_FINDERS = DEBUG
WHITENOISE_AUTOREFRESH = DEBUG

SECURE_CONTENT_TYPE_NOSNIFF = True
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
# BEHIND_HTTPS=1: visitors come by https through a proxy that sets X-Forwarded-Proto and lets no
# visitor set it. It does not follow from DEBUG=0: with secure cookies sign-in silently fails over
# plain http, for example where somebody tries a production setup on their own machine.
BEHIND_HTTPS = environment.flag(os.environ, "BEHIND_HTTPS")
SESSION_COOKIE_SECURE = BEHIND_HTTPS
CSRF_COOKIE_SECURE = BEHIND_HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_HTTPS else None
SECURE_SSL_REDIRECT = BEHIND_HTTPS
# Probes and Prometheus ask a process directly, by plain http.
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^metrics$"]
SECURE_HSTS_SECONDS = environment.hsts_seconds(os.environ) if BEHIND_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = environment.flag(os.environ, "HSTS_SUBDOMAINS")
SECURE_HSTS_PRELOAD = SECURE_HSTS_INCLUDE_SUBDOMAINS
# Subdomains may belong to others, so it takes HSTS_SUBDOMAINS=1 to promise https for them.
SILENCED_SYSTEM_CHECKS = (
    [] if SECURE_HSTS_INCLUDE_SUBDOMAINS else ["security.W005", "security.W021"]
)

LOG_FORMAT = environment.log_format(os.environ)
# Otherwise Python writes its warnings to stderr as text.
logging.captureWarnings(LOG_FORMAT == "json")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
        "json": {"()": "presence.server.logs.JsonFormatter"},
    },
    "handlers": {
        "stderr": {
            "class": "logging.StreamHandler",
            "formatter": LOG_FORMAT,
        }
    },
    "root": {"handlers": ["stderr"], "level": "INFO"},
    # Not Django's own handlers, which write only with DEBUG and mail otherwise.
    "loggers": {"django": {"handlers": [], "level": "INFO", "propagate": True}},
}
