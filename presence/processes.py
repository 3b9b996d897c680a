"""How the living processes of a site do."""

from asgiref.sync import async_to_sync

from presence.runtime import with_history
from presence.server.stats import Figures, load

__all__ = ["Figures", "afigures", "figures"]


async def afigures() -> list[Figures]:
    """Return the figures of every living process, by its name; each is some 5 s old at most.

    A process is there from its first socket on (or the first time it was asked for `/healthz` or
    `/metrics`) until 15 s after it was last heard of. `TryLater` where the store is out of reach.
    """
    told = await with_history(lambda history: history.published())
    return [load(told[process]) for process in sorted(told)]


figures = async_to_sync(afigures)
