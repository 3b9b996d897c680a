"""The site's own tests, in all forms that Django knows."""

import unittest
from urllib.request import urlopen

from django.contrib.auth.models import AnonymousUser, User
from django.test import LiveServerTestCase, SimpleTestCase, TestCase, TransactionTestCase

from club.models import Room, Visit
from presence import api
from presence.signals import person_joined
from presence.testing import Forbidden, PresenceTestMixin, Removed


class Club:
    def setUp(self):
        # Without super().setUp(), which the mixin does not need.
        self.ada = User.objects.create_user("ada", first_name="Ada", last_name="Lovelace")
        self.room = Room.objects.create(title="Chess")
        self.room.members.add(self.ada)
        self.client.force_login(self.ada)


class SyncTests(Club, PresenceTestMixin):
    def test_people_come_and_go(self):
        self.assertEqual(api.online(self.room), 0)
        tab, guest = self.presence.join(self.room, self.ada), self.presence.join(self.room)
        again = self.presence.join(self.room, tab)
        self.assertEqual(api.counts(Room.objects.all()), {api.board_id(self.room): 2})
        self.assertEqual(api.census(), {api.board_id(self.room): 2})
        ada, other = api.people(self.room)
        self.assertEqual((ada.name, ada.tabs, ada.account), ("Ada Lovelace", 2, str(self.ada.pk)))
        self.assertEqual((ada.key, other.key, other.name), (tab.key, guest.key, guest.name))
        self.assertEqual([*map(api.find, api.where(self.ada))], [self.room])
        for each in (tab, again):
            each.leave()
            self.assertFalse(each.on_board)
            self.assertIsNone(each.close_code)
        tab.leave()
        self.assertFalse(api.is_online(self.ada))
        self.assertIsNotNone(api.last_seen(self.ada))
        self.assertIsNone(api.last_seen(self.ada.pk + 1))
        self.assertTrue(guest.on_board)

    def test_the_same_with_a_room_of_a_name(self):
        self.assertEqual(self.presence.join("lobby", name="Cy").name, "Cy")
        self.assertEqual([person.name for person in api.people("lobby")], ["Cy"])
        self.assertEqual(api.find(api.where(api.people("lobby")[0])[0]), "lobby")

    def test_signals_run_in_the_test(self):
        visits = Visit.objects.filter(room=self.room).order_by("pk").values_list("what", "name")
        tab = self.presence.join(self.room, self.ada)
        self.presence.join(self.room, self.ada).leave()
        self.assertEqual([*visits.all()], [("joined", "Ada Lovelace")])
        tab.leave()
        gone = [("left", "Ada Lovelace"), ("emptied", "Ada Lovelace")]
        self.assertEqual([*visits.all()], [("joined", "Ada Lovelace"), *gone])
        tab = self.presence.join(self.room, self.ada)
        api.remove(self.room, tab.key)
        self.assertEqual([*visits.all()][4:], gone)

    def test_an_error_of_a_receiver_is_the_tests(self):
        def fails(**kwargs):
            raise ZeroDivisionError

        person_joined.connect(fails)
        self.addCleanup(person_joined.disconnect, fails)
        with self.assertRaises(ZeroDivisionError):
            self.presence.join(self.room, self.ada)

    def test_staff(self):
        tab, guest = self.presence.join(self.room, self.ada), self.presence.join(self.room)
        self.assertEqual(api.remove(self.room, tab.key), 1)
        self.assertEqual((tab.close_code, tab.on_board, guest.on_board), (4409, False, True))
        with self.assertRaises(Removed):
            self.presence.join(self.room, self.ada)
        api.close(self.room)
        self.assertTrue(api.is_closed(self.room))
        with self.assertRaises(Forbidden):
            self.presence.join(self.room)
        self.presence.join(self.room, guest)
        api.reopen(self.room)
        api.reconnect(self.room)
        self.assertEqual(guest.close_code, 1012)

    def test_the_sites_own_rule(self):
        bob = User.objects.create_user("bob")
        self.assertTrue(self.presence.may_join(self.ada, self.room))
        for stranger in (bob, None, AnonymousUser()):
            self.assertFalse(self.presence.may_join(stranger, self.room))
        self.room.members.add(bob)
        self.assertTrue(self.presence.may_join(bob, self.room))
        self.assertFalse(self.presence.may_join(None, "lobby"))

    def test_cursors(self):
        tab = self.presence.join(self.room, self.ada)
        tab.move(100, 65535)
        self.assertEqual([*api.scene(self.room).cursors.values()], [(tab.key, 100, 65535)])
        with self.assertRaises(ValueError):
            tab.move(-1, 0)

    def test_pages(self):
        tab = self.presence.join(self.room, self.ada)
        html = self.client.get(f"/room/{self.room.pk}/").content.decode()
        self.assertIn(' count="1">1</presence-count>', html)
        self.assertIn(">online</time>", html)
        self.assertIn(f'board="club.room:{self.room.pk}"', html)
        self.assertEqual(
            self.client.get(f"/presence/counts/?board=club.room:{self.room.pk}").json()["counts"],
            {f"club.room:{self.room.pk}": 1},
        )
        names = self.client.get(f"/who/club.room:{self.room.pk}/").json()
        self.assertEqual(names, {"names": ["Ada Lovelace"]})
        self.assertEqual(self.client.get(f"/lock-out/{self.ada.pk}/").json(), {"closed": 1})
        self.assertEqual(tab.close_code, 4409)
        self.assertEqual(self.client.get("/healthz").status_code, 200)


