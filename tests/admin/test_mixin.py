"""`LivePresenceMixin` in a site's own admin, which keeps what it defines itself."""

from pathlib import Path
from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.urls import path

from presence.admin import LivePresenceMixin, PeopleFilter
from presence_site.models import Board
from tests.support.admin import Serving, page_config

pytestmark = [pytest.mark.django_db, pytest.mark.urls(__name__)]


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


office = admin.AdminSite("office")
office.register(Board, PlainAdmin)
own = admin.AdminSite("own")
own.register(Board, OwnAdmin)
urlpatterns = [
    path("office/", office.urls),
    path("own/", own.urls),
    path("admin/", admin.site.urls),
]
LIST = "/office/presence_site/board/"
OWN_LIST = "/own/presence_site/board/"


@pytest.fixture
def board(process: Serving) -> Board:
    """A board with three people."""
    board = Board.objects.create(title="Plans")
    process.put({board.pk: 3})
    return board


def test_a_model_that_is_no_board_is_named_and_has_no_counts() -> None:
    strange = PlainAdmin(Group, office)
    assert [error.id for error in strange.check()] == ["presence.E014"]
    assert strange.presence_online(Group(pk=1, name="Chess")) is None
    assert PlainAdmin(Board, office).check() == []


@pytest.mark.parametrize("wrong", [{"NOPE": 1}, {"BOARDS": ["no.Such"]}, None])
def test_pages_of_the_site_work_while_the_settings_are_wrong(
    admin_client: Any, board: Board, settings: Any, wrong: object
) -> None:
    settings.PRESENCE = wrong
    pages = ("", "?o=-2&people_now=none", "?people_now=some", f"{board.pk}/change/")
    assert [admin_client.get(f"{LIST}{page}").status_code for page in pages] == [200] * 4
    assert PlainAdmin(Board, office).check() == []


@pytest.fixture
def templates(settings: Any, tmp_path: Path) -> Path:
    """The folder of the site's own templates, with that of `OwnAdmin`."""
    settings.TEMPLATES = [{**settings.TEMPLATES[0], "DIRS": [tmp_path]}]
    own = '{% extends "admin/change_list.html" %}{% block search %}<i>own</i>{% endblock %}'
    (tmp_path / "own_list.html").write_text(own)
    return tmp_path


def test_two_lines_are_enough(admin_client: Any, board: Board) -> None:
    response = admin_client.get(LIST)
    text = response.content.decode()
    assert f'data-board="{board.pk}">3</span>' in text
    assert "By people now" in text
    assert '<script type="module" src="/static/presence/admin.js"></script>' in text
    assert '<link rel="stylesheet" href="/static/presence/admin.css">' in text
    config = page_config(response)
    assert config.pop("texts").keys() == {"stale", "ended"}
    assert config == {
        "socket": "/ws/presence/staff/",
        "feed": f"{LIST}presence/feed/",
        "watch": {"site": "office", "model": "presence_site.board"},
    }


def test_what_an_admin_defines_itself(admin_client: Any, board: Board, templates: Path) -> None:
    response = admin_client.get(OWN_LIST)
    text = response.content.decode()
    assert "<i>own</i>" in text
    assert "/static/own.js" in text
    assert page_config(response)["watch"]["site"] == "own"
    assert text.count('<th scope="col" class="sortable column-presence_online"') == 1
    assert text.count("By people now") == 1
    assert f'data-board="{board.pk}">3</span>' in text
    assert text.index("column-presence_online") < text.index("column-title")


def test_a_template_of_the_site_for_the_model(
    admin_client: Any, board: Board, templates: Path
) -> None:
    folder = templates / "admin" / "presence_site" / "board"
    folder.mkdir(parents=True)
    (templates / "own_list.html").rename(folder / "change_list.html")
    response = admin_client.get(LIST)
    assert "<i>own</i>" in response.content.decode()
    assert page_config(response)


def test_an_editable_list_with_errors(admin_client: Any, board: Board, templates: Path) -> None:
    form = {
        "form-TOTAL_FORMS": "1",
        "form-INITIAL_FORMS": "1",
        "form-0-id": "nobody",
        "_save": "Save",
    }
    text = admin_client.post(OWN_LIST, form).content.decode()
    assert "Please correct the error" in text
    assert f'data-board="{board.pk}">3</span>' in text


def test_the_page_of_an_action_stays_as_it_is(admin_client: Any, board: Board) -> None:
    action = {"action": "delete_selected", "_selected_action": str(board.pk)}
    response = admin_client.post(LIST, action)
    assert "Are you sure" in response.content.decode()
    assert page_config(response) is None


def test_presence_is_switched_off(admin_client: Any, board: Board, settings: Any) -> None:
    settings.PRESENCE = {**settings.PRESENCE, "ENABLED": False}
    response = admin_client.get(LIST)
    assert page_config(response) is None
    assert "–" in response.content.decode()
    feed = admin_client.get(f"{LIST}presence/feed/", {"rows": str(board.pk)})
    assert feed.status_code == 503


def test_other_pages_of_the_admin(admin_client: Any, board: Board) -> None:
    assert admin_client.get(f"{LIST}{board.pk}/change/").status_code == 200
    assert admin_client.get(f"{LIST}nothing/").status_code == 302


def test_the_checks_of_django_pass() -> None:
    for site in (office, own):
        assert site.get_model_admin(Board).check() == []


def test_the_column_outside_a_list(board: Board) -> None:
    """Such as among `readonly_fields`."""
    assert "3" in office.get_model_admin(Board).presence_online(board)
