"""The example site on 127.0.0.1, with pages of another origin let in: EMBED_ORIGINS, by commas."""

import os

from presence_site.settings import *  # noqa: F403

ALLOWED_HOSTS = ["127.0.0.1"]
PRESENCE = {**PRESENCE, "EMBED_ORIGINS": os.environ["EMBED_ORIGINS"].split(",")}  # noqa: F405
