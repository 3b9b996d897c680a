"""The direct way between sockets and connections, over real sockets (RFC 6455 section 5.2)."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest

from presence.server.fastio import READ_SIZE
from presence.server.pump import MAX_BACKLOG, Line, Pump
from tests.server.harness import settle
from tests.server.wire import WrittenServer, client_frame, drain, server_frame

PING = client_frame(b"ping", 0x89)
CLOSE = client_frame((1000).to_bytes(2, "big"), 0x88)
TEXT = client_frame(b"hello", 0x81)
BEGINNING = client_frame(b"frag", 0x02)
MIDDLE = client_frame(b"ment", 0x00)
END = client_frame(b"s", 0x80)
LARGE = client_frame(b"x" * 126)
UNMASKED = server_frame(b"12345")
EXTENDED = client_frame(b"12345", 0xC2)
"""A frame with a bit that only extensions set."""


class Wire:
    """A pump, and what happened to it: payloads by the client that sent them, in rounds."""

    def __init__(self) -> None:
        self.pump = Pump(lambda: self.log.append("begin"), lambda: self.log.append("end"))
        self.log: list[object] = []
        self.clients: list[socket.socket] = []
        self.servers: list[WrittenServer] = []

    def attach(self, buffer: int | None = None) -> int:
        """Attach one more socket, whose kernel buffers hold about so many bytes; return which."""
        client, ours = socket.socketpair()
        client.setblocking(False)
        if buffer is not None:
            ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffer)
        self.clients.append(client)
        self.servers.append(WrittenServer(ours))
        return len(self.clients) - 1

    def open(self, buffer: int | None = None) -> tuple[socket.socket, WrittenServer, Line]:
        """Open one more socket that is read directly: its client, its server and its line."""
        index = self.attach(buffer)
        line = self.pump.attach(
            self.servers[index], lambda payload, now: self.receive(index, payload, now)
        )
        return self.clients[index], self.servers[index], line

    def receive(self, index: int, payload: bytes, now: float) -> None:
        assert now == asyncio.get_running_loop().time()
        self.log.append((index, payload))
        if payload == b"fail":
            raise ValueError("a fault of a connection")

    @property
    def payloads(self) -> list[object]:
        """What was received, without the rounds."""
        return [entry for entry in self.log if not isinstance(entry, str)]

    def close(self) -> None:
        self.pump.close()
        for client, server in zip(self.clients, self.servers, strict=True):
            client.close()
            server.socket.close()


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    wire = Wire()
    yield wire
    wire.close()


# Reading


async def test_small_frames_come_with_their_bytes_in_their_order_and_in_rounds(wire: Wire) -> None:
    clients = [wire.open()[0] for _ in range(3)]
    sent = [bytes(range(size)) for size in (0, 1, 5, 125)]
    clients[0].send(b"".join(map(client_frame, sent)))
    clients[2].send(client_frame(b"other"))
    await settle()
    assert {(0, payload) for payload in sent} | {(2, b"other")} == {*wire.payloads}
    assert [payload for index, payload in wire.payloads if index == 0] == sent  # type: ignore[misc]
    assert (wire.log[0], wire.log[-1], wire.log.count("end")) == ("begin", "end", 1)
    assert [server.fed for server in wire.servers] == [[], [], []]


@pytest.mark.parametrize("odd", [PING, CLOSE, TEXT, BEGINNING, LARGE, UNMASKED, EXTENDED])
async def test_anything_else_is_the_servers(wire: Wire, odd: bytes) -> None:
    client, server, line = wire.open()
    client.send(client_frame(b"1") + odd + client_frame(b"2"))
    await settle()
    assert wire.payloads == [(0, b"1")]
    assert server.fed == [odd + client_frame(b"2")]
    assert line.heard


async def test_a_message_that_the_server_is_in_the_middle_of_is_all_its(wire: Wire) -> None:
    client, server, _ = wire.open()
    server.continues = True
    client.send(BEGINNING)
    await settle()
    for data in (client_frame(b"1"), MIDDLE, PING):  # small frames among fragments, too
        client.send(data)
        await settle()
    server.continues = False
    client.send(END)
    await settle()
    client.send(client_frame(b"2"))
    await settle()
    assert server.fed == [BEGINNING, client_frame(b"1"), MIDDLE, PING, END]
    assert wire.payloads == [(0, b"2")]


async def test_a_server_that_answers_a_close_frame_reads_again(wire: Wire) -> None:
    client, server, line = wire.open()
    parse = server.feed

    def close(data: bytes) -> bool:
        line.detach()
        parse(data)
        return True

    server.feed = close  # type: ignore[method-assign]
    client.send(CLOSE + client_frame(b"1"))
    await settle()
    assert (server.fed, server.given_back) == ([CLOSE + client_frame(b"1")], 1)
    assert (wire.payloads, wire.pump.lines) == ([], {})
    line.changed = lambda: wire.log.append("changed")
    line.detach()
    assert "changed" not in wire.log


async def test_a_frame_in_two_pieces_is_the_servers(wire: Wire) -> None:
    client, server, _ = wire.open()
    whole = client_frame(b"12345")
    for cut in range(1, len(whole)):
        server.continues = True
        client.send(whole[:cut])
        await settle()
        server.continues = False
        client.send(whole[cut:])
        await settle()
        assert server.fed == [whole[:cut], whole[cut:]]
        server.fed.clear()
    assert wire.payloads == []


async def test_what_the_server_had_received_before_decides_whose_the_rest_is(wire: Wire) -> None:
    index = wire.attach()
    server = wire.servers[index]
    server.continues = True
    wire.pump.attach(server, lambda payload, now: wire.log.append(payload))
    server.continues = False
    wire.clients[index].send(END)
    await settle()
    assert (server.fed, wire.payloads) == ([END], [])


async def test_a_flood_of_one_client_does_not_keep_the_others_waiting(wire: Wire) -> None:
    flood, _, _ = wire.open()
    other, _, _ = wire.open()
    frame = client_frame(b"x" * 10)
    flood.send(frame * (READ_SIZE // len(frame)))
    flood.send(frame * 1_000)
    other.send(client_frame(b"hello"))
    await settle()
    first_round = wire.log[: wire.log.index("end")]
    assert (1, b"hello") in first_round
    assert first_round.count((0, b"x" * 10)) <= READ_SIZE // len(frame)


@pytest.mark.parametrize("last", [b"", client_frame(b"bye")])
async def test_the_end_of_the_stream_gives_the_socket_back(wire: Wire, last: bytes) -> None:
    client, server, line = wire.open()
    told: list[bool] = []
    line.changed = lambda: told.append(line.open)
    client.send(last)
    client.close()
    await settle()
    assert wire.payloads == [(0, b"bye")] * bool(last)
    assert (server.given_back, server.reads, line.open, told) == (1, True, False, [False])
    assert not wire.pump.lines


async def test_a_reset_gives_the_socket_back(wire: Wire) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        client = socket.create_connection(listening.getsockname())
        ours, _ = listening.accept()
    wire.clients.append(client)
    wire.servers.append(WrittenServer(ours))
    line = wire.pump.attach(wire.servers[0], lambda payload, now: None)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    client.close()
    line.write(b"a first write may meet the reset")
    line.write(b"and so may a second one")
    await settle()
    assert (wire.servers[0].given_back, line.open) == (1, False)


async def test_a_fault_breaks_the_connection_that_it_met_and_no_other(
    wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    clients = [wire.open()[0] for _ in range(3)]
    clients[0].send(client_frame(b"1"))
    clients[1].send(client_frame(b"fail") + client_frame(b"never handled"))
    clients[2].send(client_frame(b"2"))
    await settle()
    assert {*wire.payloads} == {(0, b"1"), (1, b"fail"), (2, b"2")}
    assert [server.aborted for server in wire.servers] == [False, True, False]
    assert wire.log[-1] == "end"
    (record,) = caplog.records
    assert record.message == "socket: a frame could not be handled"


async def test_a_server_that_fails_breaks_its_connection_and_no_other(
    wire: Wire, caplog: pytest.LogCaptureFixture
) -> None:
    clients = [wire.open()[0] for _ in range(3)]

    def fail(*_: object) -> bool:
        raise ValueError("a fault of the server")

    wire.servers[0].feed = fail  # type: ignore[method-assign]
    wire.servers[1].give_back = fail  # type: ignore[method-assign, assignment]
    clients[0].send(PING)
    clients[1].close()
    clients[2].send(client_frame(b"2"))
    await settle()
    assert wire.payloads == [(2, b"2")]
    assert wire.log[-1] == "end", "or no board would be flushed any more"
    assert wire.servers[0].aborted
    assert [record.message for record in caplog.records] == ["socket: a frame could not be handled"]


# Writing


async def test_frames_go_straight_to_the_socket(wire: Wire) -> None:
    client, server, line = wire.open()
    sizes = (0, 1, 125, 126, 65_535)
    for size in sizes:
        line.write_frames([b"x" * size])
    assert drain(client) == b"".join(server_frame(b"x" * size) for size in sizes)
    assert (server.backlog, line.clogged) == (0, False)


async def test_what_waits_at_the_server_comes_first(wire: Wire) -> None:
    """The server's answer to the handshake may not be written yet."""
    index = wire.attach()
    client, server = wire.clients[index], wire.servers[index]
    server.write(b"HTTP/1.1 101 Switching Protocols\r\n\r\n")
    line = wire.pump.attach(server, lambda payload, now: None)
    line.write_frames([b"hello"])
    assert drain(client) == b""
    server.flush()
    line.write_frames([b"again"])
    answer = b"HTTP/1.1 101 Switching Protocols\r\n\r\n"
    assert drain(client) == answer + server_frame(b"hello") + server_frame(b"again")
    assert not line.clogged


