"""A list of 10,000 boards, 500 of which have people, sorted and filtered by people, in whatever
database the site has."""

import re

from django.test import Client

from presence_site.models import Board
from tests.support.admin import make_staff, serving

BOARDS, WITH_PEOPLE = 10_000, 500
ONLINE = 4
"""The column of people."""

NUMBER = re.compile(r'class="presence-online"[^>]*>(\d+)<')
TOTAL = re.compile(r"(\d+) boards?\b")


def numbers(client: Client, query: str) -> tuple[list[int], int]:
    """Return the numbers on a page of the list, and how many boards there are on all its pages."""
    answer = client.get(f"/admin/presence_site/board/?{query}", headers={"host": "localhost"})
    page = answer.content.decode()
    return [int(number) for number in NUMBER.findall(page)], int(TOTAL.findall(page)[-1])


def check() -> None:
    """Assert that the list is right; leaves nothing behind."""
    boards = Board.objects.bulk_create(Board(title=f"Board {n}") for n in range(BOARDS))
    people = {board.pk: n % 20 + 1 for n, board in enumerate(boards[:: BOARDS // WITH_PEOPLE])}
    client, staff = Client(), make_staff("sort", "view_board")
    client.force_login(staff)
    with serving() as process:
        process.put(people)
        wanted = sorted(people.values(), reverse=True)
        most, everything = numbers(client, f"o=-{ONLINE}")
        assert (most, everything >= BOARDS) == (wanted[:100], True)
        assert numbers(client, f"o={ONLINE}")[0] == [0] * 100
        assert numbers(client, f"o=-{ONLINE}&p=5")[0] == wanted[400:]
        some = numbers(client, f"people_now=some&o={ONLINE}")
        assert some == (wanted[::-1][:100], WITH_PEOPLE)
        assert numbers(client, "people_now=none")[1] == everything - WITH_PEOPLE
    Board.objects.filter(title__startswith="Board ").delete()
    staff.delete()
