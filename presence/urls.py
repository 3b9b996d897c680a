"""The HTTP routes of presence: `path("", include("presence.urls"))`."""

from django.urls import path

from presence.admin.charts import download
from presence.views import counts, healthz, metrics, token

app_name = "presence"
urlpatterns = [
    path("healthz", healthz, name="healthz"),
    path("metrics", metrics, name="metrics"),
    path("presence/token/<uuid:board>/", token, name="token"),
    path("presence/counts/", counts, name="counts"),
    *(
        path(f"presence/history/{board}{span}.csv", download, {"span": span}, name=name)
        for span in ("minutes", "hours")
        for board, name in (("", f"history_{span}"), ("<uuid:board>/", f"board_{span}"))
    ),
]
