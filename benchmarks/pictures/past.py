"""A past for the pictures: how many people there would have been, had there been any."""

import math
from collections.abc import Mapping
from random import Random

from presence.store.history import HOURS, Bucket, Span

LOOKS = 6
DOWN = range(500, 530)
"""Minutes ago in which no process ran."""


def share(at: float) -> float:
    """Return what part of the people are there at a time: most by day, few at the week's end."""
    hour, weekday = at / 3600 % 24, int(at / 86400 + 3) % 7
    day = max(0.06, math.sin(math.pi * (hour - 6) / 14)) if 6 <= hour <= 20 else 0.06
    return day * (0.3 if weekday >= 5 else 1)


def past(span: Span, now: float, size: int, seed: int) -> Mapping[int, Bucket]:
    """Return what was seen of a board, on which `size` people are now."""
    chance, last, mood = Random(seed), span.number(now), 1.0
    seen = {}
    for ago in range(span.kept):
        mood += (1 - mood) * 0.1 + chance.uniform(-0.06, 0.06)
        people = size * mood * share((last - ago) * span.seconds) / share(now)
        if span is HOURS or ago not in DOWN:
            peak = math.ceil(people * chance.uniform(1, 1.15))
            seen[last - ago] = Bucket(LOOKS, round(people * LOOKS), peak)
    return seen


def together(number: int, boards: list[Mapping[int, Bucket]]) -> Bucket:
    """Return what was seen of all boards: their peaks seldom come at once."""
    seen = [board[number] for board in boards]
    total, peaks = sum(each.sum for each in seen), sum(each.peak for each in seen)
    return Bucket(LOOKS, total, round((total / LOOKS + peaks) / 2))
