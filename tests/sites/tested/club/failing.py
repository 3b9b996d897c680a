"""Tests of the site that must fail."""

from django.test import TestCase

from club.models import Room
from presence import api
from presence.testing import PresenceTestMixin


class Failing(PresenceTestMixin, TestCase):
    def setUp(self):
        self.room = Room.objects.create(title="Chess")

    def test_a_wrong_count(self):
        self.presence.join(self.room)
        self.assertEqual(api.online(self.room), 2)

    def test_somebody_who_was_removed(self):
        tab = self.presence.join(self.room)
        api.remove(self.room, tab.key)
        self.assertTrue(tab.on_board)

    def test_a_rule_that_forbids(self):
        self.assertTrue(self.presence.may_join(None, self.room))

    async def test_a_sync_call_in_an_async_test(self):
        self.presence.join(self.room)

    def test_no_board(self):
        self.presence.join("not a board")


class WithoutTheMixin(TestCase):
    def test_nobody_answers(self):
        self.assertEqual(api.online("lobby"), 0)
