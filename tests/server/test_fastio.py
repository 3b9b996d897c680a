"""Both forms of presence.server.fastio, the one in C compiled here from its source.

The last test runs this file again with the form in C compiled for sanitizers, by FASTIO_FLAGS.
"""

import fcntl
import gc
import os
import runpy
import select
import socket
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.machinery import ExtensionFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from presence.server import fastio
from presence.server.fastio import Form, encode_header

SOURCE = Path(fastio.__file__).with_name("_fastio.c")
MODULE = "presence.server._fastio"
FLAGS = ["-std=c11", "-D_GNU_SOURCE", "-O2", "-fPIC", "-shared", "-Wall", "-Wextra", "-Werror"]
FORMS = ["c"] if "FASTIO_FLAGS" in os.environ else ["python", "c"]
SANITIZERS = "-g -fno-omit-frame-pointer -fno-sanitize-recover=all -fsanitize=address,undefined"

Parsed = tuple[list[bytes], bytes | None]

HELLO = bytes.fromhex("828537fa213d7f9f4d5158")
"""The masked "Hello" of RFC 6455 section 5.7, as a binary frame."""


def frame(payload: bytes, first: int = 0x82, key: bytes = b"\x37\xfa\x21\x3d") -> bytes:
    """A client's frame with the shortest form of its length, as RFC 6455 section 5.2 draws it."""
    size = len(payload)
    if size <= 125:
        length = bytes((0x80 | size,))
    elif size < 1 << 16:
        length = b"\xfe" + size.to_bytes(2, "big")
    else:
        length = b"\xff" + size.to_bytes(8, "big")
    masked = bytes(byte ^ key[i % 4] for i, byte in enumerate(payload))
    return bytes((first,)) + length + key + masked


class Net:
    """One epoll, and the server's ends of the sockets that it watches."""

    def __init__(self, form: Form, resources: ExitStack) -> None:
        self.form = form
        self.resources = resources
        self.epoll = resources.enter_context(select.epoll())
        self.raw: set[int] = set()

    def pair(self) -> tuple[socket.socket, socket.socket]:
        """A client and the server's end, which is watched. What one sends the other has at once."""
        client, server = socket.socketpair()
        return self.watched(client, server)

    def tcp(self) -> tuple[socket.socket, socket.socket]:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = socket.create_connection(listener.getsockname())
            server, _ = listener.accept()
        return self.watched(client, server)

    def watched(
        self, client: socket.socket, server: socket.socket
    ) -> tuple[socket.socket, socket.socket]:
        server.setblocking(False)
        self.epoll.register(server, select.EPOLLIN)
        for end in client, server:
            self.resources.enter_context(end)
        return client, server

    def poll(self) -> list[fastio.Received]:
        return self.form.poll(self.epoll, self.raw)

    def received(self, client: socket.socket, data: bytes) -> list[Parsed]:
        """What each round gives, until nothing is ready, once the only client has sent `data`."""
        client.sendall(data)
        rounds = []
        while found := self.poll():
            [(_, payloads, rest)] = found
            rounds.append((payloads, rest))
        return rounds


