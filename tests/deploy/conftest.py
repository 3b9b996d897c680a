"""Fixtures for tests of the files of deploy/."""

from tests.support.fixtures import *  # noqa: F403
