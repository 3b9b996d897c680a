"""`python -m benchmarks.pictures.screenshots`: the pictures in docs/images, taken of the real site.

A browser looks at the welcome board, on which others point at things, some of them beyond its rim.
Everyone has a cookie of their own, so that names and colours are the same in every run.
"""

import os
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

from playwright.sync_api import Browser, ViewportSize

from benchmarks.pictures.admin import take_admin
from presence.conf import get_settings
from presence.guests import sign_guest
from tests.support.browser import run_chromium
from tests.support.clients import inviting
from tests.support.redis import run_redis
from tests.support.server import OPEN_BOARD, ROOT, Server, prepare, serve, site_environment

IMAGES = ROOT / "docs" / "images"


@dataclass(frozen=True)
class Picture:
    """One picture: its file, and how the visitor's browser is set."""

    file: str
    scheme: Literal["light", "dark"] = "light"
    locale: str = "en"
    list_is_open: bool = False


PICTURES = (
    Picture("board.png"),
    Picture("board-dark.png", scheme="dark", list_is_open=True),
    Picture("board-rtl.png", locale="ar"),
)

ARABIC_TITLE = "لوحة الترحيب"
ARABIC_NOTES = (
    "أهلًا وسهلًا!\n\nهذه اللوحة مفتوحة للجميع.",
    "افتح هذه الصفحة في نافذة ثانية وحرّك المؤشر: كلٌّ يرى الآخر.",
    "اسحب ملاحظة، أو حدّدها واستخدم مفاتيح الأسهم.",
    "انقر ملاحظة نقرًا مزدوجًا لتغيير كلماتها.",
    "انقر اللوحة الفارغة نقرًا مزدوجًا لإضافة ملاحظة جديدة.",
    "يعدّ الشريط في الزاوية الأشخاص، لا النوافذ.",
)
"""The welcome board's notes, in their order, for the picture that reads from right to left."""

TRANSLATE = """
from presence_site.models import Board
board = Board.objects.get(pk={board!r})
board.title = {title!r}
board.save()
for note, text in zip(board.notes.order_by("pk"), {texts!r}):
    note.text, note.x = text, 0.875 - note.x
    note.save()
"""

SIZE: ViewportSize = {"width": 1280, "height": 800}
SCALE = 2
MOST_BYTES = 400_000

SEEN = """others => {
  const root = document.querySelector('presence-overlay')?.shadowRoot;
  const cursors = [...root?.querySelectorAll('[part=cursor], [part=edge]') ?? []];
  const shown = cursors.filter(cursor => cursor.checkVisibility({visibilityProperty: true}));
  const count = root?.querySelector('[part=count]')?.dataset.count;
  return shown.length === others && Number(count) === others + 1;
}"""


@dataclass(frozen=True)
class Guest:
    """Someone on the board, and where they point: fractions of the surface. Their colour comes of
    their key; these were chosen to be seen on light and on dark."""

    key: str
    name: str
    x: float
    y: float


VIEWER = "viewer-0"
GUESTS = (
    Guest("ada-15", "Ada Lovelace", 0.185, 0.29),
    Guest("otter-23", "Brave Otter", 0.44, 0.42),
    Guest("olga-1", "Ольга", 0.53, 0.19),
    Guest("grace-4", "Grace Hopper", 0.9, 0.33),
    Guest("ma-2", "محمد علي", 0.29, 0.56),
    Guest("linus-8", "Linus", 0.36, 0.95),
    Guest("mary-3", "Mary Ann", 0.62, 0.985),
)


def cookie(key: str) -> tuple[str, str]:
    """Return the name and value of the cookie by which the site knows a guest."""
    return get_settings().GUEST_COOKIE, sign_guest(key)


def take(browser: Browser, server: Server, picture: Picture) -> None:
    """Take one picture."""
    context = browser.new_context(
        viewport=SIZE,
        device_scale_factor=SCALE,
        color_scheme=picture.scheme,
        locale=picture.locale,
        reduced_motion="reduce",
    )
    name, value = cookie(VIEWER)
    context.add_cookies([{"name": name, "value": value, "url": server.origin}])
    page = context.new_page()
    page.goto(server.page())
    page.wait_for_function(SEEN, arg=len(GUESTS))
    if picture.list_is_open:
        page.locator("presence-overlay [part=count]").click()
    file = IMAGES / picture.file
    page.screenshot(path=file)
    context.close()
    check(file)


def check(file: Path) -> None:
    """Tell how big a picture is, and see to it that it is not too big."""
    size = file.stat().st_size
    print(f"{file.relative_to(ROOT)}: {size / 1000:.0f} kB")
    if size > MOST_BYTES:
        raise SystemExit(f"{file} is too big for a README: over {MOST_BYTES} bytes")


def translate(server: Server) -> None:
    """Have the welcome board's notes in Arabic, each in its mirrored place."""
    words = {"board": OPEN_BOARD, "title": ARABIC_TITLE, "texts": ARABIC_NOTES}
    server.manage("shell", "--no-imports", "-c", TRANSLATE.format(**words))


def main() -> None:
    """Take every picture."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(TemporaryDirectory()))
        redis = stack.enter_context(run_redis(folder))
        environment = site_environment(folder, REDIS_URL=redis.url)
        # Here too, since the cookies are signed with the site's key.
        os.environ.update(environment, DJANGO_SETTINGS_MODULE="presence_site.settings")
        prepare(environment)
        server = stack.enter_context(serve(folder, environment))
        invite = stack.enter_context(inviting(server, OPEN_BOARD))
        here = [(invite(guest.name, "=".join(cookie(guest.key))), guest) for guest in GUESTS]
        for person, guest in here:
            person.point(guest.x, guest.y)
        browser = stack.enter_context(run_chromium())
        for file in take_admin(browser, server, redis, IMAGES):
            check(file)
        for picture in PICTURES:
            if picture.locale == "ar":
                translate(server)
                for person, guest in here:
                    person.point(0.985 - guest.x, guest.y)
            take(browser, server, picture)


if __name__ == "__main__":
    main()
