"""A page whose visitors cannot join tells the site's developer why, and nobody else."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import expect

from presence.protocol.messages import MessageType
from tests.client_facing.conftest import NewContext
from tests.support.browser import Tap, barriers
from tests.support.server import Server, free_port, manage, serve, site_environment

PREPARE = """
from django.core.management import call_command
from tests.sites.guests.models import *
call_command("migrate", run_syncdb=True, verbosity=0)
Article.objects.create(pk=1, title="News")
Draft.objects.create(pk=1)
for name in ("allow", "forbid", "sign_in", "not_found", "fails", "true"):
    Rule.objects.create(name=name)
"""

REFUSED = {
    "guests.article:1": (
        "Guests may not join guests.Article, which has no rule: add presence_decision(user) to the "
        "model, or set PRESENCE['GUESTS'] to True."
    ),
    "lobby": "the room 'lobby', which has no rule: name a rule in PRESENCE['AUTHORIZE'], or set",
    "guests.rule:forbid": (
        "presence_decision of guests.Rule returned Decision.FORBID for a guest: have it return"
    ),
    "guests.rule:sign_in": "returned Decision.SIGN_IN for a guest: sign in, or have it return",
    "guests.rule:not_found": "returned Decision.NOT_FOUND for a guest: have it return",
    "guests.rule:fails": "failed with ValueError: the rule is broken. The log has the traceback.",
    "guests.rule:true": "returned True, which is no presence.auth.Decision",
    "guests.article:2": "There is no object guests.article:2 of a model in PRESENCE['BOARDS']",
    "00000000-0000-4000-8000-000000000009": "There is no object 00000000-0000-4000-8000-",
}
"""What the developer is told, by board."""


NOTE = "presence-overlay [part~=reason]"
REFUSAL = "You cannot see who is here"
"""What the visitor is told of a fault of the site."""

ASK = """url => new Promise((answer) => {
  const socket = new WebSocket(url, "presence.debug");
  socket.onopen = socket.onmessage = socket.onclose = ({ type }) => answer(type);
})"""
"""A script that asks for the reason, and tells what came first."""

Visit = Callable[..., Tap]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the servers write."""
    return tmp_path_factory.mktemp("guests")


@pytest.fixture(scope="module")
def environment(folder: Path) -> dict[str, str]:
    """The site with its boards."""
    own = {"DJANGO_SETTINGS_MODULE": "tests.sites.guests.settings", "ALLOWED_HOSTS": "127.0.0.1"}
    environment = site_environment(folder, **own)
    manage(environment, "shell", "--no-imports", "-c", PREPARE)
    return environment


@pytest.fixture(scope="module")
def server(folder: Path, environment: dict[str, str]) -> Iterator[Server]:
    """The site under Daphne."""
    with serve(folder, environment) as running:
        yield running


@pytest.fixture
def visit(new_context: NewContext) -> Visit:
    """Opens a board's page; `origin` is that of the browser, in place of the server's."""

    def open_page(server: Server, board: str, origin: str = "", **options: object) -> Tap:
        tap = Tap(new_context(**options).new_page())
        tap.open_in_own_time(f"{origin or server.origin}/page/{board}/")
        return tap

    return open_page


def note(tap: Tap) -> str:
    """Return the reason in the overlay, of which there is one."""
    shown = tap.page.locator(NOTE)
    expect(shown).to_be_visible()
    return shown.inner_text()


def told(tap: Tap) -> list[str]:
    """Return what presence wrote to the console."""
    return [line for line in tap.console if line.startswith("presence: ")]


@pytest.mark.parametrize("board", REFUSED)
def test_a_refusal(server: Server, visit: Visit, board: str) -> None:
    tap = visit(server, board)
    text = note(tap)
    assert REFUSED[board] in text
    assert told(tap) == [text.removesuffix(" (Only shown while DEBUG is on.)")]


