"""The HTTP routes of presence: `path("", include("presence.urls"))`, or `include(pages)` for those
without `/healthz` and `/metrics`."""

from uuid import UUID

from django.urls import path, register_converter

from presence.admin.charts import download
from presence.boards import board_of
from presence.views import counts, healthz, metrics, token


class BoardConverter:
    """A board, by its reference, which may have a slash."""

    regex = ".+"

    def to_python(self, value: str) -> UUID:
        """Return the board. Raises `ValueError`, which is a 404, for anything else."""
        return board_of(value)

    def to_url(self, board: UUID) -> str:
        """Return the reference, which Django quotes."""
        return str(board)


register_converter(BoardConverter, "presence_board")

app_name = "presence"
pages = (
    [
        path("presence/token/<presence_board:board>/", token, name="token"),
        path("presence/counts/", counts, name="counts"),
        *(
            path(f"presence/history/{board}{span}.csv", download, {"span": span}, name=name)
            for span in ("minutes", "hours")
            for board, name in (
                ("", f"history_{span}"),
                ("<presence_board:board>/", f"board_{span}"),
            )
        ),
    ],
    app_name,
)
urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("metrics", metrics, name="metrics"),
    *pages[0],
]
