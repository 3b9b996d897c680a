"""The language of a page."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils import translation
from django.utils.cache import patch_vary_headers

View = Callable[..., HttpResponse]


def in_the_visitors_language(view: View) -> View:
    """Render a view's page in the language of `LANGUAGES` that the visitor prefers.

    Django's middleware would do so for all pages, and give those that are not translated a wrong
    language and direction.
    """

    @wraps(view)
    def translated(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with translation.override(translation.get_language_from_request(request)):
            response = view(request, *args, **kwargs)
        patch_vary_headers(response, ("Accept-Language",))
        return response

    return translated
