"""What a board tells of its people: nobody's name passes for another's, and no more than the level
of privacy allows, whatever a client sends."""

import pytest

from presence.protocol.codec import encode
from presence.protocol.errors import Close
from presence.protocol.identity import Privacy, anonymous_name, look_of
from presence.protocol.messages import (
    CursorUpdate,
    Dialect,
    MessageType,
    PresenceUpdate,
    SetState,
    UserState,
)
from tests.server.harness import BOARD, OTHER_BOARD, Process, Socket, pass_time, settle
from tests.server.world import MENDED, World, roster

ADA_IN_CYRILLIC = "Аdа"
ALIKE = ["Ada", "ADA", ADA_IN_CYRILLIC, "A.d.a", "Ada ✓", "✅ Ada", "A\u200cda", "Ada\u0323"]
COUNTS_ONLY, NO_GUEST_NAMES = Privacy.COUNTS_ONLY, Privacy.NO_GUEST_NAMES


def name_of(process: Process, socket: Socket) -> str:
    """Return the name under which a socket is on the board."""
    return process.hub.board(BOARD).room.seats.by_session[socket.connection.session_id].member.name


@pytest.mark.parametrize("name", ALIKE)
@pytest.mark.parametrize("person", ["user:1", "guest:1"])
async def test_a_guest_cannot_take_a_name_that_looks_like_anothers(
    process: Process, person: str, name: str
) -> None:
    account = "Ada" if person == "user:1" else None
    ada = await process.joined(person, name=account)
    eve = await process.socket("guest:eve").join(name)
    await settle()
    assert roster(ada) == {1: anonymous_name("guest:eve")}
    assert eve.welcome.name_set
    # The client learns its name from the roster.
    assert eve.view.users[eve.welcome.user][0] == anonymous_name("guest:eve")


async def test_two_accounts_may_have_one_name_and_a_person_has_it_in_all_tabs(
    process: Process,
) -> None:
    ada = await process.joined("user:1", name="Ada")
    await process.joined("user:2", name="Ada")
    for _ in range(2):
        await process.socket("guest:bob").join("Bob")
    await settle()
    assert roster(ada) == {1: "Ada", 2: "Bob", 3: "Bob"}


async def test_a_guest_who_was_there_first_gives_way_to_the_account(process: Process) -> None:
    eve = await process.joined("guest:eve")
    tab = await process.joined("guest:eve")
    ada = await process.joined("user:1", name="Ada")
    await settle()
    assert [eve.codes, tab.codes] == [[Close.RESTARTING]] * 2
    back = await process.socket("guest:eve").join("Ada")
    await settle()
    assert roster(ada)[back.welcome.user] == anonymous_name("guest:eve")
    await pass_time(MENDED)
    assert roster(ada) == {back.welcome.user: anonymous_name("guest:eve")}
    assert back.codes == ada.codes == []


async def test_a_guest_who_was_there_first_gives_way_in_every_process(world: World) -> None:
    eve = await world.joined("one", "guest:eve")
    ada = await world.process("two").socket("user:1", name=ADA_IN_CYRILLIC).join()
    guest = await world.process("two").socket("guest:eve").join("Guest:Eve")
    await pass_time(1)
    assert (eve.codes, ada.codes, guest.codes) == ([], [], [])
    eve2 = await world.process("one").socket("guest:2").join("Ada")
    await pass_time(1)
    assert look_of("Ada") not in {look_of(name) for name in roster(ada).values()}
    assert eve2.view.users[eve2.welcome.user][0] == anonymous_name("guest:2")
    await world.process("two").socket("user:3", name="Guest:Eve").join()
    await pass_time(1)
    assert eve.codes == guest.codes == [Close.RESTARTING]


async def test_the_first_guest_of_a_process_knows_the_names_of_the_others(world: World) -> None:
    ada = await world.joined("one", "guest:1")
    eve = await world.process("two").socket("guest:2").join("guest:1")
    await pass_time(1)
    assert roster(ada) == {eve.welcome.user: anonymous_name("guest:2")}
    assert (ada.codes, eve.codes) == ([], [])


async def test_of_two_guests_who_came_at_once_the_later_one_gives_way(world: World) -> None:
    for name in ("one", "two"):
        await world.joined(name, "elsewhere", board=OTHER_BOARD)  # Both hold a lease.
    sockets = {name: world.process(name).socket(f"guest:{name}") for name in ("one", "two")}
    with world.process("one").seam.hold("snapshot"), world.process("two").seam.hold("snapshot"):
        for socket in sockets.values():
            socket.ask("Ada")
        await pass_time(0.1)
    await pass_time(1)
    gone = [name for name, socket in sockets.items() if socket.codes == [Close.RESTARTING]]
    (name,), (stays,) = gone, [each for each in sockets.values() if not each.codes]
    back = await world.process(name).socket(f"guest:{name}").join("Ada")
    await pass_time(MENDED)
    assert roster(stays) == {back.welcome.user: anonymous_name(f"guest:{name}")}
    assert stays.codes == back.codes == []