@pytest.fixture(scope="session")
def c_module(tmp_path_factory: pytest.TempPathFactory) -> ModuleType:
    """The form in C, compiled anew: what lies in the package may be outdated."""
    target = tmp_path_factory.mktemp("fastio") / "_fastio.abi3.so"
    flags = [*FLAGS, *os.environ.get("FASTIO_FLAGS", "").split()]
    headers = ["-isystem", sysconfig.get_path("include")]
    try:
        subprocess.run(["gcc", *flags, *headers, str(SOURCE), "-o", str(target)], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.fail(f"install gcc, libc6-dev and python3-dev, or mend {SOURCE.name}: {error}")
    loader = ExtensionFileLoader(MODULE, str(target))
    spec = spec_from_loader(MODULE, loader)
    assert spec is not None
    module = module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def c_form(c_module: ModuleType) -> Form:
    return Form("c", c_module.poll, c_module.send_all)


@pytest.fixture(params=FORMS)
def form(request: pytest.FixtureRequest) -> Form:
    if request.param == "python":
        return fastio.PYTHON
    found: Form = request.getfixturevalue("c_form")
    return found


@pytest.fixture
def net(form: Form) -> Iterator[Net]:
    with ExitStack() as resources:
        yield Net(form, resources)


# --- poll


def test_the_masked_frame_of_the_rfc_is_unmasked(net):
    client, server = net.pair()
    client.sendall(HELLO)
    assert net.poll() == [(server.fileno(), [b"Hello"], b"")]
    assert net.poll() == []


def test_every_size_of_a_small_payload_and_every_byte_of_the_mask(net):
    client, _ = net.pair()
    for size in range(126):
        payload = bytes((7 * i + size) % 256 for i in range(size))
        key = bytes((size, 255 - size, 0, 128))
        assert net.received(client, frame(payload, key=key)) == [([payload], b"")]


def test_many_frames_in_one_read_keep_their_order(net):
    client, _ = net.pair()
    payloads = [bytes((i,)) * (i % 9) for i in range(50)]
    assert net.received(client, b"".join(map(frame, payloads))) == [(payloads, b"")]


OTHERS = {
    "text": frame(b"hi", 0x81),
    "continuation": frame(b"hi", 0x80),
    "first fragment": frame(b"hi", 0x02),
    "close": frame(b"\x03\xe8", 0x88),
    "ping": frame(b"hi", 0x89),
    "pong": frame(b"hi", 0x8A),
    "unknown data": frame(b"hi", 0x83),
    "unknown control": frame(b"hi", 0x8F),
    "RSV1": frame(b"hi", 0xC2),
    "RSV2": frame(b"hi", 0xA2),
    "RSV3": frame(b"hi", 0x92),
    "unmasked": b"\x82\x05Hello",
    "unmasked and empty": b"\x82\x00----",
    "unmasked, 125 bytes": b"\x82\x7d" + b"-" * 129,
    "unmasked, long": b"\x82\x7e\x00\x7e" + b"-" * 126,
    "126 bytes": frame(b"-" * 126),
    "a long form of a small length": b"\x82\xfe\x00\x05" + HELLO[2:],
    "the longest form of a small length": b"\x82\xff" + bytes(7) + b"\x05" + HELLO[2:],
}


@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
def test_anything_else_is_the_rest_with_all_after_it(net, other):
    client, _ = net.pair()
    assert net.received(client, other) == [([], other)]
    assert net.received(client, HELLO + other + HELLO) == [([b"Hello"], other + HELLO)]


@pytest.mark.parametrize("size", [0, 1, 125])
def test_a_frame_cut_at_any_byte_is_the_rest(net, size):
    client, _ = net.pair()
    whole = frame(b"x" * size)
    for cut in range(1, len(whole)):
        assert net.received(client, HELLO + whole[:cut]) == [([b"Hello"], whole[:cut])]


def test_a_round_reads_512_bytes_of_a_socket_and_the_next_goes_on(net):
    flooding, _ = net.pair()
    payloads = [bytes(122)] * 4
    assert net.received(flooding, b"".join(map(frame, payloads)) + HELLO) == [
        (payloads, b""),
        ([b"Hello"], b""),
    ]
    assert net.received(flooding, b"x" * 1_250) == [
        ([], b"x" * 512),
        ([], b"x" * 512),
        ([], b"x" * 226),
    ]


@pytest.mark.parametrize("left", range(1, 11))
def test_a_frame_that_a_full_read_cuts_is_the_rest(net, left):
    client, _ = net.pair()
    payloads = [bytes(125)] * 2 + [bytes(119), bytes(119 - left)]
    assert net.received(client, b"".join(map(frame, payloads)) + HELLO) == [
        (payloads, HELLO[:left]),
        ([], HELLO[left:]),
    ]


def test_a_flooding_socket_leaves_the_others_their_turn(net):
    flooding, flooded = net.pair()
    quiet, other = net.pair()
    flooding.sendall(HELLO * 3000)
    quiet.sendall(HELLO)
    first = {fd: (payloads, rest) for fd, payloads, rest in net.poll()}
    cut = 512 // len(HELLO)
    assert first == {
        flooded.fileno(): ([b"Hello"] * cut, HELLO[: 512 - cut * len(HELLO)]),
        other.fileno(): ([b"Hello"], b""),
    }


def test_a_raw_socket_is_not_parsed(net):
    client, server = net.pair()
    other, parsed = net.pair()
    net.raw.add(server.fileno())
    client.sendall(HELLO)
    other.sendall(HELLO)
    assert sorted(net.poll()) == sorted(
        [(server.fileno(), [], HELLO), (parsed.fileno(), [b"Hello"], b"")]
    )
    net.raw.clear()
    assert net.received(client, HELLO) == [([b"Hello"], b"")]


@pytest.mark.parametrize("raw", [False, True])
def test_the_end_of_a_stream_follows_what_came_before_it(net, raw):
    client, server = net.pair()
    if raw:
        net.raw.add(server.fileno())
    client.sendall(HELLO)
    client.close()
    [before] = net.poll()
    assert before == (server.fileno(), *(([], HELLO) if raw else ([b"Hello"], b"")))
    ended = [(server.fileno(), [], None)]
    assert net.poll() == ended
    assert net.poll() == ended, "until it is taken from the epoll"
    net.epoll.unregister(server)
    assert net.poll() == []


def test_a_client_that_only_stops_sending_has_ended_its_stream(net):
    client, server = net.tcp()
    client.shutdown(socket.SHUT_WR)
    net.epoll.poll()
    assert net.poll() == [(server.fileno(), [], None)]


def test_a_hang_up_without_input_is_the_end(net):
    client, server = net.pair()
    net.epoll.modify(server, 0)
    client.close()
    assert net.poll() == [(server.fileno(), [], None)]


def test_a_reset_is_the_end(net):
    client, server = net.tcp()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()
    net.epoll.poll()
    assert net.poll() == [(server.fileno(), [], None)]


def test_a_ready_socket_with_nothing_to_read_is_left_out(net):
    client, server = net.pair()
    net.epoll.modify(server, select.EPOLLIN | select.EPOLLOUT)
    assert net.poll() == []
    assert net.received(client, HELLO) == [([b"Hello"], b"")]


def test_200_ready_sockets_take_two_rounds(net):
    pairs = [net.pair() for _ in range(200)]
    for client, _ in pairs:
        client.sendall(HELLO)
    first, second, third = net.poll(), net.poll(), net.poll()
    assert (len(first), len(second), third) == (128, 72, [])
    assert {fd for fd, _, _ in first + second} == {server.fileno() for _, server in pairs}
    assert all(payloads == [b"Hello"] and rest == b"" for _, payloads, rest in first + second)


def test_poll_raises_for_what_is_no_open_epoll(form):
    epoll = select.epoll()
    epoll.close()
    with pytest.raises(ValueError, match="closed"):
        form.poll(epoll, set())
    with pytest.raises((TypeError, AttributeError)):
        form.poll(None, set())
    with socket.socket() as other, pytest.raises((OSError, AttributeError)):
        form.poll(other, set())


class Broken:
    """Stands for a set of descriptors, and raises."""

    def __contains__(self, fd: int) -> bool:
        raise LookupError(fd)


def test_poll_raises_what_the_set_raises(net):
    client, server = net.pair()
    client.sendall(HELLO)
    with pytest.raises(LookupError, match=str(server.fileno())):
        net.form.poll(net.epoll, Broken())


@pytest.mark.parametrize("arguments", [(), (None,), ([], b"", 1)])
def test_both_functions_take_two_arguments(form, arguments):
    for function in form.poll, form.send_all:
        with pytest.raises(TypeError, match="argument"):
            function(*arguments)


# --- send_all


def test_all_sockets_get_the_same_bytes(net):
    pairs = [net.pair() for _ in range(40)]
    data = bytes(range(256)) * 4
    for kind in list, tuple:
        assert net.form.send_all(kind(server.fileno() for _, server in pairs), data) == []
        assert {client.recv(2048) for client, _ in pairs} == {data}
    assert net.form.send_all([], data) == []


def fill(server: socket.socket) -> int:
    """Send until the socket would block. Returns the bytes it took."""
    taken = 0
    while True:
        try:
            taken += server.send(bytes(4096))
        except BlockingIOError:
            return taken


def drained(client: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size:
        data += client.recv(size - len(data))
    return data


@pytest.mark.parametrize("kind", [Net.pair, Net.tcp])
def test_a_socket_takes_what_fits_and_then_nothing(net, kind):
    client, server = kind(net)
    data = os.urandom(16 << 20)
    [(index, taken)] = net.form.send_all([server.fileno()], data)
    assert index == 0
    assert 0 < taken < len(data)
    fill(server)
    assert net.form.send_all([server.fileno()], b"x") == [(0, 0)]
    assert drained(client, taken) == data[:taken]


def test_sockets_in_trouble_are_named_and_the_others_get_everything(net):
    (_, full), (gone, left), (a, first), (b, last) = (net.pair() for _ in range(4))
    fill(full)
    gone.close()
    closed = socket.socket()
    closed_fd = closed.fileno()
    closed.close()
    fds = [first.fileno(), full.fileno(), left.fileno(), closed_fd, closed.fileno(), last.fileno()]
    assert net.form.send_all(fds, HELLO) == [(1, 0), (2, -1), (3, -1), (4, -1)]
    assert a.recv(100) == b.recv(100) == HELLO


def test_a_reset_socket_fails(net):
    client, server = net.tcp()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()
    net.epoll.poll()
    assert net.form.send_all([server.fileno()], HELLO) == [(0, -1)], "ECONNRESET"
    assert net.form.send_all([server.fileno()], HELLO) == [(0, -1)], "EPIPE"


def test_nothing_is_sent_whole(net):
    _, server = net.pair()
    fill(server)
    assert net.form.send_all([server.fileno()], b"") == []


def test_send_all_raises_for_what_is_no_list_of_descriptors_or_no_bytes(form):
    for fds in (None, 3, ["3"], [None]):
        with pytest.raises(TypeError):
            form.send_all(fds, b"x")
    for fd in (1 << 40, -1 << 40, 1 << 80):
        with pytest.raises(OverflowError):
            form.send_all([fd], b"x")
    with pytest.raises(TypeError):
        form.send_all([99_999], "text")


# --- both forms


FIRST = st.one_of(st.just(0x82), st.just(0x82), st.integers(0, 255))
PAYLOADS = st.one_of(st.binary(max_size=20), st.binary(min_size=110, max_size=140))
FRAMES = st.builds(frame, PAYLOADS, FIRST, st.binary(min_size=4, max_size=4))
STREAMS = st.lists(st.one_of(FRAMES, FRAMES, FRAMES, st.binary(max_size=12)), max_size=60).map(
    b"".join
)


@st.composite
def cut_streams(draw: st.DrawFn) -> list[bytes]:
    stream = draw(STREAMS)
    cuts = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=5)))
    return [stream[a:b] for a, b in zip([0, *cuts], [*cuts, len(stream)], strict=True) if a < b]


