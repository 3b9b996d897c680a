"""The example site with pages of tests, from the folder PAGES, under /static/."""

import os

from presence_site.settings import *  # noqa: F403

STATICFILES_DIRS = [*STATICFILES_DIRS, os.environ["PAGES"]]  # noqa: F405
