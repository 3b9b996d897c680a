"""How many people are on which board, over all processes: the one count that the metrics and the
history tell."""

from collections.abc import Collection, Mapping
from uuid import UUID

from presence.store.base import Store


async def census(store: Store, among: Collection[UUID] | None = None) -> Mapping[UUID, int]:
    """Return the people on each board that somebody is on, or on those among some; `TryLater` as
    the store.

    Who is on two boards counts on both, so their sum counts them twice.
    """
    return await store.boards(among)
