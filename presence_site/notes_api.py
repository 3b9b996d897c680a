"""Notes as JSON, for the script of the board page.

A note is `{"id", "text", "x", "y", "color"}`; `x` and `y` are fractions 0..1 of the surface. Input
that cannot be used gets 400 with `{"error": "<why, in words>"}` and changes nothing.
"""

import json
from typing import Any

from django.forms.models import model_to_dict
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from presence_site.access import board_api
from presence_site.forms import PlacedNoteForm
from presence_site.models import Board, Note
from presence_site.notes import FULL, is_full

KINDS: dict[str, type | tuple[type, ...]] = {
    "text": str,
    "color": str,
    "x": (int, float),
    "y": (int, float),
}


class BadNote(Exception):
    """The input is not a note. The message is for the visitor."""


@never_cache
@require_http_methods(["GET", "POST"])
@board_api
def note_list(request: HttpRequest, board: Board) -> HttpResponse:
    """GET: all notes of the board. POST: a new note, with status 201."""
    if request.method == "GET":
        return JsonResponse({"notes": [as_json(note) for note in board.notes.all()]})
    return _answered(_create, request, board)


@never_cache
@require_http_methods(["PATCH", "DELETE"])
@board_api
def note_detail(request: HttpRequest, board: Board, note_id: int) -> HttpResponse:
    """PATCH: change the given fields only. DELETE: status 204."""
    note = get_object_or_404(board.notes, pk=note_id)
    if request.method == "DELETE":
        note.delete()
        return HttpResponse(status=204)
    return _answered(_update, request, note)


def as_json(note: Note) -> dict[str, Any]:
    return {"id": note.pk} | {field: getattr(note, field) for field in KINDS}


def read_note(body: bytes) -> dict[str, Any]:
    """Return the fields of a note in a JSON object.

    Raises BadNote unless each entry is a field of a note with a value of its type.
    """
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise BadNote("That is not JSON.") from error
    if not isinstance(fields, dict) or not fields:
        raise BadNote("A note is a JSON object with text, color, x or y.")
    for name, value in fields.items():
        _check_kind(name, value)
    return fields


def _check_kind(name: str, value: object) -> None:
    kind = KINDS.get(name)
    # To Python True is an int.
    if kind is None or isinstance(value, bool) or not isinstance(value, kind):
        raise BadNote(f"{name[:20]!r} cannot be {type(value).__name__} in a note.")
    # JSON allows half a surrogate pair, which no database can store.
    if isinstance(value, str) and any("\ud800" <= character <= "\udfff" for character in value):
        raise BadNote(f"{name!r} is not valid Unicode.")


def _create(request: HttpRequest, board: Board) -> JsonResponse:
    if is_full(board):
        raise BadNote(FULL)
    form = PlacedNoteForm(read_note(request.body), instance=Note(board=board))
    _cleaned(form)
    return JsonResponse(as_json(form.save()), status=201)


def _update(request: HttpRequest, note: Note) -> JsonResponse:
    fields = read_note(request.body)
    form = PlacedNoteForm(model_to_dict(note) | fields, instance=note)
    changed = {name: value for name, value in _cleaned(form).items() if name in fields}
    # If two people change one note at once, one its words and one its place, both changes count.
    if not Note.objects.filter(pk=note.pk).update(**changed):
        raise Http404
    return JsonResponse(as_json(note))


def _cleaned(form: PlacedNoteForm) -> dict[str, Any]:
    if not form.is_valid():
        wrong = [f"{name}: {' '.join(map(str, errors))}" for name, errors in form.errors.items()]
        raise BadNote(" ".join(wrong))
    return form.cleaned_data


def _answered(change: Any, request: HttpRequest, target: Board | Note) -> HttpResponse:
    try:
        answer: HttpResponse = change(request, target)
    except BadNote as error:
        return JsonResponse({"error": str(error)}, status=400)
    return answer
