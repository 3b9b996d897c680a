"""A list of 10,000 boards, 500 of which have people, sorted and filtered by people: in whatever
database the site has."""

import re
import time
from typing import Any

from django.test import Client

from presence_site.models import Board
from tests.support.admin import make_staff, serving

BOARDS, WITH_PEOPLE = 10_000, 500
LIST = "/admin/presence_site/board/"
ONLINE = 4
NUMBER = re.compile(r'class="presence-online"[^>]*>(\d+)<')
TOTAL = re.compile(r"(\d+) boards?\b")


def numbers(client: Client, query: str) -> tuple[list[int], int, float]:
    """Return the numbers on a page of the list, how many boards there are on all its pages, and the
    seconds it took."""
    began = time.perf_counter()
    page = client.get(f"{LIST}?{query}", headers={"host": "localhost"}).content.decode()
    took = time.perf_counter() - began
    metrics: Any = TOTAL.findall(page)
    return [int(number) for number in NUMBER.findall(page)], int(metrics[-1]), took


def check() -> str:
    """Raise where the list is not as it should be; return how long its pages took."""
    boards = Board.objects.bulk_create(Board(title=f"Board {n}") for n in range(BOARDS))
    people = {board.pk: n % 20 + 1 for n, board in enumerate(boards[:: BOARDS // WITH_PEOPLE])}
    client, staff = Client(), make_staff("sort", "view_board")
    client.force_login(staff)
    with serving() as process:
        process.put(people)
        wanted = sorted(people.values(), reverse=True)
        down, everything, seconds = numbers(client, f"o=-{ONLINE}")
        assert everything >= BOARDS
        assert down == wanted[:100]
        up, _, _ = numbers(client, f"o={ONLINE}")
        assert up == [0] * 100
        last, _, _ = numbers(client, f"o=-{ONLINE}&p=5")
        assert last == wanted[400:]
        found, number, filtering = numbers(client, f"people_now=some&o={ONLINE}")
        assert (found, number) == (wanted[::-1][:100], WITH_PEOPLE)
        _, number, _ = numbers(client, "people_now=none")
        assert number == everything - WITH_PEOPLE
    Board.objects.filter(title__startswith="Board ").delete()
    staff.delete()
    return f"sorted in {seconds:.3f} s, filtered in {filtering:.3f} s"
