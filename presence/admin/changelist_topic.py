"""The topic `rows`: how many people are on each of the boards that a changelist shows."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from uuid import UUID
from weakref import WeakValueDictionary

from presence import api
from presence.admin.permissions import viewable
from presence.admin.subscription import by_key, read_rows
from presence.admin.topic import Topic, Visit


@dataclass(frozen=True, slots=True, weakref_slot=True)
class Rows:
    """The boards that a page shows, and those of them whose numbers it may have. `empty` is what is
    told while nobody is anywhere: made once, since it is told four times a second."""

    shown: frozenset[UUID]
    viewable: frozenset[UUID]
    empty: Mapping[str, int | None] = field(compare=False, repr=False)


def _permit(visit: Visit, wanted: frozenset[UUID]) -> Rows | None:
    model_admin = visit.model_admin
    if model_admin is None or not model_admin.has_view_permission(visit.request):
        return None
    return _rows(wanted, viewable(model_admin, visit.request, wanted))


_shared: WeakValueDictionary[tuple[frozenset[UUID], frozenset[UUID]], Rows] = WeakValueDictionary()
"""What pages are granted now. Those that show the same share it: two sets of hundreds of boards
take longer to compare than to look at, and here it is done in a thread."""


def _rows(shown: frozenset[UUID], may: frozenset[UUID]) -> Rows:
    rows = _shared.get((shown, may))
    if rows is None:
        empty = {str(board): 0 if board in may else None for board in shown}
        rows = _shared[shown, may] = Rows(shown, may, empty)
    return rows


async def _look(grants: Collection[Rows]) -> Mapping[Rows, dict[str, int | None]]:
    # Of many boards few have people, and this is asked four times a second.
    people = await api.acensus(frozenset().union(*(rows.viewable for rows in grants)))
    return {
        rows: {**rows.empty, **{str(b): people[b] for b in people.keys() & rows.viewable}}
        for rows in grants
    }


def _unknown(rows: Rows) -> dict[str, None]:
    return dict.fromkeys(rows.empty)


ROWS = Topic("rows", read=read_rows, permit=_permit, look=_look, differ=by_key, unknown=_unknown)
