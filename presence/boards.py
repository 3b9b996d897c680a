"""What a board can be: an object of a model in `PRESENCE["BOARDS"]`, or a named room.

Inside presence a board is a UUID: the key of the object where that is one, else a `NamedBoard`.
`str` of it is its *reference*, which URLs and the tags' elements have: `blog.post:42`, a UUID, or
the name of a room.
"""

import re
from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import quote
from uuid import UUID

from django.apps import apps
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db.models import Field, ForeignKey, Model
from django.utils.module_loading import import_string

from presence.conf import LEVELS, get_settings
from presence.protocol.board_ids import NamedBoard
from presence.protocol.errors import NoBoard, TryLater
from presence.protocol.identity import Privacy

Board = Model | str
"""A board as the site knows it: an object, or the name of a room. Rules get one."""

NAME = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{0,99}")
"""The name of a room. It needs no escaping in a URL. A number is no name: it lacks its model."""

RESERVED = "staff"
"""No room has this name: it is in the URL of the staff's own socket."""

MAX_REFERENCE = 500
"""Characters of a reference. Keys are much shorter; URLs of 2,000 characters work everywhere."""


class NotABoard(ValueError):
    """Something is no board; the message says what, and what would be one."""


def board_models() -> tuple[type[Model], ...]:
    """Return the models of `PRESENCE["BOARDS"]`. Raises `ImproperlyConfigured` for a name that is
    not that of an installed model."""
    return tuple(map(_find_model, get_settings().board_labels))


def _find_model(label: str) -> type[Model]:
    try:
        return apps.get_model(label, require_ready=False)
    except (LookupError, ValueError) as error:
        raise ImproperlyConfigured(
            f"PRESENCE['BOARDS'] has {label!r}: it takes 'app_label.Model' of an installed app."
        ) from error


def board_of(given: Any) -> UUID:
    """Return the board that is meant by an object, a reference, a name or a UUID. Raises
    `NotABoard` for anything else."""
    if isinstance(given, UUID):
        return _of_uuid(given)
    if isinstance(given, Model):
        return _board_of_object(given)
    if isinstance(given, str):
        return _parse(str(given))
    raise NotABoard(
        f"{given!r} ({type(given).__qualname__}) is no board. A board is an object of a model in "
        "PRESENCE['BOARDS'], the name of a room, or a UUID."
    )


def parse_board(text: str) -> UUID:
    """Return the board of a reference in a URL. Raises `NoBoard` where it is none, and `TryLater`
    while `PRESENCE` is wrong."""
    try:
        return _parse(text)
    except NotABoard as error:
        raise NoBoard(str(error)) from error
    except ImproperlyConfigured as error:
        raise TryLater(str(error)) from error


def quoted(board: UUID) -> str:
    """Return the reference of a board as it is written in the path of a URL. The script writes the
    same, so that a load balancer that hashes URLs sees one."""
    return quote(str(board), safe=":!*'()")


def find_board(board: UUID) -> Board:
    """Return the object of a board, or the name of a room. Raises `NoBoard` where there is no such
    object. Uses the database."""
    found = find_boards([board])
    if board not in found:
        raise NoBoard(
            f"There is no object {board} of a model in PRESENCE['BOARDS'], or the model's default "
            "manager leaves it out."
        )
    return found[board]


def find_boards(boards: Collection[UUID]) -> dict[UUID, Board]:
    """Return the objects and names of boards, without those that do not exist. Takes one query for
    each model. A UUID is looked for in all models with such keys."""
    found: dict[UUID, Board] = {
        board: str(board) for board in boards if isinstance(board, NamedBoard) and is_room(board)
    }
    # Of a parent and its child, the child has the rule that counts.
    for model in sorted(board_models(), key=lambda model: -len(model.__mro__)):
        keys = keys_in(model, [board for board in boards if board not in found])
        objects = model._default_manager.filter(pk__in=[*keys.values()]) if keys else ()
        # A database that ignores case finds more than was asked for.
        found |= {uuid: each for each in objects if (uuid := of_key(model, each.pk)) in keys}
    return found


def privacy_of(board: Board) -> Privacy:
    """Return what a board tells about its people.

    `presence_privacy` of its model says it, a value or a method without arguments, else the setting
    `PRIVACY`. Either may use the database. Raises `TypeError` for what is no level.
    """
    given, source = getattr(board, "presence_privacy", None), "presence_privacy"
    if callable(given):
        given = given()
    if given in (None, ""):
        given = source = get_settings().PRIVACY
        if "." in source:
            given = import_string(source)(board)
    try:
        return Privacy(given)
    except ValueError:
        raise TypeError(f"{source} of {board!r} is {given!r}, not one of {LEVELS}") from None


def open_privacy(board: Board) -> Privacy:
    """Return what a board tells about its people. Raises `NoBoard` where presence is off for it,
    and else like `privacy_of`."""
    privacy = privacy_of(board)
    if privacy is Privacy.OFF:
        own = getattr(board, "presence_privacy", None) not in (None, "")
        what = "presence_privacy" if own else "PRESENCE['PRIVACY']"
        raise NoBoard(f"Presence is off for {board!r}: {what} is 'off'.")
    return privacy


