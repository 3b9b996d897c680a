"""What holds for all of the site: headers, error pages, the admin, migrations, the ASGI wiring."""

from html.parser import HTMLParser

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.template.loader import render_to_string
from django.test import Client

from presence_site import boards
from presence_site.asgi import application
from presence_site.middleware import POLICY, policy
from tests.support.communicator import Communicator

CSP = "Content-Security-Policy"


@pytest.mark.django_db
@pytest.mark.parametrize(
    "url", ["/", "/accounts/login/", "/admin/login/", "/nowhere/", "/static/site/site.css"]
)
def test_every_response_has_the_policy(client, url):
    answer = client.get(url)
    answer.close()
    assert answer.headers[CSP] == policy("testserver")
    assert "unsafe" not in POLICY
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.django_db
def test_djangos_pages_for_developers_may_style_themselves(client, settings):
    settings.DEBUG = True
    assert CSP not in client.get("/nowhere/").headers
    assert CSP in client.get("/").headers


class Inline(HTMLParser):
    """Collects what the policy would not let run or show."""

    def __init__(self):
        super().__init__()
        self.found = []

    def handle_starttag(self, tag, attributes):
        names = dict(attributes)
        self.found += [name for name in names if name == "style" or name.startswith("on")]
        if tag == "style" or (tag == "script" and "src" not in names):
            self.found.append(tag)


@pytest.mark.django_db
def test_no_page_has_inline_script_or_style(client, owner, note):
    client.force_login(owner)
    board = f"/boards/{note.board_id}/"
    urls = ["/", "/boards/new/", board, f"{board}rename/", f"{board}delete/"]
    for url in [*urls, f"{board}notes/add/", f"{board}notes/{note.pk}/delete/", "/nowhere/"]:
        inline = Inline()
        inline.feed(client.get(url).text)
        assert inline.found == []


@pytest.mark.django_db
def test_a_failing_view_is_told_in_words(monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("on purpose")

    monkeypatch.setattr(boards, "render", fail)
    answer = Client(raise_request_exception=False).get("/")
    assert (answer.status_code, "Something went wrong" in answer.text) == (500, True)
    assert answer.headers[CSP] == policy("testserver")


@pytest.mark.parametrize("status", ["400", "403", "403_csrf", "404", "500"])
def test_error_pages_need_nothing_to_be_shown(status):
    assert "All boards" in render_to_string(f"{status}.html")


def test_a_strange_host_is_refused(client):
    assert client.get("/", headers={"host": "evil.example"}).status_code == 400


@pytest.mark.django_db
def test_the_admin_lists_and_changes_boards_and_notes(client, note):
    client.force_login(User.objects.create_superuser("root"))
    for url in ("board/", f"board/{note.board_id}/change/", "note/", f"note/{note.pk}/change/"):
        answer = client.get(f"/admin/presence_site/{url}", {"q": "o"} if url[-2] != "e" else {})
        assert answer.status_code == 200


@pytest.mark.django_db
def test_migrations_are_whole():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def test_system_checks_find_nothing():
    call_command("check", fail_level="WARNING")


async def test_sockets_from_other_origins_are_refused():
    path = "/ws/presence/00000000-0000-4000-8000-000000000001/"
    stranger = Communicator(application, path, [(b"origin", b"http://evil.example")])
    connected, _ = await stranger.connect()
    assert not connected
