"""The two ways from a socket to its connection: past Daphne's own machinery, and through it."""

import pytest

PATHS = [
    pytest.param(True, id="fast path"),
    pytest.param(False, id="ordinary path", marks=pytest.mark.long),
]
"""The ways, of which `make test` leaves the second to `make long` or `make hostile`."""

BOTH_PATHS = pytest.mark.parametrize(
    "fast_path", [True, False], ids=["fast path", "ordinary path"], indirect=True, scope="module"
)
"""A module's mark that runs it over both."""

FAST_PATH = pytest.mark.parametrize("fast_path", PATHS, indirect=True, scope="module")
"""The same for a slow module, by `PATHS`."""
