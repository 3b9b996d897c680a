"""The origins whose pages may open a socket."""

import pytest
from channels.testing import WebsocketCommunicator

from presence.embed import EmbeddingOriginValidator, is_embedded, origin_of

OWN = b"http://testserver"
OTHER = b"https://www.example.com"


@pytest.fixture(autouse=True)
def embedding(settings, configure):
    settings.ALLOWED_HOSTS = ["testserver"]
    configure(EMBED_ORIGINS=[OTHER.decode()])


async def passed(*origins):
    """Return the scope that the application gets, None where the handshake is denied."""
    seen = []

    async def application(scope, receive, send):
        seen.append(scope)
        await receive()
        await send({"type": "websocket.accept"})

    headers = [*((b"origin", origin) for origin in origins), (b"cookie", b"sessionid=x")]
    socket = WebsocketCommunicator(EmbeddingOriginValidator(application), "/", headers)
    connected, _ = await socket.connect()
    assert connected is bool(seen)
    return seen[0] if seen else None


async def test_the_sites_own_pages_keep_their_cookies():
    scope = await passed(OWN)
    assert scope
    assert not is_embedded(scope)
    assert (b"cookie", b"sessionid=x") in scope["headers"]


async def test_embedding_pages_lose_their_cookies():
    scope = await passed(OTHER)
    assert scope
    assert is_embedded(scope)
    assert origin_of(scope) == OTHER.decode()
    assert [name for name, _ in scope["headers"]] == [b"origin"]


@pytest.mark.parametrize(
    "origins",
    [
        (b"https://evil.example",),
        (b"null",),
        (OTHER + b":8443",),
        (b"http://www.example.com",),
        (b"",),
        (),
        (OTHER, b"https://evil.example"),
    ],
)
async def test_all_others_are_denied(origins):
    assert await passed(*origins) is None
