"""The example site with the pages that presence/client builds for tests, under /static/."""

from presence_site.settings import *  # noqa: F403

STATICFILES_DIRS = [*STATICFILES_DIRS, BASE_DIR / "presence" / "client" / "build" / "pages"]  # noqa: F405