@settings(max_examples=500)
@given(cut_streams())
@example([HELLO * 800])
def test_both_forms_receive_the_same_and_lose_no_byte(c_form, chunks):
    with ExitStack() as resources:
        python, c = (Net(form, resources) for form in (fastio.PYTHON, c_form))
        to_python, to_c = (net.pair()[0] for net in (python, c))
        for chunk in chunks:
            rounds = c.received(to_c, chunk)
            assert rounds == python.received(to_python, chunk)
            sizes = [len(rest) + sum(6 + len(p) for p in payloads) for payloads, rest in rounds]
            assert sum(sizes) == len(chunk)


def moved_up(end: socket.socket) -> socket.socket:
    """The socket under a number that Python keeps no object of, as it does of those below 257."""
    with end:
        return socket.socket(fileno=fcntl.fcntl(end, fcntl.F_DUPFD, 300))


def test_no_memory_is_lost(net):
    def pair() -> tuple[socket.socket, socket.socket]:
        client, server = socket.socketpair()
        return net.watched(client, moved_up(server))

    pairs = [pair() for _ in range(5)]
    ended, _ = pair()
    ended.close()
    _, full = pair()
    fill(full)
    net.raw.add(pairs[0][1].fileno())
    servers = [full, *(server for _, server in pairs)]

    def rounds(count: int) -> None:
        for _ in range(count):
            for client, _ in pairs:
                client.sendall(HELLO + HELLO[:7])
            assert len(net.poll()) == 6
            assert net.form.send_all([-1, *(end.fileno() for end in servers)], HELLO)
            for client, _ in pairs:
                client.recv(100)
                client.sendall(HELLO)
            with pytest.raises(LookupError):
                net.form.poll(net.epoll, Broken())
            net.poll()
            with pytest.raises(TypeError):
                net.form.send_all([-1, None], HELLO)

    def blocks() -> int:
        gc.collect()
        return sys.getallocatedblocks()

    rounds(10)
    before = blocks()
    rounds(1000)
    assert blocks() - before < 500, "less than one block in two rounds"