def test_a_reason_is_told_once_and_goes_when_the_visitor_comes_in(
    server: Server, visit: Visit
) -> None:
    tap = visit(server, "guests.rule:fails")
    note(tap)
    assert barriers(tap.page, "presence-overlay") == []
    assert len(tap.sockets) == 3, "two overlays, and one question"
    closed(tap, 3 + 2 * 2)
    note(tap)
    assert len(told(tap)) == 1
    mend = "Article.objects.create(title='The rule is mended')"
    server.manage("shell", "-c", f"from tests.sites.guests.models import *; {mend}")
    count = tap.page.locator("presence-overlay [part=count]").first
    tap.until_later(count.is_visible, "the visitor is in")
    expect(tap.page.locator(NOTE)).to_have_count(0)
    assert len(told(tap)) == 1


def test_an_origin_that_is_not_allowed(server: Server, visit: Visit) -> None:
    proxy = {"X-Forwarded-Host": f"127.0.0.1:{server.port}"}
    origin = f"http://localhost:{server.port}"
    tap = visit(server, "guests.article:1", origin, extra_http_headers=proxy)
    text = unanswered(tap)
    assert f"The origin of this page, '{origin}', may not open sockets: add 'localhost' to" in text
    # Two overlays, which from their eighth sockets on ask ever more rarely.
    closed(tap, 2 * 8 + 1)
    tap.until(lambda: tap.page.locator("[part=notice]").all_inner_texts() == [REFUSAL] * 2, REFUSAL)
    assert len(told(tap)) == 1


@pytest.mark.parametrize("case", ["no route", "a WSGI server"])
def test_a_site_without_sockets(
    folder: Path, environment: dict[str, str], visit: Visit, case: str
) -> None:
    port = free_port()
    name, application = "daphne", "tests.sites.guests.asgi:application"
    own = {"AUTHORIZE": "nowhere.to.be.found"}
    if case == "a WSGI server":
        name, application = "django runserver --noreload", f"127.0.0.1:{port}"
        own = {"WITHOUT": "daphne"}
    environment = {**environment, **own}
    with serve(folder, environment, application, port, healthy=False, name=name) as server:
        tap = visit(server, "guests.article:1")
        text = unanswered(tap)
    if case == "a WSGI server":
        assert "a WSGI server, which has no WebSockets. For runserver, put 'daphne' first" in text
    else:
        assert "asgi.py does not route WebSockets to presence: wrap its application in" in text
        failed = "presence: presence.E004: PRESENCE['AUTHORIZE'] cannot be"
        assert any(line.startswith(failed) for line in told(tap))


def closed(tap: Tap, number: int) -> None:
    """Wait until some number of sockets have been closed, however long the page would wait."""

    tap.until_later(lambda: len(tap.sockets) >= number and not tap.open, "the sockets closed")


def unanswered(tap: Tap) -> str:
    """Return the reason after the first sockets failed."""
    closed(tap, 3)
    text = note(tap)
    assert sum(line in text for line in told(tap)) == 1
    return text


def test_a_redis_that_does_not_answer(
    folder: Path, environment: dict[str, str], visit: Visit
) -> None:
    environment = {**environment, "REDIS_URL": f"redis://127.0.0.1:{free_port()}"}
    with serve(folder, environment, healthy=False) as server:
        tap = visit(server, "guests.rule:allow")
        assert "Redis: Error 111 connecting to 127.0.0.1" in note(tap)


def test_visitors_of_a_site_in_production_are_told_nothing(
    folder: Path, environment: dict[str, str], visit: Visit
) -> None:
    with serve(folder, {**environment, "DEBUG": "0", "SECRET_KEY": "k" * 50}) as server:
        for board in ("guests.article:1", "guests.rule:true", "guests.article:2"):
            tap = visit(server, board)
            closed(tap, 2)
            assert [frame[0] for frame in tap.received] == [MessageType.NOTICE] * 2
            assert "debug" not in tap.page.content()
            assert told(tap) == []
            expect(tap.page.locator(NOTE)).to_have_count(0)
        assert tap.page.evaluate(ASK, server.socket_url("lobby")) == "close"
