"""The boards with most people, of those that somebody may know of."""

from collections.abc import Iterable, Mapping
from heapq import nsmallest
from uuid import UUID

MOST_LOOKED_AT = 1_000
"""Boards, the busiest first, among which is looked for those that somebody may know of."""


def rank(people: Mapping[UUID, int]) -> list[UUID]:
    """Return the boards by their people, most first; equal ones always in the same order."""
    return nsmallest(MOST_LOOKED_AT, people, key=lambda board: (-people[board], board))


def pick(
    ranking: Iterable[UUID], titles: Mapping[UUID, str | None], most: int
) -> tuple[list[UUID], list[UUID]]:
    """Return the first `most` boards of a ranking that have a title, and those that may stand among
    them: nobody has yet asked for their title. None is the title of a board that is a secret."""
    told: list[UUID] = []
    unasked: list[UUID] = []
    for board in ranking:
        if len(told) == most:
            break
        if board not in titles:
            unasked.append(board)
        elif titles[board] is not None:
            told.append(board)
    return told, unasked