def is_room(board: UUID) -> bool:
    """Return whether a board is a named room."""
    return isinstance(board, NamedBoard) and ":" not in board.reference and not uuid_key(board)


def uuid_key(board: UUID) -> UUID | None:
    """Return the key of the object that a board is, where that is a UUID."""
    if not isinstance(board, NamedBoard):
        return board
    try:
        return UUID(board.reference)
    except ValueError:
        return None


def keys_in(model: type[Model], boards: Collection[UUID]) -> dict[UUID, Any]:
    """Return the primary keys that boards have in a model, if they are objects of it."""
    prefix = f"{model._meta.label_lower}:"
    keys: dict[UUID, Any] = {}
    for board in boards:
        if key := uuid_key(board):
            if _has_uuids(model):
                keys[board] = key
        elif isinstance(board, NamedBoard) and board.reference.startswith(prefix):
            # The store may know a board of a time when the model had other keys.
            with suppress(ValidationError):
                keys[board] = model._meta.pk.to_python(board.reference.removeprefix(prefix))
    return keys


def model_of(kind: type[Model]) -> type[Model] | None:
    """Return the model of `PRESENCE["BOARDS"]` by which objects of some kind are boards: their own,
    or the nearest one that it inherits from."""
    models = board_models()
    return next((each for each in kind.__mro__ if each in models), None)


def of_key(model: type[Model], key: Any) -> UUID:
    """Return the board of the object that has a primary key in a model. Raises `NotABoard` for what
    cannot be a key of it."""
    label = model._meta.label_lower
    try:
        if "\0" in str(key) or not str(key):
            raise ValueError("no key is empty or has a NUL")
        key = model._meta.pk.to_python(key)
        if isinstance(key, UUID):
            return _of_uuid(key)
        if isinstance(key, int | Decimal):
            _key_field(model).run_validators(key)  # Databases fail on numbers out of their range.
        board = NamedBoard(f"{label}:{_text_of(key)}")
    except (ValidationError, ValueError, TypeError, OverflowError) as error:
        raise NotABoard(f"{key!r} is no key of {label}") from error
    if len(board.reference) > MAX_REFERENCE:
        raise NotABoard(f"a key of {label} has over {MAX_REFERENCE} characters")
    return board


def _text_of(key: Any) -> str:
    """Return a key as text, the same for an object that was just made and for the one that the
    database returns: 1.5 is 1.50 there, and a time is in UTC."""
    if isinstance(key, Decimal):
        text = f"{key:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text
    if isinstance(key, datetime) and key.tzinfo is not None:
        key = key.astimezone(UTC)
    return str(key)


def _board_of_object(given: Model) -> UUID:
    label, model = given._meta.label, model_of(given.__class__)
    if model is None:
        raise NotABoard(
            f"{label} object ({given.pk}) is no board: name its model in PRESENCE['BOARDS']."
        )
    # The key that the object has in that model, which may be a parent of its own.
    key = getattr(given, model._meta.pk.attname)
    if key is None:
        raise NotABoard(f"{label} object (None) is no board until it is saved.")
    return of_key(model, key)


def _parse(text: str) -> UUID:
    if len(text) > MAX_REFERENCE:
        raise NotABoard(f"a reference has at most {MAX_REFERENCE} characters")
    try:
        return _of_uuid(UUID(text))
    except ValueError:
        label, colon, key = text.partition(":")
    if not text:
        raise NotABoard("'' is no board. In a template: the page has no variable of that name.")
    if not colon:
        if text == RESERVED or not NAME.fullmatch(text):
            raise NotABoard(
                f"{text!r} is no board. The name of a room has 1 to 100 letters (a to z), digits, "
                f"'_', '.' and '-', begins with a letter, and is not {RESERVED!r}."
            )
        if not _is_allowed(text):
            raise NotABoard(
                f"{text!r} is no board: PRESENCE['ROOMS'] has neither this name nor a pattern for "
                "it."
            )
        return NamedBoard(text)
    for model in board_models():
        if model._meta.label_lower == label.lower():
            return of_key(model, key)
    raise NotABoard(f"{text!r} is no board: PRESENCE['BOARDS'] names no model {label!r}.")


def _of_uuid(key: UUID) -> UUID:
    """Return the board whose object has this key. A key of version 5, which its user may have
    chosen, could be the UUID of a named board: it gets another UUID, by its text."""
    return NamedBoard(str(key)) if key.version == 5 and not isinstance(key, NamedBoard) else key


def _is_allowed(room: str) -> bool:
    return any(fnmatchcase(room, pattern) for pattern in get_settings().ROOMS)


def _has_uuids(model: type[Model]) -> bool:
    return _key_field(model).get_internal_type() == "UUIDField"


def _key_field(model: type[Model]) -> "Field[Any, Any]":
    """Return the field of the primary key; of a child with a table of its own, whose key is a link
    to its parent, the parent's."""
    field: Field[Any, Any] = model._meta.pk
    while isinstance(field, ForeignKey):
        field = field.target_field
    return field
