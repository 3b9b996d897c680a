"""`{% presence_last_seen %}`: whether somebody is online, or when they were."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import AnonymousUser, User
from django.template import Context, Template
from django.utils import translation
from django.utils.functional import SimpleLazyObject

from presence import page_counts
from presence.protocol.errors import TryLater
from presence.runtime import current_hub
from presence.server.people import Whereabouts
from presence.store.base import JoinRequest
from tests.support.admin import serving

PAGE = Template("{% load presence %}[{% presence_last_seen user %}]")
ADA = User(pk=7, username="ada")


def render(user=ADA):
    return PAGE.render(Context({"user": user}))


@pytest.fixture
def seen(monkeypatch):
    """Has everybody be last seen so long ago."""

    def ago(**time):
        at = datetime.now(UTC) - timedelta(**time)
        found = Whereabouts([], at)
        monkeypatch.setattr(page_counts.api, "whereabouts", lambda user, within: found)
        return at.isoformat(timespec="seconds")

    return ago


def test_somebody_who_comes_and_goes():
    async def come():
        hub = current_hub()
        await hub.store.join(board, JoinRequest("s", hub.process, "user:7", "Ada"))

    async def go():
        await current_hub().store.leave(board, "s")

    with serving() as process:
        board = page_counts.api.board_id("lobby")
        assert render() == "[]", "never seen"
        process.run(come())
        for user in (ADA, 7, "user:7"):
            html = render(user)
            found = re.fullmatch(
                r'\[<time class="presence-last-seen" data-online datetime="(.*)">online</time>\]',
                html,
            )
            assert found
            assert datetime.now(UTC) - datetime.fromisoformat(found[1]) < timedelta(minutes=1)
        process.run(go())
        assert ">just now</time>]" in render()


@pytest.mark.parametrize("use_tz", [True, False])
def test_how_long_ago(seen, settings, use_tz):
    settings.USE_TZ = use_tz
    at = seen(minutes=3)
    element = f'[<time class="presence-last-seen" datetime="{at}">3\xa0minutes ago</time>]'
    assert render() == element
    seen(days=2, hours=3)
    assert ">2\xa0days ago<" in render()
    with translation.override("de"):
        assert ">2\xa0Tage her<" in render()


def test_a_translation_is_escaped(seen, monkeypatch):
    seen(minutes=3)
    monkeypatch.setattr("presence.templatetags.presence.gettext", lambda text: "<b>%(time)s</b>")
    assert "&lt;b&gt;3" in render()


@pytest.mark.parametrize(
    ("user", "is_logged"),
    [(None, False), (AnonymousUser(), False), ("", True), (True, True), (object(), True)],
)
def test_nobody(user, is_logged, caplog):
    with serving():
        assert render(user) == "[]"
    assert ("presence_last_seen: the page shows nothing" in caplog.text) is is_logged
    assert "Traceback" not in caplog.text


@pytest.mark.django_db(transaction=True)
def test_a_lazy_user(caplog):
    ada = User.objects.create(username="ada")
    with serving():
        assert render(SimpleLazyObject(lambda: User.objects.get(pk=ada.pk))) == "[]"
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_switched_off(seen, configure):
    seen(minutes=3)
    configure(ENABLED=False)
    assert render() == "[]"


def test_a_page_comes_without_the_store(monkeypatch):
    asked = []

    def fails(user, within):
        asked.append(within)
        raise TryLater

    monkeypatch.setattr(page_counts.api, "whereabouts", fails)
    assert [render() for _ in range(3)] == ["[]"] * 3
    assert asked == [page_counts.PAGE_TIMEOUT], "only the first one waited"


def test_a_page_with_many_people_does_not_wait_for_each(monkeypatch):
    now, given = 0.0, []

    def slow(user, within):
        nonlocal now
        given.append(within)
        now += 0.3
        return Whereabouts([], datetime.now(UTC))

    monkeypatch.setattr(page_counts, "monotonic", lambda: now)
    monkeypatch.setattr(page_counts.api, "whereabouts", slow)
    page = Template(
        "{% load presence %}{% for n in 'people' %}{% presence_last_seen 7 %}{% endfor %}"
    )
    assert page.render(Context()).count("just now") == 3
    assert given == pytest.approx([1.0, 0.7, 0.4]), "a shorter time would make the store look down"


def test_a_count_has_its_script_also_after_a_person(seen):
    seen(minutes=3)
    tags = "{% presence_last_seen user %}{% presence_count 'lobby' %}{% presence_count 'hall' %}"
    with serving():
        html = Template(f"{{% load presence %}}{tags}").render(Context({"user": ADA}))
    assert html.count("count.js") == 1


def test_on_an_event_loop(seen):
    seen(minutes=3)

    async def render_async():
        return render()

    assert asyncio.run(render_async()) == "[]"
