"""The origins whose pages may open a socket."""

import pytest

from presence.embed import EmbeddingOriginValidator, below_prefix, is_embedded, origin_of
from tests.support.communicator import Communicator

OWN = b"http://testserver"
OTHER = b"https://www.example.com"


@pytest.fixture(autouse=True)
def embedding(settings, configure):
    settings.ALLOWED_HOSTS = ["testserver"]
    configure(EMBED_ORIGINS=[OTHER.decode()])


@pytest.mark.parametrize("host", ["localhost", "app.localhost", "127.0.0.1", "[::1]"])
async def test_in_development_hosts_are_as_for_pages(settings, host):
    settings.ALLOWED_HOSTS = []
    origin = f"http://{host}:8000".encode()
    assert await passed(origin) is None
    settings.DEBUG = True
    assert await passed(origin)


@pytest.mark.parametrize("debug", [True, False])
async def test_a_page_of_another_origin_may_ask_why_in_development(settings, debug):
    settings.DEBUG = debug

    async def application(scope, receive, send):
        pytest.fail("the site's own consumers would serve other origins")

    socket = Communicator(
        EmbeddingOriginValidator(application),
        "/",
        [(b"origin", b"http://app.example:8000")],
        ["presence.debug"],
    )
    connected, _ = await socket.connect()
    assert connected is debug
    if debug:
        assert "add 'app.example' to ALLOWED_HOSTS" in await socket.receive_from()
        assert (await socket.receive_output())["type"] == "websocket.close"


async def passed(*origins):
    """Return the scope that the application gets, None where the handshake is denied."""
    seen = []

    async def application(scope, receive, send):
        seen.append(scope)
        await receive()
        await send({"type": "websocket.accept"})

    headers = [*((b"origin", origin) for origin in origins), (b"cookie", b"sessionid=x")]
    socket = Communicator(EmbeddingOriginValidator(application), "/", headers)
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
        (b"http://[",),
        (b"http://[x]",),
        (b"http://evil.example:x",),
        (b"http://testserver:99999",),
    ],
)
async def test_all_others_are_denied(origins):
    assert await passed(*origins) is None


async def test_a_stranger_with_many_origins_does_not_fill_the_log(caplog):
    for number in range(300):
        assert await passed(b"https://%d.example" % number) is None
    assert len(caplog.records) == 1
    assert "origin='https://0.example'" in caplog.text


@pytest.mark.parametrize(
    ("origin", "trusted"),
    [
        (b"https://forms.example", True),
        (b"https://a.b.wild.example", True),
        (b"http://forms.example", False),
        (b"https://forms.example:8443", False),
        (b"https://evilwild.example", False),
    ],
)
async def test_pages_from_which_django_accepts_forms(settings, origin, trusted, caplog):
    settings.CSRF_TRUSTED_ORIGINS = ["https://forms.example", "https://*.wild.example"]
    for _ in range(2):  # Browsers try again; once is enough for the log.
        assert (await passed(origin) is not None) is trusted
    assert caplog.text.count(f"origin='{origin.decode()}'") == (not trusted)


@pytest.mark.parametrize(
    ("forced", "root_path", "path", "given"),
    [
        (None, "", "/ws/", ("", "/ws/")),
        ("/app", "", "/ws/", ("/app", "/app/ws/")),
        ("/app", "/other", "/app/ws/", ("/app", "/app/ws/")),
        (None, "/app/", "/ws/", ("/app", "/app/ws/")),
        (None, "/app", "/application/ws/", ("/app", "/app/application/ws/")),
    ],
)
def test_the_path_of_a_site_below_a_prefix(settings, forced, root_path, path, given):
    settings.FORCE_SCRIPT_NAME = forced
    scope = below_prefix({"root_path": root_path, "path": path})
    assert (scope["root_path"], scope["path"]) == given
    assert below_prefix(scope) == scope
