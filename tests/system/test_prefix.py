"""The site below a path, behind a real nginx that strips the prefix or keeps it, and that tells the
site another host than the browser's."""

import html
import json
import re
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import pytest
from websockets.exceptions import InvalidStatus

from tests.support.accounts import sign_in
from tests.support.clients import Clients
from tests.support.nginx import run_proxy
from tests.support.server import OPEN_BOARD, Server, free_port, serve, with_settings
from tests.support.visitor import Visitor

FRONT = """
server {{
    listen 127.0.0.1:{port};
    location /app/ {{
        proxy_pass http://127.0.0.1:{behind}{path};
        proxy_http_version 1.1;
        proxy_set_header Host {host};
        proxy_set_header X-Forwarded-Host $http_host;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection $connection_upgrade;
    }}
}}
"""
UPGRADE = 'map $http_upgrade $connection_upgrade { default upgrade; "" ""; }\n'

# Django would read a relative STATIC_URL before it knows the prefix.
STATIC = {"STATIC_URL": "/app/static/", "WHITENOISE_STATIC_PREFIX": "/static/"}


@dataclass(frozen=True)
class Way:
    """How a site gets its prefix: `settings`, and options of a server."""

    server: str
    settings: dict[str, Any]
    options: tuple[str, ...] = ()


FORCED = Way("daphne", {**STATIC, "FORCE_SCRIPT_NAME": "/app"})
FORWARDED = Way(
    "daphne", {**STATIC, "USE_X_FORWARDED_HOST": True, "ALLOWED_HOSTS": ["127.0.0.1"]},
    ("--root-path", "/app"),
)  # fmt: skip
TRUSTED = Way("uvicorn", {**STATIC, "ALLOWED_HOSTS": ["internal.test"]}, ("--root-path", "/app"))

TRUSTED_FRONT = "uvicorn, stripped, trusted origin"
FRONTS = {
    "forced, stripped": (FORCED, "/", "$http_host"),
    "forced, kept": (FORCED, "", "$http_host"),
    "root path, stripped, X-Forwarded-Host": (FORWARDED, "/", "internal.test"),
    "root path, kept, X-Forwarded-Host": (FORWARDED, "", "internal.test"),
    TRUSTED_FRONT: (TRUSTED, "/", "internal.test"),
}
"""The site, the path that nginx puts in place of /app/, and the host that it tells."""


@pytest.fixture(scope="module")
def sites(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[dict[str, Server]]:
    """The fronts, by their names, and "trusted": the server behind the last one."""
    folder = tmp_path_factory.mktemp("prefix")
    ports = {name: free_port() for name in FRONTS}
    trusted = f"http://127.0.0.1:{ports[TRUSTED_FRONT]}"
    with ExitStack() as running:
        servers = {}
        for way in (FORCED, FORWARDED, TRUSTED):
            settings = way.settings
            if way is TRUSTED:
                settings = {**settings, "CSRF_TRUSTED_ORIGINS": [trusted]}
            servers[id(way)] = running.enter_context(
                serve(
                    folder,
                    with_settings(environment, **settings),
                    healthy=False,
                    options=way.options,
                    name=way.server,
                )
            )
        text = UPGRADE + "".join(
            FRONT.format(port=ports[name], behind=servers[id(way)].port, path=path, host=host)
            for name, (way, path, host) in FRONTS.items()
        )
        front = running.enter_context(run_proxy(folder, text, ports["forced, kept"]))
        fronts = {
            name: Server(port, front.process, front.log, environment)
            for name, port in ports.items()
        }
        yield {**fronts, "trusted": servers[id(TRUSTED)]}


@pytest.fixture(scope="module")
def session(sites: dict[str, Server]) -> str:
    """The superuser's."""
    return sign_in(sites["forced, kept"], admin=[])["admin"]


@pytest.fixture
def server(sites: dict[str, Server], request: pytest.FixtureRequest) -> Server:
    return sites[request.param]


def attribute(page: str, element: str, name: str) -> str:
    found = re.search(rf'<{element}[^>]* {name}="([^"]*)"', page)
    assert found, f"{name} of {element}"
    return html.unescape(found[1])


def scripts(page: str) -> list[str]:
    found = re.findall(r'(?:src|href)="([^"]*presence/[^"]*\.(?:js|css))"', page)
    assert found
    return found


@pytest.mark.parametrize("server", FRONTS, indirect=True)
async def test_pages_scripts_and_sockets_are_below_the_prefix(
    server: Server, clients: Clients, board: str
) -> None:
    guest = Visitor(server.origin)
    page = guest.get(f"/app/boards/{board}/").text
    for script in scripts(page):
        assert script.startswith("/app/static/presence/")
        assert guest.get(script).status == 200
    socket = attribute(page, "presence-overlay", "endpoint")
    assert socket == f"/app/ws/presence/{board}/"
    url = server.origin.replace("http", "ws") + socket
    ada = await clients.join("Ada", board=board, url=url)
    counts = attribute(guest.get("/app/").text, "presence-count", "endpoint")
    told = json.loads(guest.get(counts, board=board).text)
    assert (counts, told) == ("/app/presence/counts/", {"counts": {board: 1}})
    token = guest.get(f"/app/presence/token/{board}/", {"Origin": server.origin}).text
    offered = ("presence.v1", f"presence.token.{json.loads(token)['token']}")
    bob = await clients.connect(board=board, url=url, subprotocols=offered)
    assert (await bob.join("Bob")).count == 2
    await ada.until(lambda: ada.count == 2, "Bob")


@pytest.mark.parametrize("server", FRONTS, indirect=True)
async def test_the_admin_is_below_the_prefix(
    server: Server, sites: dict[str, Server], clients: Clients, session: str, board: str
) -> None:
    staff = Visitor(server.origin, {"sessionid": session})
    page = staff.get("/app/admin/presence/overview/").text
    assert all(staff.get(script).status == 200 for script in scripts(page))
    config = re.search(r'<script id="presence-overview"[^>]*>(.*?)</script>', page)
    assert config
    told = json.loads(config[1])
    assert told["socket"] == "/app/ws/presence/staff/"
    assert staff.get(told["feed"], overview="1").status == 200
    origin = server.origin.replace("http", "ws")
    await clients.join("Ada", board=board, url=f"{origin}/app/ws/presence/{board}/")
    if server.port == sites[TRUSTED_FRONT].port:
        # Django accepts its forms. A socket would let it read, so the page polls the feed.
        with pytest.raises(InvalidStatus, match="403"):
            await clients.staff(session, url=origin + told["socket"])
        return
    live = await clients.staff(session, url=origin + told["socket"])
    await live.subscribe(model="", overview=True)
    await live.until(lambda: live.overview.get("busiest"), "the busiest boards")
    (own,) = [each for each in live.overview["busiest"] if each["board"] == board]
    assert own["url"].startswith("/app/admin/")
    assert staff.get(own["url"]).status == 200


@pytest.mark.parametrize("server", [TRUSTED_FRONT], indirect=True)
async def test_a_refusal_says_what_was_compared(
    server: Server, sites: dict[str, Server], clients: Clients
) -> None:
    url = f"ws://127.0.0.1:{server.port}/app/ws/presence/{OPEN_BOARD}/"
    with pytest.raises(InvalidStatus, match="403"):
        await clients.connect(url=url, origin="http://127.0.0.1:9")
    (line,) = [line for line in sites["trusted"].logged().splitlines() if "origin of" in line]
    for compared in ("http://127.0.0.1:9", "host='internal.test'", "['internal.test']"):
        assert compared in line
    assert f"CSRF_TRUSTED_ORIGINS=['{server.origin}']" in line
