"""Strangers who pretend: to be pages of the site, to have a token or a session, to have a name that
is none. They come in by no way, and what they say does no harm where it is shown."""

import asyncio
import re
import unicodedata
from contextlib import closing
from functools import cache
from http.client import HTTPConnection
from urllib.parse import quote

import pytest

from presence.protocol.messages import MAX_NAME_BYTES
from tests.hostile.conftest import production
from tests.hostile.raw import handshake
from tests.support.accounts import guest_cookie, issue, sign_in
from tests.support.clients import Clients
from tests.support.server import MEMBERS_BOARD, Server
from tests.support.waiting import DEADLINE

PAGES = "https://www.example.com"
"""The origin of another site, which shows boards with tokens."""


@pytest.fixture(scope="module")
def site(environment: dict[str, str]) -> dict[str, str]:
    """A site that embeds its boards in another one, and logs names."""
    return production(environment, EMBED_ORIGINS=[PAGES], LOG_NAMES=True)


# Pages of nobody

OWN, OTHER = "http://127.0.0.1:{port}", "http://evil.example"


@pytest.mark.parametrize(
    ("origins", "host"),
    [
        ([OTHER], ""),
        ([], ""),
        (["null"], ""),
        ([""], ""),
        ([OWN, OTHER], ""),
        ([OTHER], "evil.example"),  # its name leads to this machine: DNS rebinding
        (["http://127.0.0.1.evil.example"], ""),
        (["http://127.0.0.1@evil.example"], ""),
        (["http://evil.example/127.0.0.1"], ""),
        ([PAGES + ":444"], ""),
        ([PAGES.replace("https", "http")], ""),
    ],
)
async def test_only_pages_of_the_site_open_sockets(
    server: Server, board: str, origins: list[str], host: str
) -> None:
    request = handshake(server.port, board).decode()
    own = f"Origin: {OWN.format(port=server.port)}\r\n"
    assert own in request
    wrong = "".join(f"Origin: {origin}\r\n" for origin in origins).format(port=server.port)
    request = request.replace(own, wrong)
    if host:
        request = re.sub(r"Host: .*?\r", f"Host: {host}\r", request)
    assert (await answer(server, request.encode())).split()[1] in (b"400", b"403")


async def answer(server: Server, request: bytes) -> bytes:
    """Return the header of the answer to a request."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(request)
    async with asyncio.timeout(DEADLINE):
        header = await reader.readuntil(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    return header


# Tokens and sessions of others


def tokens(board: str, other: str) -> dict[str, tuple[list[str], int]]:
    """Return offers of tokens that let nobody in, and the close codes."""
    good = issue(board, PAGES, person="7")
    payload, _, signature = good.partition(".")
    return {
        "none": ([], 4401),
        "empty": ([""], 4403),
        "expired": ([issue(board, PAGES, age=3_600)], 4401),
        "another person's payload": (
            [issue(board, PAGES, "8").split(".")[0] + "." + signature],
            4403,
        ),
        "unsigned": ([payload], 4403),
        "signature of nothing": (["." + signature], 4403),
        "another board's": ([issue(other, PAGES)], 4403),
        "another page's": ([issue(board, "https://other.example")], 4403),
        "a guest's cookie": ([guest_cookie().partition("=")[2].replace(":", ".")], 4403),
        "long": (["x" * 8_000], 4403),
        "a wrong one first": ([good[:-1], good], 4403),
    }


async def test_no_wrong_token_lets_anybody_in(clients: Clients, boards: list[str]) -> None:
    for what, (offered, code) in tokens(clients.board, boards[0]).items():
        names = ("presence.v1", *(f"presence.token.{token}" for token in offered))
        client = await clients.connect(subprotocols=names, origin=PAGES)
        assert await client.closed() == code, what


async def test_a_session_ends_with_its_logout(server: Server, clients: Clients) -> None:
    """The cookie may have been copied: the page's own socket goes, and no other comes."""
    session = sign_in(server, ada=None)["ada"]
    cookies = f"sessionid={session}"
    ada = await clients.join(board=MEMBERS_BOARD, cookies=cookies)
    await asyncio.to_thread(log_out, server, session)
    assert await ada.closed() == 4401
    thief = await clients.connect(board=MEMBERS_BOARD, cookies=cookies)
    assert await thief.closed() == 4401
    for forged in ("sessionid=" + "a" * 32, "sessionid=", f"sessionid={session}; sessionid=x"):
        client = await clients.connect(board=MEMBERS_BOARD, cookies=forged)
        assert await client.closed() == 4401, forged


def log_out(server: Server, session: str) -> None:
    """Log a session out, as its page does."""
    cookies = f"sessionid={session}; csrftoken={'c' * 32}"
    headers = {"Cookie": cookies, "X-CSRFToken": "c" * 32, "Origin": server.origin}
    connection = HTTPConnection("127.0.0.1", server.port, timeout=DEADLINE)
    with closing(connection):
        connection.request("POST", "/accounts/logout/", headers=headers)
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 302


async def test_a_forged_guest_is_somebody_else(clients: Clients) -> None:
    cookie = guest_cookie()
    ada = await clients.join("Ada", cookies=cookie)
    for forged in (
        cookie[:-1],
        cookie.partition(":")[0],
        cookie.partition(":")[0] + ":",
        f"{cookie}x",
    ):
        mallory = await clients.join("Mallory", cookies=forged)
        await ada.until(lambda: ada.count == 2, forged)
        await mallory.leave()
        await ada.until(lambda: ada.count == 1, f"{forged} gone")


