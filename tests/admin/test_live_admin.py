"""`LivePresenceMixin` in admins of a site's own: what they say themselves stays as they say it."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import User
from django.urls import path

from presence.admin import LivePresenceMixin, PeopleFilter
from presence_site.models import Board
from tests.support.admin import Serving, serving

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]

SAID = re.compile(r'<script id="presence-feed" type="application/json">(.*?)</script>')


class PlainAdmin(LivePresenceMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    pass


class OwnAdmin(LivePresenceMixin, admin.ModelAdmin):  # type: ignore[type-arg]
    list_display = ("presence_online", "title", "open_to_guests")
    list_display_links = ("title",)
    list_filter = ("open_to_guests", PeopleFilter)
    list_editable = ("open_to_guests",)
    change_list_template = "own_list.html"

    class Media:
        js = ("own.js",)


site = admin.AdminSite("office")
site.register(Board, PlainAdmin)
own_site = admin.AdminSite("own")
own_site.register(Board, OwnAdmin)
urlpatterns = [
    path("office/", site.urls),
    path("own/", own_site.urls),
    path("admin/", admin.site.urls),
]


@pytest.fixture(autouse=True)
def process() -> Iterator[Serving]:
    """A process that serves boards."""
    with serving() as running:
        yield running


@pytest.fixture
def board(process: Serving) -> Board:
    """A board with three people on it."""
    board = Board.objects.create(title="Plans")
    process.put({board.pk: 3})
    return board


@pytest.fixture
def templates(settings: Any, tmp_path: Path) -> Path:
    """A folder of the site's own templates."""
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    return tmp_path


def said(page: str) -> Any:
    (found,) = SAID.findall(page)
    return json.loads(found)


def test_two_lines_are_enough(admin_client: Any, board: Board) -> None:
    page = admin_client.get("/office/presence_site/board/").content.decode()
    assert f'data-board="{board.pk}">3</span>' in page
    assert "By people now" in page
    assert '<script src="/static/presence/admin.js" type="module"></script>' in page
    assert '<link href="/static/presence/admin.css" media="all" rel="stylesheet">' in page
    told = said(page)
    assert told.pop("texts").keys() == {"stale", "ended"}
    assert told == {
        "socket": "/ws/presence/staff/",
        "feed": "/office/presence_site/board/presence/feed/",
        "watch": {"site": "office", "model": "presence_site.board"},
    }


def test_what_an_admin_says_itself(admin_client: Any, board: Board, templates: Path) -> None:
    own = '{% extends "admin/change_list.html" %}{% block search %}<i>own</i>{% endblock %}'
    (templates / "own_list.html").write_text(own)
    page = admin_client.get("/own/presence_site/board/").content.decode()
    assert "<i>own</i>" in page
    assert "/static/own.js" in page
    assert said(page)["watch"]["site"] == "own"
    assert page.count('<th scope="col" class="sortable column-presence_online"') == 1
    assert page.count("By people now") == 1
    assert f'data-board="{board.pk}">3</span>' in page
    assert page.index("column-presence_online") < page.index("column-title")


def test_a_template_of_the_site_for_the_model(
    admin_client: Any, board: Board, templates: Path
) -> None:
    folder = templates / "admin" / "presence_site" / "board"
    folder.mkdir(parents=True)
    own = '{% extends "admin/change_list.html" %}{% block search %}<i>own</i>{% endblock %}'
    (folder / "change_list.html").write_text(own)
    page = admin_client.get("/office/presence_site/board/").content.decode()
    assert "<i>own</i>" in page
    assert said(page)


def test_a_list_that_is_edited_and_wrong(admin_client: Any, board: Board, templates: Path) -> None:
    (templates / "own_list.html").write_text('{% extends "admin/change_list.html" %}')
    form = {
        "form-TOTAL_FORMS": "1",
        "form-INITIAL_FORMS": "1",
        "form-0-id": "nobody",
        "_save": "Save",
    }
    page = admin_client.post("/own/presence_site/board/", form).content.decode()
    assert "Please correct the error" in page
    assert f'data-board="{board.pk}">3</span>' in page


def test_what_an_action_answers_is_its_own(admin_client: Any, board: Board) -> None:
    asked = {"action": "delete_selected", "_selected_action": str(board.pk)}
    page = admin_client.post("/office/presence_site/board/", asked).content.decode()
    assert "Are you sure" in page
    assert "presence-feed" not in page


def test_switched_off(admin_client: Any, board: Board, settings: Any) -> None:
    settings.PRESENCE = {**settings.PRESENCE, "ENABLED": False}
    page = admin_client.get("/office/presence_site/board/").content.decode()
    assert "presence-feed" not in page
    assert "–" in page
    feed = admin_client.get("/office/presence_site/board/presence/feed/", {"rows": str(board.pk)})
    assert feed.status_code == 503


def test_it_is_sound(board: Board) -> None:
    for model_admin in (site.get_model_admin(Board), own_site.get_model_admin(Board)):
        assert model_admin.check() == []


def test_other_pages_of_the_admin_stay_as_they_were(admin_client: Any, board: Board) -> None:
    change = admin_client.get(f"/office/presence_site/board/{board.pk}/change/")
    assert change.status_code == 200
    answer = admin_client.get("/office/presence_site/board/nothing/")
    assert answer.status_code == 302


def test_the_column_where_no_list_was_counted(board: Board, admin_user: User) -> None:
    """Such as among `readonly_fields`."""
    assert "3" in site.get_model_admin(Board).presence_online(board)
