"""Pages to add, edit and delete notes, for browsers without script."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from presence_site.access import board_page
from presence_site.forms import NoteForm
from presence_site.models import Board, Note

MAX_NOTES = 200
FULL = f"This board is full: it holds {MAX_NOTES} notes. Delete one to make room."


def is_full(board: Board) -> bool:
    """Return whether a board takes no more notes. Guests may write on open boards."""
    return board.notes.count() >= MAX_NOTES


def open_spot(nth: int) -> tuple[float, float]:
    """Return x and y of the nth note without a place of its own: four rows of six, then again."""
    row, column = divmod(nth % 24, 6)
    return 0.02 + column * 0.163, 0.04 + row * 0.24


@require_http_methods(["GET", "POST"])
@board_page
def note_add(request: HttpRequest, board: Board) -> HttpResponse:
    form = NoteForm(request.POST or None)
    if form.is_bound and is_full(board):
        form.add_error(None, FULL)
    if form.is_valid():
        note = form.save(commit=False)
        note.board, (note.x, note.y) = board, open_spot(board.notes.count())
        note.save()
        return redirect(board)
    return _form_page(request, board, form, "New note")


@require_http_methods(["GET", "POST"])
@board_page
def note_edit(request: HttpRequest, board: Board, note_id: int) -> HttpResponse:
    note = get_object_or_404(board.notes, pk=note_id)
    form = NoteForm(request.POST or None, instance=note)
    if form.is_valid():
        # save() would also write the place that the note had before.
        board.notes.filter(pk=note.pk).update(**form.cleaned_data)
        return redirect(board)
    return _form_page(request, board, form, "Edit note")


@require_http_methods(["GET", "POST"])
@board_page
def note_delete(request: HttpRequest, board: Board, note_id: int) -> HttpResponse:
    note: Note = get_object_or_404(board.notes, pk=note_id)
    if request.method == "POST":
        note.delete()
        return redirect(board)
    return render(request, "site/note_delete.html", {"board": board, "note": note})


def _form_page(request: HttpRequest, board: Board, form: NoteForm, heading: str) -> HttpResponse:
    context = {"board": board, "form": form, "heading": heading}
    return render(request, "site/note_form.html", context)
