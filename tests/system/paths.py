"""The two ways from a socket to its connection: past Daphne's own machinery, and through it."""

import pytest

BOTH_PATHS = pytest.mark.parametrize(
    "fast_path", [True, False], ids=["fast path", "ordinary path"], indirect=True, scope="module"
)
"""A module's mark that runs it over both."""
