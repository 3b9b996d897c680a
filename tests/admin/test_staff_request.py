"""Who is behind the socket of a page of the admin, and from which page they come."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from django.contrib import admin
from django.contrib.admin.sites import all_sites
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from presence.admin.changelist_topic import ROWS
from presence.admin.overview import OverviewAdmin
from presence.admin.staff_request import is_own_page, request_of, visit_of
from presence.admin.subscription import Watch, read_rows
from presence.admin.topic import Grant
from presence.models import Overview
from presence.protocol.errors import Forbidden, SignInRequired, TryLater
from presence_site.models import Board
from tests.support.admin import make_staff


def scope(session: str = "", **headers: str) -> dict[str, Any]:
    """Return a socket's scope."""
    given = {"host": "example.com", "origin": "http://example.com", **headers}
    if session:
        given["cookie"] = f"a=b; sessionid={session}"
    return {
        "type": "websocket",
        "path": "/ws/presence/staff/",
        "query_string": b"",
        "scheme": "ws",
        "headers": [(name.encode(), value.encode()) for name, value in given.items()],
    }


@pytest.fixture(autouse=True)
def hosts(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["example.com", "[::1]"]
    # Forms of these are taken; a socket would let them read.
    settings.CSRF_TRUSTED_ORIGINS = ["https://trusted.example.org"]


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("example.com", "http://example.com"),
        ("example.com", "https://example.com"),
        ("example.com:443", "https://example.com"),
        ("example.com:8000", "http://example.com:8000"),
        ("EXAMPLE.com", "http://example.com"),
        ("[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_the_site_s_own_pages(host: str, origin: str) -> None:
    assert is_own_page(scope(host=host, origin=origin))


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        ("example.com", "http://example.com:8000"),
        ("example.com:8000", "http://example.com"),
        ("example.com", "http://www.example.com"),
        ("example.com", "http://example.com.evil.org"),
        ("example.com", "null"),
        ("example.com", "https://trusted.example.org"),
        ("example.com", ""),
        ("example.com", "file://example.com"),
        ("example.com", "http://example.com:99999"),
        ("evil.org", "http://evil.org"),
    ],
)
def test_pages_of_others(host: str, origin: str) -> None:
    assert not is_own_page(scope(host=host, origin=origin))


def test_a_page_that_was_let_in_with_a_token_is_another() -> None:
    assert not is_own_page({**scope(), "presence.embedded": True})


def test_an_insecure_page_of_a_secure_site(settings: Any) -> None:
    assert not is_own_page({**scope(), "scheme": "wss"})
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    forwarded = {"x-forwarded-proto": "https"}
    assert not is_own_page(scope(**forwarded))
    assert is_own_page(scope(origin="https://example.com", **forwarded))


@pytest.fixture
def session(client: Client) -> str:
    """The session of somebody of the staff."""
    client.force_login(make_staff("stan", "view_board"))
    return client.cookies["sessionid"].value


WATCH = Watch("admin", "presence_site.board", {})


@pytest.fixture
def own_sites() -> Iterator[None]:
    """The admin sites that a test makes are gone after it, whenever their memory is freed."""
    before = set(all_sites)
    yield
    for site in set(all_sites) - before:
        all_sites.discard(site)


@pytest.mark.django_db
@pytest.mark.usefixtures("own_sites")
class TestWhoIsThere:
    def test_staff(self, session: str) -> None:
        visit = visit_of(request_of(scope(session)), WATCH)
        assert visit.request.user.get_username() == "stan"
        assert visit.model_admin is not None

    @pytest.mark.parametrize("session", ["", "nonsense"])
    def test_nobody(self, session: str) -> None:
        with pytest.raises(SignInRequired):
            visit_of(request_of(scope(session)), WATCH)

    def test_others_than_staff(self, client: Client) -> None:
        client.force_login(User.objects.create_user("una"))
        with pytest.raises(Forbidden):
            visit_of(request_of(scope(client.cookies["sessionid"].value)), WATCH)

    def test_of_two_sites_of_one_name_the_one_that_has_the_boards(self, session: str) -> None:
        others = [admin.AdminSite() for _ in range(20)]  # whichever is kept first
        for other in others[::2]:
            other.register(Board, admin.ModelAdmin)
        visit = visit_of(request_of(scope(session)), WATCH)
        assert visit.model_admin is admin.site.get_model_admin(Board)

    def test_where_two_sites_of_one_name_have_them_nobody_guesses(self, session: str) -> None:
        class Stricter(admin.AdminSite):
            def has_permission(self, request: Any) -> bool:
                return False

        other = Stricter()
        other.register(Board, type(admin.site.get_model_admin(Board)))
        with pytest.raises(TryLater, match="2 admin sites"):
            visit_of(request_of(scope(session)), WATCH)

    def test_without_a_model_the_one_that_has_the_overview(self, session: str) -> None:
        others = [admin.AdminSite() for _ in range(20)]  # whichever is kept first
        visit = visit_of(request_of(scope(session)), Watch("admin", "", {}))
        assert visit.site.is_registered(Overview)
        others[0].register(Overview, OverviewAdmin)
        with pytest.raises(TryLater, match="2 admin sites"):
            visit_of(request_of(scope(session)), Watch("admin", "", {}))

    def test_pages_with_the_same_rows_share_what_they_are_granted(self, session: str) -> None:
        """It would be compared four times a second else, board by board."""
        boards = [board.pk for board in Board.objects.bulk_create(Board() for _ in range(3))]
        visit = visit_of(request_of(scope(session)), WATCH)

        def granted(shown: list[UUID]) -> Grant | None:
            return ROWS.permit(visit, read_rows([str(board) for board in shown]))

        first = granted(boards)
        assert granted(boards[::-1]) is first
        assert granted(boards[:2]) not in (first, None)

    def test_a_session_is_read_and_never_written(self, session: str, settings: Any) -> None:
        """Neither where it is not valid any more, nor where an older secret key is."""
        before = Session.objects.get(pk=session).session_data
        User.objects.update(password="another")
        assert not request_of(scope(session)).user.is_authenticated
        User.objects.update(password="")
        assert Session.objects.get(pk=session).session_data == before

    def test_an_older_secret_key_is_still_good(self, session: str, settings: Any) -> None:
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "new"
        assert request_of(scope(session)).user.is_authenticated
        assert Session.objects.get().pk == session, "the browser has no other key"


def test_a_site_without_the_admin_has_its_sockets() -> None:
    code = (
        "import django; from django.conf import settings;"
        "settings.configure(SECRET_KEY='x', INSTALLED_APPS=['django.contrib.contenttypes',"
        " 'django.contrib.auth', 'django.contrib.sessions', 'channels', 'presence']);"
        "django.setup(); import presence.routing"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
