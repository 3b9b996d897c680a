"""Sorting and filtering a long list by people. tests/system does it in PostgreSQL."""

import pytest

from tests.support import many_boards


@pytest.mark.django_db
def test_in_sqlite() -> None:
    many_boards.check()
