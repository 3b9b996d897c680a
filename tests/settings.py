"""The example site's settings, as a developer has them, for tests."""

import os

os.environ["DEBUG"] = "1"
os.environ.pop("REDIS_URL", None)
os.environ.pop("DATABASE_URL", None)

from presence_site.settings import *  # noqa: F403

# Hashing passwords slowly is for attackers, not for tests.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Tests that run at the same time are processes of two sites, not two of one.
BASE_DIR = BASE_DIR / os.environ.get("PYTEST_XDIST_WORKER", "")  # noqa: F405
