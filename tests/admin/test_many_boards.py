"""Sorting and filtering a long list by people. tests/client_facing does it in PostgreSQL."""

import pytest

from tests.support import many_boards


@pytest.mark.django_db
def test_in_sqlite() -> None:
    assert "sorted in" in many_boards.check()
