"""The demo's two ways in, both over public HTTP: a browser's (sign in, post forms) and a program's (REST, a key)."""

import re
import time
from collections.abc import Callable
from html import unescape
from typing import Any
from uuid import uuid4

import httpx2

_CSRF = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
_KEY = re.compile(r"smm_[A-Za-z0-9_\-]{20,}")
_TAGS = re.compile(r"<[^>]+>")


class Differs(AssertionError):
    """A step ended otherwise than it states."""


class Browser:
    """A signed-in person's browser: keeps cookies and sends forms with their CSRF token."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._http = httpx2.Client(base_url=address, follow_redirects=True, timeout=30.0)

    def get(self, path: str) -> httpx2.Response:
        """A page.

        Raises:
            Differs: when it isn't answered with 200.
        """
        answer = self._http.get(path)
        if answer.status_code != 200:
            raise Differs(f"GET {path} answered {answer.status_code}")
        return answer

    def post(self, path: str, *, page: str, files: Any = None, **fields: Any) -> httpx2.Response:
        """Sends a form that stands on `page`, following the redirect that a good form answers with.

        Raises:
            Differs: when the form is refused; the message holds what the page says.
        """
        token = _CSRF.search(self.get(page).text)
        if token is None:
            raise Differs(f"{page} has no form")
        fields["csrfmiddlewaretoken"] = token.group(1)
        answer = self._http.post(path, data=fields, files=files, headers={"Referer": f"{self.address}{page}"})
        if answer.status_code != 200:
            raise Differs(f"POST {path} answered {answer.status_code}: {self.said(answer)}")
        return answer

    def sign_in(self, email: str, password: str) -> None:
        """Signs in with address and password.

        Raises:
            Differs: when the door stays shut.
        """
        self.post("/account/login/", page="/account/login/", login=email, password=password)
        if not self.signed_in:
            raise Differs(f"{email} could not sign in")

    def sign_up(self, name: str, email: str, password: str) -> None:
        """Makes a customer and signs them in."""
        self.post("/account/signup/", page="/account/signup/", name=name, email=email, password1=password)

    @property
    def signed_in(self) -> bool:
        """Whether the session has a person."""
        return "sessionid" in self._http.cookies

    def make_key(self) -> str:
        """Makes an API key on the settings page and reads it from the one page that shows it.

        Raises:
            Differs: when the page shows none.
        """
        answer = self.post(
            "/settings/keys", page="/settings", label="demo", scopes=["read", "order", "refund"], days="30"
        )
        found = _KEY.search(answer.text)
        if found is None:
            raise Differs("the settings page showed no new key")
        return found.group(0)

    @staticmethod
    def said(answer: httpx2.Response) -> str:
        """The words of a page's first alert, for a message."""
        alert = re.search(r'role="alert".*?</div>', answer.text, re.DOTALL)
        return " ".join(unescape(_TAGS.sub(" ", alert.group(0) if alert else answer.text[:300])).split())[:300]


class Api:
    """A customer's program: JSON in, JSON out."""

    def __init__(self, address: str, key: str) -> None:
        self._http = httpx2.Client(
            base_url=f"{address}/api/v1",
            timeout=30.0,
            headers={"Authorization": f"Bearer {key}", "Accept-Language": "en"},
        )

    def get(self, path: str, **query: Any) -> Any:
        """A good answer's JSON."""
        return self._good("GET", path, params=query)

    def post(self, path: str, *, key: str | None = None, **body: Any) -> Any:
        """Sends JSON with an Idempotency-Key; a good answer's JSON."""
        return self._good("POST", path, json=body, headers={"Idempotency-Key": key or str(uuid4())})

    def upload(self, name: str, content: bytes) -> Any:
        """Uploads a file for an order to come."""
        return self._good("POST", "/files", files={"file": (name, content)})

    def refused(self, path: str, *, status: int | None = None, **body: Any) -> dict[str, Any]:
        """Sends what must be refused; the refusal.

        Raises:
            Differs: when it is not refused, or with another status.
        """
        answer = self._http.post(path, json=body, headers={"Idempotency-Key": str(uuid4())})
        if not 400 <= answer.status_code < 500 or (status and answer.status_code != status):
            raise Differs(f"POST {path} answered {answer.status_code}, a refusal was stated: {answer.text[:200]}")
        error: dict[str, Any] = answer.json()["error"]
        return error

    def _good(self, method: str, path: str, **arguments: Any) -> Any:
        answer = self._http.request(method, path, **arguments)
        if answer.status_code >= 400:
            raise Differs(f"{method} {path} answered {answer.status_code}: {answer.text[:300]}")
        return (
            answer.json() if answer.headers.get("content-type", "").startswith("application/json") else answer.content
        )


def wait_for(what: str, look: Callable[[], Any], *, seconds: float = 60.0) -> Any:
    """Looks until there is something, and gives it.

    Raises:
        Differs: when there is nothing after so many seconds.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = look()
        if found:
            return found
        time.sleep(0.15)
    raise Differs(f"{what}: nothing after {seconds:.0f} seconds")
