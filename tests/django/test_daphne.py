"""The patches for Daphne, in processes of their own: to import Daphne chooses its event loop."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator

import pytest

from tests.support.forks import run_forks

Run = Callable[[str], str]
Reason = Callable[..., str]

BEGIN = """
import daphne.server, daphne.ws_protocol, django.contrib.admin, presence.apps, socket, txaio
import twisted.internet.testing
"""
"""What takes long to import, and patches nothing yet."""


def run_anew(code: str) -> str:
    """Run code in a process that has imported nothing, and return what it printed."""
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout or done.stderr


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Runs code in another process, and returns what it printed."""
    with run_forks(BEGIN) as run_code:
        yield run_code


@pytest.fixture
def reason(run: Run) -> Reason:
    """Tells why the socket is not handed over, after some code; "None" if it is."""

    def tell(code: str, change: str = "") -> str:
        ask = "\nfound = direct_socket(scope)\nprint(found if isinstance(found, str) else None)"
        return run(READY.format(change=change) + code + ask).strip()

    return tell


HANDSHAKE = """
import daphne.server, django, txaio
from daphne.ws_protocol import WebSocketFactory
from twisted.internet.testing import StringTransport

class Costly:
    formatted = 0

    def __repr__(self):
        Costly.formatted += 1
        return "costly"

django.setup()
factory = WebSocketFactory(None)
factory.setProtocolOptions(allowedOrigins=["*"], autoPingInterval=Costly())
protocol = factory.buildProtocol(None)
protocol.makeConnection(StringTransport())
protocol.dataReceived(b"GET / HTTP/1.1\\r\\n")
assert protocol.autoPingInterval.formatted == 0, "formatted for nobody"
{enable}
protocol = factory.buildProtocol(None)
protocol.makeConnection(StringTransport())
"""


def test_autobahn_formats_nothing_for_a_log_that_is_off(run: Run) -> None:
    run(HANDSHAKE.format(enable=""))


def test_autobahns_debug_log_has_its_values(run: Run) -> None:
    logged = run(HANDSHAKE.format(enable="txaio.start_logging(level='debug')"))
    assert "autoPingInterval" in logged
    assert "costly" in logged


CLOSED = """
import daphne.server, django, socket
from daphne.ws_protocol import WebSocketFactory
from twisted.internet.tcp import Connection

daphne.server.Server.run = lambda server: None
django.setup()
daphne.server.Server(None, endpoints=["tcp:0"]).run()
from presence.asgi.daphne import EXTENSION, direct_socket
protocol = WebSocketFactory(None).buildProtocol(None)
ours, theirs = socket.socketpair()
protocol.transport = Connection(ours, protocol)
protocol.state = protocol.STATE_CLOSED
print(repr(direct_socket({"extensions": {EXTENSION: protocol}})))
"""


def test_a_socket_that_closed_while_its_visitor_was_let_in_lacks_nothing(run: Run) -> None:
    """Autobahn sets some attributes only when a socket opens."""
    assert run(CLOSED) == "''\n"


FAULTS = """
import daphne.server, django, socket
from threading import Thread
from twisted.internet import defer

django.setup()
accepted = 0

def fail(factory, address):
    global accepted
    accepted += 1
    if accepted == 1_000:
        daphne.server.reactor.callLater(0, daphne.server.reactor.stop)
    raise ValueError(f"number {{accepted}}")

def knock():
    for _ in range(1_000):
        socket.create_connection(server.listening_addresses[0]).close()

def begin():
    for number in range(1_000):
        daphne.server.reactor.callLater(0, defer.fail, KeyError(number))
    Thread(target=knock).start()

daphne.server.HTTPFactory.buildProtocol = fail
server = daphne.server.Server(
    None,
    endpoints=["tcp:port=0:interface=127.0.0.1"],
    ready_callable=begin,
    signal_handlers=False,
    verbosity={verbosity},
)
server.run()
"""


@pytest.mark.parametrize(("verbosity", "own"), [(0, 2), (1, 2), (2, 0)])
def test_what_twisted_catches_is_logged_once_for_each_line(
    monkeypatch: pytest.MonkeyPatch, verbosity: int, own: int
) -> None:
    """A stranger makes it fail a thousand times. With verbosity 2, Daphne logs it by itself."""
    monkeypatch.setenv("LOG_FORMAT", "json")
    monkeypatch.setenv("DJANGO_SETTINGS_MODULE", "presence_site.settings")
    lines = [json.loads(line) for line in run_anew(FAULTS.format(verbosity=verbosity)).splitlines()]
    logged = {
        line["message"]: line["exception"]
        for line in lines
        if line["logger"] == "presence.asgi.daphne"
    }
    assert len(logged) == own
    if own:
        assert "KeyError: 0" in logged["daphne: KeyError at an unknown place"]
        fault = logged["daphne: ValueError at <string>:14"]
        assert ", in fail\n" in fault
        assert fault.endswith("ValueError: number 1")


