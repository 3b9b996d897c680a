import re

import pytest
from django.contrib.auth.models import User
from django.urls import reverse

from presence_site.boards import BOARDS_A_PAGE
from presence_site.models import Board, Note

pytestmark = pytest.mark.django_db


def test_an_empty_list_says_so_and_offers_a_beginning(client, owner):
    assert "No boards yet" in client.get("/").text
    assert reverse("signup") in client.get("/").text
    client.force_login(owner)
    assert reverse("board_new") in client.get("/").text


def test_the_list_shows_title_owner_and_who_may_come(client, owner, open_board, closed_board):
    page = client.get("/").text
    assert page.count("by <bdi>Olga Ow</bdi>") == 2
    for text in ("Open board", "Closed board", "Open to guests", "Signed-in only"):
        assert page.count(text) == 1
    assert "Sign in to open" in page
    client.force_login(owner)
    assert "Sign in to open" not in client.get("/").text


def test_the_list_draws_notes_of_boards_that_may_be_opened_only(client, closed_board, note):
    Note.objects.create(board=closed_board, text="Secret", x=0.125, y=0.5, color="pink")
    page = client.get("/").text
    assert '<rect class="blue" x="0.25" y="0.5"' in page
    assert "pink" not in page
    assert "Secret" not in page


def test_the_queries_of_the_list_do_not_grow_with_it(
    client, owner, fill, django_assert_num_queries
):
    fill({})
    client.force_login(owner)
    for boards in (1, 12):
        for number in range(Board.objects.count(), boards):
            made = Board.objects.create(title=f"Board {number}", owner=owner)
            Note.objects.create(board=made, text="x", x=0, y=0)
        # Session, user, number of boards, boards with their owners, their notes; their counts.
        with django_assert_num_queries(6):
            assert f"Board {boards - 1}" in client.get("/").text


def test_the_list_tells_how_many_are_there(client, owner, fill, open_board, closed_board):
    fill({open_board.pk: 2, closed_board.pk: 3})
    assert re.findall(r">(\d*)</presence-count> here now", client.get("/").text) == ["2"]
    client.force_login(owner)
    assert sorted(re.findall(r">(\d*)</presence-count>", client.get("/").text)) == ["2", "3"]


def test_the_list_comes_in_pages(client):
    Board.objects.bulk_create(Board(title=f"n{i:03}.") for i in range(BOARDS_A_PAGE + 1))
    first, second = client.get("/").text, client.get("/?page=2").text
    assert first.count('class="card"') + first.count("card is-closed") == BOARDS_A_PAGE
    assert "Page 2 of 2" in second
    assert client.get("/?page=nonsense").status_code == 200


def test_a_new_board_is_its_makers(client, owner):
    client.force_login(owner)
    answer = client.post("/boards/new/", {"title": "  Plans  ", "open_to_guests": "on"})
    board = Board.objects.get()
    assert (board.title, board.owner, board.open_to_guests) == ("Plans", owner, True)
    assert answer.headers["Location"] == f"/boards/{board.pk}/"


@pytest.mark.parametrize("title", ["", "   ", "x" * 81, "a\0b"])
def test_a_title_that_cannot_be_is_told_in_words_and_changes_nothing(
    client, owner, open_board, title
):
    client.force_login(owner)
    for url in ("/boards/new/", f"/boards/{open_board.pk}/rename/"):
        answer = client.post(url, {"title": title})
        assert answer.status_code == 200
        assert 'class="errorlist"' in answer.text
    open_board.refresh_from_db()
    assert (open_board.title, Board.objects.count()) == ("Open board", 1)


def test_rename_changes_the_title_and_who_may_come(client, owner, open_board):
    client.force_login(owner)
    url = reverse("board_rename", args=[open_board.pk])
    assert 'value="Open board"' in client.get(url).text
    assert client.post(url, {"title": "Calm"}).headers["Location"] == f"/boards/{open_board.pk}/"
    open_board.refresh_from_db()
    assert (open_board.title, open_board.open_to_guests) == ("Calm", False)


def test_delete_asks_first_then_takes_the_notes_along(client, owner, open_board, note):
    client.force_login(owner)
    url = reverse("board_delete", args=[open_board.pk])
    assert "no undo" in client.get(url).text
    assert Board.objects.exists()
    assert "“Open board” is deleted" in client.post(url, follow=True).text
    assert not Board.objects.exists()
    assert not Note.objects.exists()


def test_a_board_outlives_its_owner_and_is_then_nobodys(client, owner, open_board, signed_in):
    user = User.objects.create_user("uma")
    owner.delete()
    open_board.refresh_from_db()
    assert open_board.owner is None
    assert client.get(f"/boards/{open_board.pk}/").status_code == 200
    for person in (None, user):
        assert signed_in(person).post(f"/boards/{open_board.pk}/delete/").status_code in (302, 403)
    assert Board.objects.exists()


def test_titles_and_words_are_text_on_every_page(client, owner, open_board, note):
    bad = "<script>alert(1)</script>"
    Board.objects.update(title=bad)
    Note.objects.update(text=bad)
    client.force_login(owner)
    board = f"/boards/{open_board.pk}/"
    pages = ("/", board, f"{board}rename/", f"{board}delete/", f"{board}notes/{note.pk}/edit/")
    for url in (*pages, f"{board}notes/{note.pk}/delete/"):
        page = client.get(url).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page


def test_the_board_page_holds_its_notes_and_the_overlay(client, note):
    page = client.get(f"/boards/{note.board_id}/").text
    assert f'data-id="{note.pk}" data-x="0.25" data-y="0.5" data-color="blue"' in page
    assert f'board="{note.board_id}"' in page
    assert 'surface="#surface"' in page


def test_the_board_page_is_the_same_with_presence_switched_off(client, note, settings):
    url = f"/boards/{note.board_id}/"

    def without_overlay():
        page = client.get(url).text
        start, end = page.index('<p id="note-help"'), page.index("<template")
        return page[: page.index("<body")], page[page.index("<main") : start], page[start:end]

    shown = without_overlay()
    settings.PRESENCE = {**settings.PRESENCE, "ENABLED": False}
    assert without_overlay() == shown
    assert "presence-overlay" not in client.get(url).text


def test_a_board_that_is_not_there_is_a_404_in_words(client, db):
    answer = client.get("/boards/00000000-0000-4000-8000-00000000dead/")
    assert (answer.status_code, "There is nothing here" in answer.text) == (404, True)
    assert client.get("/boards/nonsense/").status_code == 404


def test_a_board_speaks_the_visitors_language_and_other_pages_english(client, open_board):
    arabic = {"accept-language": "ar"}
    page = client.get(open_board.get_absolute_url(), headers=arabic)
    assert '<html lang="ar" dir="rtl">' in page.text
    assert "إضافة ملاحظة" in page.text
    assert "Accept-Language" in page.headers["Vary"]
    assert '<html lang="en" dir="ltr">' in client.get("/", headers=arabic).text
    unknown = client.get(open_board.get_absolute_url(), headers={"accept-language": "tlh"}).text
    assert '<html lang="en" dir="ltr">' in unknown