# --- what a site gets


@pytest.mark.parametrize("size", [0, 1, 125, 126, 256, 65535, 65536, 1 << 40])
def test_a_header_says_the_size_in_its_shortest_form(size):
    expected = {
        0: "8200",
        1: "8201",
        125: "827d",
        126: "827e007e",
        256: "827e0100",  # in RFC 6455 section 5.7
        65535: "827effff",
        65536: "827f0000000000010000",  # in RFC 6455 section 5.7
        1 << 40: "827f0000010000000000",
    }
    assert encode_header(size).hex() == expected[size]


def test_what_the_other_side_has_not_read_is_known():
    ours, theirs = socket.socketpair()
    assert fastio.unread_bytes(ours.fileno()) == 0
    ours.send(bytes(5_000))
    assert fastio.unread_bytes(ours.fileno()) >= 5_000
    theirs.recv(5_000)
    assert fastio.unread_bytes(ours.fileno()) == 0
    ours.close()
    assert fastio.unread_bytes(ours.fileno()) == 0
    theirs.close()


def test_where_the_kernel_does_not_tell_nothing_is_unread(monkeypatch):
    monkeypatch.setattr(fastio, "fcntl", None)
    assert fastio.unread_bytes(0) == 0


def test_the_form_in_c_serves_where_it_is_there(monkeypatch, c_module):
    monkeypatch.delenv("PRESENCE_PURE_PYTHON", raising=False)
    monkeypatch.setitem(sys.modules, MODULE, c_module)
    module = runpy.run_path(fastio.__file__)
    assert module["IMPLEMENTATION"] == "c"
    assert module["poll"] is c_module.poll
    assert module["send_all"] is c_module.send_all


@pytest.mark.parametrize("built", [False, True])
def test_python_serves_where_c_is_missing_or_unwanted(monkeypatch, c_module, built):
    monkeypatch.setitem(sys.modules, MODULE, c_module if built else None)
    monkeypatch.setenv("PRESENCE_PURE_PYTHON", "1" if built else "0")
    module = runpy.run_path(fastio.__file__)
    assert module["IMPLEMENTATION"] == "python"
    assert module["poll"] is module["PYTHON"].poll
    assert module["send_all"] is module["PYTHON"].send_all


# It runs all the others once more, at a fraction of their speed.
@pytest.mark.long
@pytest.mark.timeout(600)
def test_the_sanitizers_find_nothing():
    library = subprocess.run(
        ["gcc", "-print-file-name=libasan.so"], check=True, capture_output=True, text=True
    ).stdout.strip()
    environment = os.environ | {
        "FASTIO_FLAGS": SANITIZERS,
        "LD_PRELOAD": library,
        "PYTHONMALLOC": "malloc",
        # Python itself keeps memory to the end. test_no_memory_is_lost finds leaks.
        "ASAN_OPTIONS": "detect_leaks=0",
    }
    tests = [__file__, "-k", "not sanitizers and not memory"]
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout + run.stderr
