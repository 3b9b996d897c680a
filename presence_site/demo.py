"""The boards and notes of a new copy of the site."""

from dataclasses import dataclass
from uuid import UUID

from presence_site.models import Board, Note, Paper


@dataclass(frozen=True)
class DemoBoard:
    """A board and its notes: each (text, x, y, paper), x and y in fractions of the surface."""

    id: UUID
    title: str
    open_to_guests: bool
    notes: tuple[tuple[str, float, float, Paper], ...]


WELCOME = DemoBoard(
    UUID("00000000-0000-4000-8000-000000000001"),
    "Welcome board",
    True,
    (
        ("Welcome!\n\nThis board is open to everyone.", 0.05, 0.08, Paper.YELLOW),
        (
            "Open this page in a second window and move the pointer: each sees the other.",
            0.235,
            0.15,
            Paper.BLUE,
        ),
        ("Drag a note, or focus it and use the arrow keys.", 0.42, 0.07, Paper.GREEN),
        ("Double-click a note to change its words.", 0.1, 0.42, Paper.PINK),
        ("Double-click the empty board for a new note.", 0.315, 0.47, Paper.ORANGE),
        ("The bar in the corner counts people, not windows.", 0.52, 0.38, Paper.VIOLET),
    ),
)

TEAM = DemoBoard(
    UUID("00000000-0000-4000-8000-000000000002"),
    "Team board",
    False,
    (
        ("Only people who are signed in see this board.", 0.05, 0.08, Paper.BLUE),
        ("This week\n\n· plan the release\n· tidy the docs", 0.24, 0.12, Paper.YELLOW),
        ("What went well?", 0.44, 0.07, Paper.GREEN),
        ("What shall we try next?", 0.47, 0.4, Paper.VIOLET),
        ("Lunch on Thursday, 12:30", 0.16, 0.46, Paper.ORANGE),
    ),
)

# The list shows the newest board first, and the welcome board belongs on top.
BOARDS = (TEAM, WELCOME)


def make_board(demo: DemoBoard, owner_id: int) -> bool:
    """Make a board with its notes unless there is one; return whether it was made."""
    board, made = Board.objects.get_or_create(
        pk=demo.id,
        defaults={
            "title": demo.title,
            "open_to_guests": demo.open_to_guests,
            "owner_id": owner_id,
        },
    )
    if made:
        Note.objects.bulk_create(
            Note(board=board, text=text, x=x, y=y, color=color) for text, x, y, color in demo.notes
        )
    return made
