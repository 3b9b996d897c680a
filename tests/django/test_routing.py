"""What `with_presence` takes for itself, and what it leaves to the site's own application."""

import pytest
from django.core.asgi import get_asgi_application

from presence.routing import with_presence

DENIED = {"type": "websocket.close"}
"""What the origin validator of presence sends to a socket without an origin."""


async def serve(application=None, **scope):
    """Return what a site with presence sends, and to which scope its own application answered."""
    seen, sent = [], []

    async def site(scope, receive, send):
        seen.append(scope)

    events = iter([{"type": "websocket.connect"}, {"type": "websocket.disconnect", "code": 1006}])

    async def receive():
        return next(events)

    async def send(message):
        sent.append(message)

    await with_presence(application or site)({"headers": [], **scope}, receive, send)
    return sent, seen


@pytest.mark.django_db  # Channels closes old connections.
@pytest.mark.parametrize(
    ("path", "root"), [("/ws/presence/lobby/", ""), ("/sub/ws/presence/staff/", "/sub")]
)
async def test_it_serves_the_sockets_of_presence(path, root):
    sent, seen = await serve(type="websocket", path=path, root_path=root)
    assert [message["type"] for message in sent] == [DENIED["type"]]
    assert not seen


@pytest.mark.django_db
async def test_a_socket_that_is_nobodys_is_denied():
    sent, _ = await serve(get_asgi_application(), type="websocket", path="/ws/chat/")
    assert [message["type"] for message in sent] == [DENIED["type"]]


@pytest.mark.parametrize(
    "scope",
    [
        {"type": "http", "path": "/ws/presence/lobby/"},
        {"type": "websocket", "path": "/ws/chat/"},
        {"type": "lifespan"},
    ],
)
async def test_it_leaves_the_rest_to_the_site(scope):
    sent, seen = await serve(**scope)
    assert not sent
    assert [each["type"] for each in seen] == [scope["type"]]
