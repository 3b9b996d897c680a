"""The example site, and a page for each situation of tests/situations, which may have any style and
script."""

from pathlib import Path

import unfold

from presence_site.settings import *  # noqa: F403
from presence_site.settings import BASE_DIR, MIDDLEWARE, TEMPLATES

MIDDLEWARE = [each for each in MIDDLEWARE if "content_security_policy" not in each]
TEMPLATES = [{**TEMPLATES[0], "DIRS": [BASE_DIR / "tests/situations"]}]
ROOT_URLCONF = "tests.sites.situations.urls"
PRESENCE = {"GUESTS": True}
X_FRAME_OPTIONS = "SAMEORIGIN"
STATICFILES_DIRS = [Path(unfold.__file__).parent / "static"]  # It has a font.
