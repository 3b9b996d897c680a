"""`{% presence_overlay %}`: what it renders, in which language, and that it never breaks a page."""

import html
import json
import re
from threading import Event
from uuid import UUID

import pytest
from django.contrib.auth.models import AnonymousUser, Group, User
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import translation

from presence.templatetags.overlay_texts import EXAMPLES, overlay_strings
from presence_site.models import Board

BOARD = UUID("00000000-0000-4000-8000-000000000001")
SET = Event()
SET.set()


def render(options="", user=None, nonce=None, **context):
    request = RequestFactory().get("/")
    request.user = user or AnonymousUser()
    if nonce is not None:
        request.csp_nonce = nonce
    page = Template(f"{{% load presence %}}{{% presence_overlay board {options} %}}")
    return page.render(Context({"request": request, "board": BOARD, **context}))


def attributes(page):
    element = re.search(r"<presence-overlay(.*?)></presence-overlay>", page)
    assert element
    return dict(re.findall(r' ([a-z-]+)="([^"]*)"', element[1]))


def test_a_script_and_an_element():
    page = render()
    assert page.startswith('<script type="module" src="/static/presence/overlay.js"></script>')
    assert attributes(page) == {
        "board": str(BOARD),
        "endpoint": f"/ws/presence/{BOARD}/",
        "worker": "/static/presence/worker.js",
        "login-cookie": "csrftoken",
    }
    assert page == render(board=Board(pk=BOARD)) == render(board=str(BOARD))


def test_it_names_scripts_that_are_not_beside_its_own(monkeypatch):
    static = "presence.templatetags.presence.static"
    monkeypatch.setattr(static, lambda path: f"/static/{path.replace('.js', '.5f3c.js')}")
    parts = json.loads(html.unescape(attributes(render())["parts"]))
    names = ["anchors", "coordinates", "nested", "pictures", "shifts", "stack", "tokens", "visitor"]
    assert parts == {name: f"/static/presence/{name}.5f3c.js" for name in names}


def test_a_template_can_write_the_reference(caplog):
    template = Template("{% load presence %}{{ board|presence_board }}")
    for board, reference in [(Board(pk=BOARD), str(BOARD)), ("lobby", "lobby"), (User(pk=7), "")]:
        assert template.render(Context({"board": board})) == reference
    assert "auth.User object (7) is no board" in caplog.text


def test_its_options_are_escaped():
    given = attributes(
        render("anchor='p[id]' surface='#a > \"b\"' name='<Ada>' theme='dark' bar='top-start'")
    )
    assert given["surface"] == "#a &gt; &quot;b&quot;"
    assert given["name"] == "&lt;Ada&gt;"
    assert given["anchor"] == "p[id]"
    assert (given["theme"], given["bar"]) == ("dark", "top-start")


def test_tabs_share_a_socket_where_they_see_a_login_and_no_policy_may_refuse_workers(settings):
    assert "worker" in attributes(render())
    assert "worker" not in attributes(render("shared='no'"))
    assert "worker" not in attributes(render(nonce="abc"))
    assert "worker" in attributes(render("shared='yes'", nonce="abc"))
    settings.CSRF_COOKIE_NAME = "mysite-csrf"
    assert attributes(render())["login-cookie"] == "mysite-csrf"
    settings.MIDDLEWARE = []
    assert "worker" not in attributes(render())


@pytest.mark.parametrize("setting", ["CSRF_USE_SESSIONS", "CSRF_COOKIE_HTTPONLY"])
def test_tabs_that_cannot_see_a_login_share_no_socket(settings, setting):
    setattr(settings, setting, True)
    assert "worker" not in attributes(render())


class Private:
    """A user, cookies or session that a page must not look at."""

    def __getattr__(self, name):
        raise AssertionError(f"the tag looked at {name}")

    __iter__ = __getitem__ = __contains__ = get = None


def test_it_is_the_same_for_everybody():
    request = RequestFactory().get("/")
    request.user = request.COOKIES = request.session = Private()
    assert render(request=request) == render(user=User(pk=1, username="ada")) == render()


class LazyNonce:
    """As Django's and django-csp's: false until it is read."""

    read = False

    def __bool__(self):
        return self.read

    def __str__(self):
        self.read = True
        return "lazy"


def test_a_nonce_is_put_on_the_script():
    assert ' nonce="abc"></script>' in render(csp_nonce="abc")
    assert ' nonce="def"></script>' in render(nonce="def")
    assert ' nonce="lazy"></script>' in render(csp_nonce=LazyNonce())


