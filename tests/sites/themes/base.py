"""The example site with one of the themes of Django's admin, which each have a module here.

The site's policy forbids the scripts within pages that the themes need.
"""

from presence_site.settings import *  # noqa: F403
from presence_site.settings import INSTALLED_APPS, MIDDLEWARE

MIDDLEWARE = [each for each in MIDDLEWARE if not each.endswith("content_security_policy")]


def with_theme(*apps: str) -> list[str]:
    """Return the installed apps with those of a theme, whose templates come before Django's."""
    before = INSTALLED_APPS.index("django.contrib.admin")
    return [*INSTALLED_APPS[:before], *apps, *INSTALLED_APPS[before:]]
