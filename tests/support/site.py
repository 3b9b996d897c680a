"""The example site with other settings, which SITE_SETTINGS has in JSON: `with_settings` sets it.

Those of PRESENCE and STATICFILES_DIRS are added to the site's own. POLICY is the
Content-Security-Policy of every page.
"""

import json
import os
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from presence_site.settings import *  # noqa: F403
from presence_site.settings import MIDDLEWARE, PRESENCE, STATICFILES_DIRS

_others = json.loads(os.environ["SITE_SETTINGS"])
PRESENCE = {**PRESENCE, **_others.pop("PRESENCE", {})}
STATICFILES_DIRS = [*STATICFILES_DIRS, *_others.pop("STATICFILES_DIRS", [])]
globals().update(_others)


def policy(get_response: Callable[[HttpRequest], HttpResponse]) -> object:
    def middleware(request: HttpRequest) -> HttpResponse:
        response = get_response(request)
        response.headers["Content-Security-Policy"] = _others["POLICY"]
        return response

    return middleware


if "POLICY" in _others:
    MIDDLEWARE = ["tests.support.site.policy", *MIDDLEWARE]
