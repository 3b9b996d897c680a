"""The patches for Daphne, in a process of its own: to import Daphne chooses its event loop."""

import subprocess
import sys

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


def run(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_autobahn_formats_nothing_for_a_log_that_is_off() -> None:
    run(HANDSHAKE.format(enable=""))


def test_autobahns_debug_log_has_its_values() -> None:
    logged = run(HANDSHAKE.format(enable="txaio.start_logging(level='debug')"))
    assert "autoPingInterval" in logged
    assert "costly" in logged


CLOSED = """
import daphne.server, django, socket
from daphne.ws_protocol import WebSocketFactory
from twisted.internet.tcp import Connection

django.setup()
from presence.daphne import EXTENSION, direct_socket
protocol = WebSocketFactory(None).buildProtocol(None)
ours, theirs = socket.socketpair()
protocol.transport = Connection(ours, protocol)
protocol.state = protocol.STATE_CLOSED
print(repr(direct_socket({"extensions": {EXTENSION: protocol}})))
"""


def test_a_socket_that_closed_while_its_visitor_was_let_in_lacks_nothing() -> None:
    """Autobahn sets some attributes only when a socket opens."""
    assert run(CLOSED) == "''\n"


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
from presence.daphne import DaphneSocket
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


def test_a_socket_is_given_back_before_it_is_closed() -> None:
    """An epoll goes on to watch a closed one that a forked process has, too."""
    assert run(LOST) == "detached from True\nclosed True\n"