class AsyncTests(Club, PresenceTestMixin):
    async def test_people_come_and_go(self):
        tab = await self.presence.ajoin(self.room, self.ada)
        guest = await self.presence.ajoin("lobby", name="Cy")
        self.assertEqual((await api.aonline(self.room), await api.aonline("lobby")), (1, 1))
        self.assertEqual([str(b) for b in await api.awhere(guest.key)], ["lobby"])
        await tab.amove(1, 2)
        self.assertTrue(await self.presence.amay_join(self.ada, self.room))
        self.assertFalse(await self.presence.amay_join(None, self.room))
        self.assertEqual(await api.adisconnect(self.ada), 1)
        self.assertEqual((tab.close_code, guest.on_board), (4409, True))
        await guest.aleave()
        self.assertEqual(await api.acensus(), {})
        visits = Visit.objects.filter(room=self.room)
        self.assertEqual([v.what async for v in visits], ["joined", "left", "emptied"])
        answer = await self.async_client.get("/who/lobby/")
        self.assertEqual(answer.json(), {"names": []})


class SyncInTestCase(SyncTests, TestCase):
    pass


class SyncInTransactionTestCase(SyncTests, TransactionTestCase):
    pass


class AsyncInTestCase(AsyncTests, TestCase):
    pass


class AsyncInTransactionTestCase(AsyncTests, TransactionTestCase):
    pass


class WithoutDatabase(PresenceTestMixin, SimpleTestCase):
    # Both tests would see what the other one left.
    def test_one(self):
        self.assertEqual(api.online("lobby"), 0)
        self.presence.join("lobby", 7)
        api.close("lobby")
        self.assertTrue(api.is_online(7))

    def test_other(self):
        self.assertFalse(api.is_closed("lobby"))
        self.assertIsNone(api.last_seen(7))
        self.test_one()


class InUnittest(PresenceTestMixin, unittest.TestCase):
    def test_api(self):
        self.presence.join("lobby")
        self.assertEqual(api.online("lobby"), 1)


class Live(Club, PresenceTestMixin, LiveServerTestCase):
    def test_the_server_sees_the_same_people(self):
        self.presence.join(self.room, self.ada)
        with urlopen(f"{self.live_server_url}/who/club.room:{self.room.pk}/") as answer:
            self.assertEqual(answer.read(), b'{"names": ["Ada Lovelace"]}')
