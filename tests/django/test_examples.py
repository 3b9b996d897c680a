"""The Python of docs/embedding.md, as it is written there."""

from types import SimpleNamespace
from uuid import uuid4

from channels.routing import ProtocolTypeRouter

from presence.conf import get_settings
from presence.guests import embedded_person
from presence.tokens import read
from tests.support.examples import example

ELSEWHERE = "Pages of another origin"


def run(section, containing, **names):
    """Run an example after which names exist, and return those and the ones that it makes."""
    exec(
        compile(example("docs/embedding.md", section, "python", containing), section, "exec"), names
    )
    return names


def test_the_socket():
    names = run(
        "2. The socket", "ProtocolTypeRouter", application=None, YourMiddleware=lambda app: app
    )
    assert isinstance(names["application"], ProtocolTypeRouter)


def test_the_origins(settings):
    settings.PRESENCE = run(ELSEWHERE, "EMBED_ORIGINS")["PRESENCE"]
    assert get_settings().EMBED_ORIGINS == ("https://www.example.com",)


def test_a_token_of_another_system():
    board = uuid4()
    token = run(ELSEWHERE, "issue")["token_for"](board, SimpleNamespace(pk=7, name="Ada"))
    grant = read(token, board, "https://www.example.com")
    assert (grant.person, grant.name) == (embedded_person("customer-7"), "Ada")