async def test_whom_a_token_names_is_called_so(process: Process) -> None:
    ada = await process.joined("embedded:1", name="Ada")
    await process.joined("user:1", name="Ada")
    assert ada.codes == []


async def test_a_reserved_name_is_nobodys(process: Process) -> None:
    eve = process.socket("guest:eve", reserved=frozenset({look_of("Ada")}))
    await eve.join(ADA_IN_CYRILLIC)
    assert name_of(process, eve) == anonymous_name("guest:eve")


@pytest.mark.parametrize("dialect", Dialect)
async def test_without_guest_names_nobody_hears_them(process: Process, dialect: Dialect) -> None:
    ada = await process.joined("user:1", name="Ada", privacy=NO_GUEST_NAMES, dialect=dialect)
    eve = await process.socket("guest:eve", privacy=NO_GUEST_NAMES, dialect=dialect).join("Evelyn")
    bob = await process.socket("guest:bob", privacy=NO_GUEST_NAMES, dialect=dialect).join("Evelyn")
    await settle()
    names = [name_of(process, socket) for socket in (eve, bob)]
    assert all(name.startswith("Guest ") for name in names)
    assert len({*names}) == 2
    assert name_of(process, ada) == "Ada"
    assert {name for name, _ in bob.view.users.values()} >= {"Ada", *names}
    assert b"Evelyn" not in b"".join(ada.frames + eve.frames + bob.frames)
    # The number stays: in another tab, and when the page is loaded again.
    tab = await process.socket("guest:eve", privacy=NO_GUEST_NAMES, dialect=dialect).join("Evelyn")
    eve.go_away()
    again = await process.socket("guest:eve", privacy=NO_GUEST_NAMES, dialect=dialect).join("E")
    assert {name_of(process, socket) for socket in (tab, again)} == {names[0]}


TOLD = {
    Dialect.COMPACT: [MessageType.WELCOME, MessageType.ROSTER, MessageType.PRESENCE_UPDATE],
    Dialect.EXPLICIT: [MessageType.PRESENCE_UPDATE],
}


@pytest.mark.parametrize("dialect", Dialect)
async def test_where_counts_are_shown_nobody_hears_of_anybody(
    process: Process, dialect: Dialect
) -> None:
    people = [
        await process.joined(person, name=name, privacy=COUNTS_ONLY, dialect=dialect)
        for person, name in [("user:1", "Ada"), ("guest:bob", None), ("guest:eve", None)]
    ]
    for socket in people:
        socket.move(1, 2)
        if dialect is Dialect.COMPACT:
            socket.say(SetState(UserState.AWAY))
        socket.connection.receive(encode(CursorUpdate(3, 4, board=0), Dialect.EXPLICIT))
    await pass_time(60)
    last = await process.joined("guest:last", privacy=COUNTS_ONLY, dialect=dialect)
    first, *_ = people
    assert [frame[0] for frame in last.frames] == TOLD[dialect]
    board = process.hub.board(BOARD).room.board_id
    assert [m for m in first.messages if isinstance(m, PresenceUpdate)] == [
        PresenceUpdate(board, count) for count in (1, 2, 3, 4)
    ]
    assert {frame[0] for frame in first.frames} == {*TOLD[dialect]}
    assert first.view.users == last.view.users == {}
    members = (await process.seam.inner.snapshot(BOARD)).members
    assert [member.name for member in members] == [""] * 4
    assert process.hub.activity(BOARD).cursors == {}


async def test_a_board_that_becomes_more_private_is_so_for_all_with_the_next_join(
    world: World,
) -> None:
    ada, bob = await world.joined("one", "ada"), await world.joined("two", "bob")
    old = await world.process("one").socket("old", dialect=Dialect.EXPLICIT).join("Old")
    for socket in (ada, bob):
        socket.move(5)
    await pass_time(1)
    assert roster(bob)
    cy = await world.process("two").socket("cy", privacy=COUNTS_ONLY).join("Cy")
    await pass_time(1)
    for socket in (ada, bob, old, cy):
        assert socket.view.users == {}
        assert socket.count == 4
        socket.heard()
    for socket in (ada, bob, cy):
        socket.move(7)
    await pass_time(1)
    assert all(not socket.heard() for socket in (ada, bob, old, cy))
    # And as open as before for those who are left.
    cy.hang_up()
    await pass_time(MENDED)
    assert sorted([*roster(ada).values(), "Ada"]) == ["Ada", "Bob", "Old"]
    assert ada.pointers == {bob.welcome.user: (7, 0)}


async def test_who_comes_again_under_another_level_is_shown_or_hidden_so(process: Process) -> None:
    ada, eve = await process.joined("ada"), await process.socket("eve").join("Eve")
    eve.go_away()
    hidden = await process.socket("eve", privacy=COUNTS_ONLY).join("Eve")
    await pass_time(1)
    assert (ada.view.users, ada.count, hidden.welcome.spectator) == ({}, 2, True)
    hidden.go_away()
    shown = await process.socket("eve").join("Eve")
    await pass_time(1)
    assert roster(ada) == {shown.welcome.user: "Eve"}
    assert roster(shown) == {ada.welcome.user: "Ada"}
