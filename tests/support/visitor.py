"""Somebody who fetches pages, and keeps the cookies that come."""

from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPMessage
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

from tests.support.waiting import DEADLINE


@dataclass(frozen=True)
class Answer:
    """What came: redirects are not followed."""

    status: int
    headers: HTTPMessage
    text: str


@dataclass
class Visitor:
    """Fetches from a site at `origin`."""

    origin: str
    cookies: dict[str, str] = field(default_factory=dict)

    @property
    def cookie(self) -> str:
        """The header Cookie."""
        return "; ".join(f"{name}={value}" for name, value in self.cookies.items())

    def get(self, path: str, headers: dict[str, str] | None = None, **query: str) -> Answer:
        """Fetch a page."""
        connection = HTTPConnection(urlsplit(self.origin).netloc, timeout=DEADLINE)
        url = f"{path}?{urlencode(query)}" if query else path
        connection.request("GET", url, headers={"Cookie": self.cookie, **(headers or {})})
        response = connection.getresponse()
        text = response.read().decode()
        connection.close()
        for header in response.headers.get_all("Set-Cookie", []):
            self.keep(header)
        return Answer(response.status, response.headers, text)

    def keep(self, set_cookie: str) -> None:
        """Take in a header Set-Cookie."""
        self.cookies |= {name: each.value for name, each in SimpleCookie(set_cookie).items()}
