"""A site with a database for each kind of its data, and none by the name "default".

Accounts use a pool of connections, boards new ones, and sessions persistent ones. Boards are read
from a connection that can write nothing, as that to a replica cannot. No database has tables of
presence.
"""

import os

from django.core.exceptions import ImproperlyConfigured

from presence_site import environment
from presence_site.settings import *  # noqa: F403
from presence_site.settings import INSTALLED_APPS, TEMPLATES, VAR_DIR

INSTALLED_APPS = [
    *(app for app in INSTALLED_APPS if app != "presence_site"),
    "tests.sites.databases",
]
if not os.environ.get("DATABASE_URL", "").startswith("postgres"):
    raise ImproperlyConfigured("DATABASE_URL must be that of a PostgreSQL")
_given = environment.databases(os.environ, VAR_DIR)["default"]


def _database(alias: str, name: str = "", **more: object) -> dict[str, object]:
    options = {"application_name": alias, **more.pop("OPTIONS", {})}  # type: ignore[dict-item]
    return {**_given, "NAME": name or alias, "OPTIONS": options, **more}


DATABASES = {
    "default": {},
    "people": _database("people", OPTIONS={"pool": {"min_size": 1, "max_size": 4}}),
    "boards": _database("boards"),
    "replica": _database(
        "replica", "boards", OPTIONS={"options": "-c default_transaction_read_only=on"}
    ),
    "visits": _database("visits", CONN_MAX_AGE=600),
}
DATABASE_ROUTERS = ["tests.sites.databases.router.Router"]
TEMPLATES = [{**TEMPLATES[0], "DIRS": []}]
ROOT_URLCONF = "tests.sites.databases.urls"
PRESENCE = {"BOARDS": ["databases.Plan", "databases.Draft"]}
