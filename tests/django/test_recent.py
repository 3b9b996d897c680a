"""Answers that are given again for a short time."""

import asyncio
import weakref

import pytest

from presence.recent import RecentAnswers
from tests.support.waiting import DEADLINE


class Oracle:
    """Answers with how often it was asked, when it may."""

    def __init__(self):
        self.now = 0.0
        self.asked = 0
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.error = None
        self.answers = RecentAnswers(2.0, lambda: self.now)

    async def answer(self):
        self.asked += 1
        number = self.asked
        await self.may_answer.wait()
        if self.error is not None:
            raise self.error
        return number

    def ask(self, key="key"):
        return asyncio.create_task(self.answers.ask(key, self.answer))

    async def ask_and_wait(self, number=1):
        """Have so many ask, and return when their question is under way."""
        self.may_answer.clear()
        asking = [self.ask() for _ in range(number)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        return asking


@pytest.fixture
async def oracle():
    return Oracle()


async def test_an_answer_is_given_again_for_a_time(oracle):
    given = []
    for oracle.now in (0.0, 1.9, 2.0, 3.9, 4.0):
        given.append(await oracle.ask())
    assert given == [1, 1, 2, 2, 3]
    assert await oracle.ask("another") == 4


async def test_it_is_known_while_it_is_given(oracle):
    (asking,) = await oracle.ask_and_wait()
    assert oracle.answers.recent("key") is None, "it is under way"
    oracle.may_answer.set()
    assert oracle.answers.recent("key") is None, "it is under way"
    await asking
    assert (oracle.answers.recent("key"), oracle.answers.recent("another")) == (1, None)
    oracle.now, oracle.error = 2.0, ValueError()
    assert oracle.answers.recent("key") is None
    with pytest.raises(ValueError):
        await oracle.ask()
    assert oracle.answers.recent("key") is None


async def test_it_is_as_old_as_its_question(oracle):
    (asking,) = await oracle.ask_and_wait()
    oracle.now = 1.9
    oracle.may_answer.set()
    assert await asking == 1
    oracle.now = 2.0
    assert await oracle.ask() == 2


async def test_many_share_one_question(oracle):
    asking = await oracle.ask_and_wait(50)
    assert oracle.asked == 1
    oracle.may_answer.set()
    assert await asyncio.gather(*asking) == [1] * 50


async def test_they_get_the_answer_though_the_first_is_cancelled(oracle):
    first, second = await oracle.ask_and_wait(2)
    first.cancel()
    await asyncio.wait([first])
    oracle.may_answer.set()
    assert await second == 1


async def test_an_exception_is_for_those_who_wait(oracle):
    oracle.error = RuntimeError("on purpose")
    asking = await oracle.ask_and_wait(3)
    oracle.may_answer.set()
    assert await asyncio.gather(*asking, return_exceptions=True) == [oracle.error] * 3
    oracle.error = None
    assert await oracle.ask() == 2


async def test_what_is_forgotten_is_asked_anew(oracle):
    assert await oracle.ask() == 1
    oracle.answers.forget("key")
    assert await oracle.ask() == 2
    oracle.answers.clear()
    assert await oracle.ask() == 3


@pytest.mark.parametrize("fails", [False, True])
async def test_an_answer_under_way_is_not_remembered_after_that(oracle, fails):
    (old,) = await oracle.ask_and_wait()
    oracle.answers.forget("key")
    (new,) = await oracle.ask_and_wait()
    oracle.error = RuntimeError("on purpose") if fails else None
    oracle.may_answer.set()
    await asyncio.wait([old, new])
    oracle.error = None
    assert await oracle.ask() == (3 if fails else 2)


def test_an_event_loop_that_ended_answers_nothing():
    answers = RecentAnswers(2.0)

    async def never():
        await asyncio.Event().wait()

    async def at_once():
        return 1

    async def give_up():
        asking = asyncio.create_task(answers.ask("key", never))
        await asyncio.sleep(0)
        asking.cancel()

    asyncio.run(give_up())
    assert asyncio.run(answers.ask("key", at_once)) == 1


async def test_a_key_that_nobody_asks_for_any_more_is_not_kept(oracle):
    class Key:
        pass

    key, gone = Key(), asyncio.Event()
    weakref.finalize(key, gone.set)
    oracle.answers = RecentAnswers(0.01, lambda: oracle.now)
    await oracle.ask(key)
    del key
    await asyncio.wait_for(gone.wait(), DEADLINE)
