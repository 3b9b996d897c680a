"""The example site with pages that do what `presence.api` can, for tests to ask."""

from presence_site.settings import *  # noqa: F403

ROOT_URLCONF = "tests.support.acting_urls"