def test_a_page_that_a_cache_keeps_has_no_nonce():
    request = RequestFactory().get("/")
    request.csp_nonce, request._cache_update_cache = "abc", True
    assert " nonce=" not in render(request=request, csp_nonce="def")


def test_switched_off_it_renders_nothing(configure, settings):
    configure(ENABLED=False)
    assert render() == ""
    settings.DEBUG = True
    assert render() == "<!-- presence_overlay: PRESENCE['ENABLED'] is False. -->"


def test_in_development_a_script_tells_what_is_wrong(configure, settings):
    settings.DEBUG = True
    configure(AUTHORIZE="nowhere.to.be.found")
    page = render()
    debug, overlay = re.findall(r'src="/static/presence/(\w+).js"', page)
    assert (debug, overlay) == ("debug", "overlay"), "it listens before the overlay speaks"
    hints = json.loads(html.unescape(attributes(page)["debug"]))
    assert "This page comes from a WSGI server" in hints["noSocket"]
    assert any(each.startswith("presence.E004: ") for each in hints["checks"])
    settings.SILENCED_SYSTEM_CHECKS = ["presence.E004"]
    assert "presence.E004" not in render()


def test_what_to_mend_under_an_asgi_server(settings, monkeypatch):
    settings.DEBUG = True
    for imported, words in [(Event(), "presence.routing.with_presence"), (SET, "Does the proxy")]:
        monkeypatch.setattr("presence.templatetags.presence.serving", imported)
        assert words in render(request=None)


TAGS = {
    "presence_overlay": "{% presence_overlay board %}",
    "presence_count": "{% presence_count board %}",
    "presence_board": "{{ board|presence_board }}",
    "presence_last_seen": "{% presence_last_seen board %}",
}


@pytest.mark.parametrize("tag", TAGS)
def test_every_tag_names_a_wrong_argument_in_one_line(tag, settings, caplog):
    template = Template(f"{{% load presence %}}{TAGS[tag]}")
    said = "auth.Group object (7) is no board: name its model in PRESENCE['BOARDS']."
    if tag == "presence_last_seen":
        said = "<Group: Chess> is no saved object of auth.User"
    context = Context({"board": Group(pk=7, name="Chess")})
    assert template.render(context) == ""
    (record,) = caplog.records
    assert record.getMessage() == f"{tag}: the page shows nothing in its place: {said}"
    settings.DEBUG = True
    # The filter is for attributes and scripts, where a comment would be text.
    comment = "" if tag == "presence_board" else f"<!-- {tag}: {said.replace('>', '&gt;')} -->"
    assert template.render(context) == comment


def test_no_argument_ends_the_comment(settings):
    settings.DEBUG = True
    page = render(board="--><script>")
    assert page.startswith("<!-- presence_overlay: '--&gt;<script&gt;' is no board.")
    assert page.count(">") == 1


@pytest.mark.parametrize(
    ("board", "said"),
    [
        (None, "None (NoneType) is no board"),
        ("", "'' is no board. In a template: the page has no variable of that name."),
        (7, "7 (int) is no board"),
        (User(pk=7), "auth.User object (7) is no board: name its model in PRESENCE['BOARDS']"),
        ("auth.user:7", "names no model 'auth.user'"),
    ],
)
def test_a_wrong_argument_is_named_in_one_line(board, said, caplog):
    assert render(board=board) == ""
    (record,) = caplog.records
    assert said in record.getMessage()
    assert record.exc_info is None


def test_an_error_is_logged_and_renders_nothing(configure, settings, caplog):
    configure(NOPE=1)
    assert render() == ""
    assert "presence_overlay: failed" in caplog.text
    settings.DEBUG = True
    comment = "<!-- presence_overlay: ImproperlyConfigured: PRESENCE['NOPE'] is not a setting."
    assert render().startswith(comment)


@pytest.mark.parametrize("language", ["en", "en-gb", "tlh"])
def test_english_is_left_to_the_script(language):
    with translation.override(language):
        assert overlay_strings() == {}
        assert "strings" not in attributes(render())


def test_the_active_language():
    with translation.override("de"):
        strings = json.loads(html.unescape(attributes(render())["strings"]))
    assert (strings["locale"], strings["hide"]) == ("de", "Zeiger ausblenden")
    assert strings["people"]["1"] == "{count} Person hier"
    assert strings["people"]["5"] == "{count} Personen hier"


def test_the_six_forms_of_arabic_come_under_examples():
    with translation.override("ar"):
        forms = overlay_strings()["people"]
    assert tuple(forms) == EXAMPLES
    assert len(set(forms.values())) == 6
