"""What a site's staff and their programs read over HTTP: the metrics."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client.exposition import choose_encoder

from presence.conf import get_settings
from presence.guard import is_forwarded, is_near, is_token
from presence.runtime import current_hub
from presence.scrape import scrape


@require_safe
@never_cache
async def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with the metrics of this process, to who may read them (docs/operations.md)."""
    if not _may_read(request):
        return _refused()
    encode, content_type = choose_encoder(request.headers.get("Accept", ""))
    registry = await scrape(current_hub())
    return HttpResponse(encode(registry), content_type=content_type)


def _may_read(request: HttpRequest) -> bool:
    settings = get_settings()
    if is_token(request.headers.get("Authorization", ""), settings.METRICS_TOKEN):
        return True
    # Of a request that a proxy passes on, only the proxy's address is certain, and that says
    # nothing of who asks.
    near = is_near(request.META.get("REMOTE_ADDR") or "", settings.METRICS_NETWORKS)
    return near and not is_forwarded(request.headers)


def _refused() -> HttpResponse:
    if not get_settings().METRICS_TOKEN:
        return HttpResponse("not from this network\n", status=403, content_type="text/plain")
    challenge = {"WWW-Authenticate": 'Bearer realm="metrics"'}
    return HttpResponse("a token\n", status=401, content_type="text/plain", headers=challenge)
