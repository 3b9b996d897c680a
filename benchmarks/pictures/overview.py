"""`python -m benchmarks.pictures.overview`: the pictures of the admin's overview in docs/images,
taken of two real processes with some tens of people on their boards, and a month behind them.
"""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import cycle
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from threading import Event, Thread
from typing import Literal
from uuid import UUID

from playwright.sync_api import Browser, Page, ViewportSize

from benchmarks.pictures.past import past, together
from benchmarks.pictures.screenshots import IMAGES, check, cookie
from presence.store.history import HOURS, MINUTES
from presence.store.redis.scripts import Keys
from tests.support.accounts import sign_in
from tests.support.browser import run_chromium
from tests.support.clients import Guest, inviting
from tests.support.cluster import Cluster, run_cluster
from tests.support.history import write_history
from tests.support.redis import RedisServer, run_redis
from tests.support.server import manage, prepare, site_environment

PAGE = "/admin/presence/overview/"
SIZE: ViewportSize = {"width": 1280, "height": 800}

BOARDS = {
    "Sprint planning": 14,
    "Design review": 9,
    "Roadmap for spring": 7,
    "Retrospective": 5,
    "Onboarding": 3,
    "Office move": 2,
    "Book club": 1,
}
"""Boards and their people, of which each has a UUID by its place."""

MAKE = (
    "from presence_site.models import Board\n"
    "Board.objects.bulk_create("
    "Board(id=id, title=title, open_to_guests=True) for id, title in {!r})"
)

READY = """([people, sockets]) => {
  const said = name => Number(document.querySelector(`[data-total=${name}]`).textContent);
  const [first] = document.querySelectorAll('#presence-processes tbody td:nth-child(4)');
  const plots = [...document.querySelectorAll('.presence-plot .uplot')];
  const everybody = said('people') === people && said('sockets') === sockets;
  return everybody && plots.length === 3 && Number(first?.textContent) > 5;
}"""


def identity(number: int) -> UUID:
    """Return the UUID of the board in that place."""
    return UUID(int=(4 << 76) + (2 << 62) + number + 10)


def write_past(redis: RedisServer) -> None:
    """Give the site a day by the minute and a month by the hour."""
    now = time.time()
    with redis.client() as client:
        for span in (MINUTES, HOURS):
            boards = [past(span, now, size, n) for n, size in enumerate(BOARDS.values())]
            for number, seen in enumerate(boards):
                write_history(client, identity(number), span, seen)
            write_history(client, None, span, {n: together(n, boards) for n in boards[0]})


def everybody() -> Iterator[int]:
    """Yield each person's place on their board."""
    return (one for size in BOARDS.values() for one in range(size))


def tabs(one: int) -> int:
    """Return in how many tabs a person is there: one in six has two."""
    return 2 if one % 6 == 0 else 1


@contextmanager
def people(cluster: Cluster) -> Iterator[None]:
    """Fill the boards, over all processes. Everybody moves."""
    with ExitStack() as stack:
        guests: list[Guest] = []
        for number, size in enumerate(BOARDS.values()):
            board = str(identity(number))
            servers = cycle(
                stack.enter_context(inviting(server, board)) for server in cluster.servers
            )
            for one in range(size):
                own = "=".join(cookie(f"{number}-{one}"))
                guests += [next(servers)(f"Guest {one}", own) for _ in range(tabs(one))]
        stack.enter_context(moving(guests))
        yield


@contextmanager
def moving(guests: list[Guest]) -> Iterator[None]:
    """Have everybody point at something else, a few times a second."""
    over = Event()

    def move() -> None:
        chance = Random(3)
        while not over.wait(0.3):
            for guest in guests:
                guest.point(chance.random(), chance.random())

    thread = Thread(target=move)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def take(browser: Browser, cluster: Cluster, scheme: Literal["light", "dark"], file: str) -> None:
    """Take one picture."""
    server = cluster.servers[0]
    context = browser.new_context(viewport=SIZE, device_scale_factor=1.5, color_scheme=scheme)
    session = sign_in(server, admin=None)["admin"]
    context.add_cookies([{"name": "sessionid", "value": session, "url": server.origin}])
    page: Page = context.new_page()
    page.goto(f"{server.origin}{PAGE}")
    page.wait_for_function(READY, arg=[sum(BOARDS.values()), sum(map(tabs, everybody()))])
    page.screenshot(path=IMAGES / file, full_page=True)
    context.close()
    check(IMAGES / file)


def main() -> None:
    """Take both pictures."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        environment = site_environment(folder)
        # Here too, since the cookies are signed with the site's key.
        os.environ.update(environment)
        prepare(environment)
        boards = [(str(identity(number)), title) for number, title in enumerate(BOARDS)]
        manage(environment, "shell", "--no-imports", "-c", MAKE.format(boards))
        redis = stack.enter_context(run_redis(folder))
        write_past(redis)
        with redis.client() as client:
            # Nobody looks while the people come.
            client.set(Keys("presence").recorder, f"{round((time.time() + 120) * 1e6)}\tnobody")
        (folder / "logs").mkdir()
        running = run_cluster(folder / "logs", environment, redis.url, 2)
        cluster = stack.enter_context(running)
        stack.enter_context(people(cluster))
        with redis.client() as client:
            client.delete(Keys("presence").recorder)
        browser = stack.enter_context(run_chromium())
        take(browser, cluster, "light", "admin-overview.png")
        take(browser, cluster, "dark", "admin-overview-dark.png")


if __name__ == "__main__":
    main()
