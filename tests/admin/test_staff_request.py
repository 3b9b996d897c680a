"""Who is behind the socket of an admin page, and which page opened it."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.admin.sites import all_sites
from django.contrib.auth.models import User
from django.contrib.sessions.models import Session
from django.test import Client

from presence.admin.overview import OverviewAdmin
from presence.admin.staff_request import StaffRequest, http_request, is_same_origin, staff_request
from presence.models import Overview
from presence.protocol.errors import Forbidden, SignInRequired, TryLater
from presence_site.models import Board
from tests.support.admin import make_staff


def scope(session: str = "", **headers: str) -> dict[str, Any]:
    """Return a socket's scope."""
    headers = {"host": "example.com", "origin": "http://example.com", **headers}
    if session:
        headers["cookie"] = f"a=b; sessionid={session}"
    return {
        "type": "websocket",
        "path": "/ws/presence/staff/",
        "query_string": b"",
        "scheme": "ws",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }


@pytest.fixture(autouse=True)
def hosts(settings: Any) -> None:
    settings.ALLOWED_HOSTS = ["example.com", "[::1]"]
    # Their forms are accepted, but a socket would let them read.
    settings.CSRF_TRUSTED_ORIGINS = ["https://trusted.example.org"]


@pytest.mark.parametrize(
    ("host", "origin", "same"),
    [
        ("example.com", "http://example.com", True),
        ("example.com", "https://example.com", True),
        ("example.com:443", "https://example.com", True),
        ("example.com:8000", "http://example.com:8000", True),
        ("EXAMPLE.com", "http://example.com", True),
        ("[::1]:8000", "http://[::1]:8000", True),
        ("example.com", "http://example.com:8000", False),
        ("example.com:8000", "http://example.com", False),
        ("example.com", "http://www.example.com", False),
        ("example.com", "http://example.com.evil.org", False),
        ("example.com", "null", False),
        ("example.com", "https://trusted.example.org", False),
        ("example.com", "", False),
        ("example.com", "file://example.com", False),
        ("example.com", "http://example.com:99999", False),
        ("evil.org", "http://evil.org", False),
    ],
)
def test_the_origin(host: str, origin: str, same: bool) -> None:
    assert is_same_origin(scope(host=host, origin=origin)) is same


def test_a_page_with_a_token_is_of_another_origin() -> None:
    assert not is_same_origin({**scope(), "presence.embedded": True})


def test_an_insecure_page_of_a_secure_site(settings: Any) -> None:
    assert not is_same_origin({**scope(), "scheme": "wss"})
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    forwarded = {"x-forwarded-proto": "https"}
    assert not is_same_origin(scope(**forwarded))
    assert is_same_origin(scope(origin="https://example.com", **forwarded))


def ask(session: str, model: str = "presence_site.board") -> StaffRequest:
    """Return the staff request of a socket with this session."""
    return staff_request(http_request(scope(session)), "admin", model)


@pytest.mark.django_db
class TestStaffRequest:
    @pytest.fixture
    def session(self, client: Client) -> str:
        client.force_login(make_staff("stan", "view_board"))
        return client.cookies["sessionid"].value

    @pytest.fixture(autouse=True)
    def own_sites(self) -> Iterator[None]:
        """Removes the admin sites that a test makes, before their memory is freed."""
        before = set(all_sites)
        yield
        for site in set(all_sites) - before:
            all_sites.discard(site)

    def test_staff(self, session: str) -> None:
        staff = ask(session)
        assert staff.request.user.get_username() == "stan"
        assert staff.model_admin is admin.site.get_model_admin(Board)

    @pytest.mark.parametrize("session", ["", "nonsense"])
    def test_guests(self, session: str) -> None:
        with pytest.raises(SignInRequired):
            ask(session)

    def test_a_user_who_is_not_staff(self, session: str) -> None:
        User.objects.update(is_staff=False)
        with pytest.raises(Forbidden, match="not staff"):
            ask(session)

    @pytest.mark.parametrize("model", ["presence_site.note", "presence_site.nothing", "nonsense"])
    def test_a_model_without_presence(self, session: str, model: str) -> None:
        with pytest.raises(Forbidden):
            ask(session, model)

    def test_another_site_of_the_same_name_without_these_boards(self, session: str) -> None:
        others = [admin.AdminSite() for _ in range(20)]  # `all_sites` has no order
        for other in others[::2]:
            other.register(Board, admin.ModelAdmin)
        assert ask(session).model_admin is admin.site.get_model_admin(Board)
        assert ask(session, "").site.is_registered(Overview)

    def test_two_sites_of_the_same_name_with_these_boards(self, session: str) -> None:
        """Nobody guesses: the other one may be stricter."""
        other = admin.AdminSite()
        other.register(Board, type(admin.site.get_model_admin(Board)))
        other.register(Overview, OverviewAdmin)
        for model in ("presence_site.board", ""):
            with pytest.raises(TryLater, match="2 admin sites"):
                ask(session, model)

    def test_a_session_is_never_written(self, session: str, settings: Any) -> None:
        before, password = Session.objects.get().session_data, User.objects.get().password
        User.objects.update(password="another")
        assert not http_request(scope(session)).user.is_authenticated
        assert Session.objects.get().session_data == before
        User.objects.update(password=password)
        settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
        settings.SECRET_KEY = "new"
        assert http_request(scope(session)).user.is_authenticated
        assert Session.objects.get().pk == session, "the browser has no other key"