LOST = """
import daphne.server, django, socket
from daphne.ws_protocol import WebSocketFactory
from twisted.internet.error import ConnectionAborted
from twisted.internet.tcp import Connection
from twisted.python.failure import Failure

class Line:
    def write(self, data):
        raise AssertionError

    def detach(self):
        print("detached from", ours.fileno() == number)
        server.give_back()

django.setup()
from presence.asgi.daphne import DaphneSocket
protocol = WebSocketFactory(None).buildProtocol(None)
ours, theirs = socket.socketpair()
number = ours.fileno()
protocol.transport = Connection(ours, protocol)
protocol.transport.connected = 1
protocol.connectionLost = lambda reason: print("closed", ours.fileno() == -1)
server = DaphneSocket(protocol)
server.take_over(Line())
protocol.transport.connectionLost(Failure(ConnectionAborted()))
"""


def test_a_socket_is_given_back_before_it_is_closed(run: Run) -> None:
    """An epoll goes on to watch a closed one that a forked process has, too."""
    assert run(LOST) == "detached from True\nclosed True\n"


# Sockets that presence reads and writes itself

READY = """
import daphne.server, daphne.ws_protocol, django
{change}
daphne.server.Server.run = lambda server: None
django.setup()
from presence.asgi.daphne import EXTENSION, DaphneSocket, direct_socket, ordinary_reason
from twisted.internet import tcp
from twisted.internet.testing import StringTransport

class Transport(tcp.Connection):
    TLS = False

    def __init__(self):
        self._tempDataLen = 0

class Protocol:
    data, inside_message, current_frame, state, STATE_OPEN = b"", False, None, 3, 3

    def __init__(self, transport):
        self.transport = transport

protocol = Protocol(Transport())
scope = {{"extensions": {{EXTENSION: protocol}}}}
assert ordinary_reason(), "Daphne does not run yet"
daphne.server.Server(None, endpoints=["tcp:0"]).run()
"""


WITHOUT_DAPHNE = """
import django, sys
from django.conf import settings
settings.INSTALLED_APPS = [app for app in settings.INSTALLED_APPS if app != "daphne"]
django.setup()
from presence.asgi.daphne import ordinary_reason
assert "daphne.server" not in sys.modules
print(ordinary_reason())
"""


def test_what_is_installed_has_all_that_is_needed(reason: Reason) -> None:
    assert reason("assert ordinary_reason() == ''") == "None"


@pytest.mark.parametrize(
    ("code", "lacking"),
    [
        ("del Protocol.current_frame", "Protocol.current_frame"),
        ("protocol.data = []", "Protocol.data"),
        ("del protocol.transport._tempDataLen", "Transport._tempDataLen"),
        (
            "protocol.transport.dataBuffer = None\ndel Protocol.state",
            "Protocol.state, Transport.dataBuffer",
        ),
    ],
)
def test_what_an_open_socket_lacks_is_named(reason: Reason, code: str, lacking: str) -> None:
    assert reason(code) == f"this version of Daphne, Autobahn or Twisted lacks {lacking}"


def test_what_a_version_lacks_is_named_and_nothing_of_it_is_touched(
    reason: Reason,
) -> None:
    code = "assert daphne.server.Server.create_application is create\n"
    code += "assert 'check_timeouts' in ordinary_reason()"
    change = """
del daphne.ws_protocol.WebSocketProtocol.check_timeouts
create = daphne.server.Server.create_application
"""
    lacking = "this version of Daphne, Autobahn or Twisted lacks WebSocketProtocol.check_timeouts"
    assert reason(code, change) == lacking


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("protocol.transport.TLS = True", "the endpoint uses TLS"),
        ("protocol.transport = StringTransport()", "the endpoint uses TLS"),
        ("scope = {}", "the server did not hand over the socket"),
    ],
)
def test_other_sockets_have_the_ordinary_path(reason: Reason, code: str, why: str) -> None:
    assert reason(code) == why


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("settings.PRESENCE = {'FAST_PATH': False}", "PRESENCE['FAST_PATH'] is False"),
        ("import select; del select.epoll", "this system has no epoll"),
    ],
)
def test_a_process_may_have_the_ordinary_path_alone(reason: Reason, code: str, why: str) -> None:
    change = f"from django.conf import settings\n{code}"
    assert reason("assert ordinary_reason()", change) == why


def test_without_daphne_there_is_nothing_to_hand_over() -> None:
    assert run_anew(WITHOUT_DAPHNE).strip() == "the server is not Daphne"