async def test_bytes_keep_their_order_while_the_client_reads_slowly(wire: Wire) -> None:
    client, server, line = wire.open(buffer=2_000)
    states: list[bool] = []
    line.changed = lambda: states.append(line.clogged)
    sent, got, number = bytearray(), bytearray(), 0

    def write(size: int) -> None:
        nonlocal number
        number += 1
        payload = number.to_bytes(4, "big") * (size // 4)
        sent.extend(server_frame(payload))
        line.write_frames([payload])

    for _ in range(3):
        write(4)
        while not line.clogged:
            write(200)
        for _ in range(20):  # behind what waits already
            write(40)
        assert server.backlog > 20 * 42
        while server.backlog:
            got += drain(client)
            server.flush()
        got += drain(client)
    assert states == [True, False] * 2 + [True]
    line.write_frames([b"direct again"])
    assert not line.clogged
    assert got + drain(client) == sent + server_frame(b"direct again")


@pytest.mark.parametrize("taken", [0, 1, 2_000])
async def test_the_rest_of_a_short_send_is_the_servers(wire: Wire, taken: int) -> None:
    _, server, line = wire.open()
    data = bytes(range(250)) * 8
    line.finish(data, taken)
    assert (server.waiting, line.clogged) == (data[taken:], True)


async def test_a_send_that_failed_writes_no_rest(wire: Wire) -> None:
    _, server, line = wire.open()
    line.finish(b"some bytes", -1)
    assert (server.waiting, line.clogged) == (b"", False)


async def test_a_client_that_never_reads_is_disconnected_before_much_waits(wire: Wire) -> None:
    _, server, line = wire.open(buffer=2_000)
    frame = b"x" * 1_000
    kernel = 0
    while not line.clogged:
        line.write_frames([frame])
        kernel += 1
    assert kernel < 50
    for _ in range(MAX_BACKLOG // len(server_frame(frame)) - 1):
        line.write_frames([frame])
        assert not server.aborted
    line.write_frames([frame])
    line.write_frames([frame])
    assert server.aborted
    assert server.backlog <= MAX_BACKLOG + 2 * len(server_frame(frame))


# Giving back


async def test_a_line_is_detached_once(wire: Wire) -> None:
    client, server, line = wire.open()
    line.detach()
    line.detach()
    client.send(client_frame(b"1"))
    await settle()
    assert (server.given_back, wire.payloads, wire.pump.lines) == (1, [], {})


async def test_close_gives_all_sockets_back(wire: Wire) -> None:
    opened = [wire.open() for _ in range(3)]
    wire.pump.close()
    assert [server.given_back for server in wire.servers] == [1, 1, 1]
    for client, _, _ in opened:
        client.send(client_frame(b"1"))
    await settle()
    assert wire.payloads == []
    wire.pump.close()


async def test_the_next_socket_with_the_same_number_gets_nothing_of_the_last_ones(
    wire: Wire,
) -> None:
    """The kernel gives the number of a closed socket to the next one at once."""
    client, server, old = wire.open()
    server.continues = True
    client.send(BEGINNING)  # the old one is in the middle of a message
    await settle()
    server.lose()
    ours, theirs = sorted(socket.socketpair(), key=lambda end: end.fileno() != old.fd)
    assert ours.fileno() == old.fd
    wire.clients.append(theirs)
    wire.servers.append(WrittenServer(ours))
    new = wire.pump.attach(wire.servers[1], lambda payload, now: wire.log.append(payload))
    old.write(b"to the old one")
    old.write_frames([b"to the old one"])
    old.detach()
    theirs.setblocking(False)
    assert drain(theirs) == b""
    theirs.send(client_frame(b"to the new one"))
    await settle()
    assert wire.log[-2:] == [b"to the new one", "end"]
    assert (wire.pump.lines, new.open) == ({old.fd: new}, True)
    assert (wire.servers[1].fed, server.given_back) == ([], 1)


async def test_what_a_closed_socket_had_sent_in_the_same_round_is_not_handled(wire: Wire) -> None:
    lost: list[int] = []

    def receive(index: int) -> None:
        """Close the other socket, as when staff remove its person."""
        lost.append(index)
        wire.servers[1 - index].lose()

    for index in (0, 1):
        wire.attach()
        wire.pump.attach(wire.servers[index], lambda payload, now, n=index: receive(n))  # type: ignore[misc]
    for client in wire.clients:
        client.send(client_frame(b"1"))
    await settle()
    assert len(lost) == 1
    assert len(wire.pump.lines) == 1
