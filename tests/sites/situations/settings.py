"""The example site, and a page for each situation of tests/situations, which may have any style and
script, and be in a frame of any origin."""

from pathlib import Path

import unfold

from presence_site.settings import *  # noqa: F403
from presence_site.settings import BASE_DIR, MIDDLEWARE, TEMPLATES

WITHOUT = {
    "presence_site.middleware.content_security_policy",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
}
MIDDLEWARE = [each for each in MIDDLEWARE if each not in WITHOUT]
TEMPLATES = [{**TEMPLATES[0], "DIRS": [BASE_DIR / "tests/situations"]}]
ROOT_URLCONF = "tests.sites.situations.urls"
PRESENCE = {"GUESTS": True}
STATICFILES_DIRS = [Path(unfold.__file__).parent / "static"]  # It has a font.