# Names

DROPPED = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Categories of Unicode that no name has. Private and unassigned characters are drawn as boxes; of
the unassigned ones, this Python's Unicode version may not know all."""

JOINERS = "\u200c\u200d"
"""They may stand between two visible characters, where emoji and Persian need them."""

SEPARATORS = "\u2028\u2029\u0085\x0b\x0c\x1c\x1d\x1e"
"""What `str.splitlines`, and some viewers of logs, take for the end of a line."""


@cache
def nasty_names() -> list[str]:
    """Return names with every category of Unicode, and known tricks."""
    of_category: dict[str, list[str]] = {}
    for character in map(chr, range(0x11_0000)):
        of_category.setdefault(unicodedata.category(character), []).append(character)
    del of_category["Cs"]  # UTF-8 has none
    return [
        *(f"a{some[0]}b{some[-1]}c" for some in of_category.values()),
        "abc\u202edef", "\u2066x\u2069", "a\u200b\u200bb", "\ufeffAda", "Z" + "\u0301" * 14,
        *(f"Ada{separator}ERROR x" for separator in ["\n", "\r\n", *SEPARATORS]),
        "\x1b[31mred\x1b[0m", '" event="join', "%s%(name)s{0}", "=HYPERLINK(1)", "@SUM(1)", "-1+1",
        "<script>alert(1)</script>", "'\"><img src=x onerror=a()>", "{{7*7}}", "</script>",
        "👩" + "\u200d👩" * 12, "🇩" * 24, "क\u094d" * 16,
        "\U000e0041\U000e0042", "\u3164", "\u2800", " ", "",
    ]  # fmt: skip


def test_the_names_have_every_category() -> None:
    assert len({unicodedata.category(c) for c in "".join(nasty_names())}) == 29


async def test_no_name_does_harm_where_it_is_shown(server: Server, clients: Clients) -> None:
    lines = len(server.logged().splitlines())
    watcher = await clients.join("Watcher")
    for name in nasty_names():
        mallory = await clients.join(name)
        await watcher.until(lambda: watcher.count == 2, repr(name))
        (shown,) = set(watcher.others.values())
        assert 0 < len(shown.encode()) <= MAX_NAME_BYTES, name
        assert all(
            unicodedata.category(character) not in DROPPED or character in JOINERS
            for character in shown
        ), (name, shown)
        assert not re.search(r"[̀-ͯ]{5}|^[\s\u200c\u200d]|[\s\u200c\u200d]$", shown), (name, shown)
        await mallory.leave()
        await watcher.until(lambda: watcher.count == 1, f"{name!r} gone")
    assert_one_line_each(server, lines)


LINE = re.compile(
    r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d,\d{3} [A-Z]+ [\w.]+: |\d+\.\d+\.\d+\.\d+:\d+ - - \["
)
"""The beginning of a line of the log: of the site's, or Daphne's about a request."""


def assert_one_line_each(server: Server, since: int) -> None:
    """Assert that nobody wrote a line of their own into the log, or anything that a terminal or
    another viewer takes for more than text."""
    for line in server.logged().splitlines()[since:]:
        assert LINE.match(line), (line, server.logged()[-3_000:])
        assert not any(unicodedata.category(c) in ("Cc", "Cf") for c in line), repr(line)


@pytest.mark.parametrize("path", ["", "x", "%0A/", "a%0AERROR/", "%0D%0A/", "%00/", "%FF/"])
async def test_what_is_no_board_is_told_so(server: Server, clients: Clients, path: str) -> None:
    client = await clients.connect(url=f"{server.socket_url('')[:-1]}{path}")
    assert await client.closed() == 4404


@pytest.mark.parametrize(("said", "wrong"), [("GET", "POST"), ("Version: 13", "Version: x")])
async def test_no_wrong_handshake_makes_the_server_fail(
    server: Server, board: str, said: str, wrong: str
) -> None:
    lines = len(server.logged().splitlines())
    request = handshake(server.port, board).decode()
    assert said in request
    assert b" 101 " not in await answer(server, request.replace(said, wrong).encode())
    # By the next answer the server knows that this connection is closed.
    await answer(server, b"GET /healthz?live HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert_one_line_each(server, lines)


async def test_no_request_writes_lines_of_its_own_into_the_log(server: Server, board: str) -> None:
    lines = len(server.logged().splitlines())
    for text in ("a\nERROR x", "\r\n", "\x1b[31m", "\u2028", "\u202e", "\x00", "%s%n"):
        request = handshake(server.port, board).decode()
        path = request.replace(f"/{board}/", f"/{quote(text)}/")
        await answer(server, path.encode())
        # As it is, where the form of a request allows it.
        for header in ("Origin: ", "User-Agent: ", "X-Forwarded-For: ", "Cookie: presence_guest="):
            value = text.replace("\r", "").replace("\n", "").replace("\x00", "")
            wrong = request.replace("Upgrade:", f"{header}{value}\r\nUpgrade:")
            await answer(server, wrong.encode())
    assert_one_line_each(server, lines)
