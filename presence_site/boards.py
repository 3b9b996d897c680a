"""The pages of boards: the list, one board, new, rename, delete."""

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from presence.auth import Decision
from presence_site.access import board_page, manager_page
from presence_site.forms import BoardForm
from presence_site.language import in_the_visitors_language
from presence_site.models import Board, Note

BOARDS_A_PAGE = 24


@require_safe
def board_list(request: HttpRequest) -> HttpResponse:
    """Show all boards, newest first, each with whether this visitor may open it."""
    boards = Board.objects.select_related("owner").prefetch_related("notes")
    page = Paginator(boards, BOARDS_A_PAGE).get_page(request.GET.get("page"))
    cards = [(board, board.presence_decision(request.user) is Decision.ALLOW) for board in page]
    context = {"cards": cards, "page": page}
    return render(request, "site/board_list.html", context)


@require_safe
@board_page
@in_the_visitors_language
def board_detail(request: HttpRequest, board: Board) -> HttpResponse:
    """Show a board: its surface, its notes, and presence on top."""
    context = {
        "board": board,
        "notes": board.notes.all(),
        # The script clones its markup for new notes.
        "blank": Note(pk=0, board=board),
        "may_manage": board.managed_by(request.user),
    }
    return render(request, "site/board.html", context)


@login_required
@require_http_methods(["GET", "POST"])
def board_new(request: HttpRequest) -> HttpResponse:
    form = BoardForm(request.POST or None)
    if form.is_valid():
        form.instance.owner = request.user
        return redirect(form.save())
    context = {"form": form, "heading": "New board", "action": "Make the board"}
    return render(request, "site/board_form.html", context)


@require_http_methods(["GET", "POST"])
@manager_page
def board_rename(request: HttpRequest, board: Board) -> HttpResponse:
    title = board.title
    form = BoardForm(request.POST or None, instance=board)
    if form.is_valid():
        return redirect(form.save())
    context = {"form": form, "heading": f"Rename “{title}”", "action": "Save", "board": board}
    return render(request, "site/board_form.html", context)


@require_http_methods(["GET", "POST"])
@manager_page
def board_delete(request: HttpRequest, board: Board) -> HttpResponse:
    if request.method == "POST":
        board.delete()
        messages.success(request, f"“{board.title}” is deleted.")
        return redirect("boards")
    return render(request, "site/board_delete.html", {"board": board})
