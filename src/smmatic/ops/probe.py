"""Asks a web server of ours how it is, from beside it."""

import http.client
import os

_EVERYWHERE = ("0.0.0.0", "[::]", "")  # noqa: S104 (read, not bound)


def ask(bind: str, path: str) -> tuple[int, str] | None:
    """The status and the first 500 characters that `host:port` answers to GET `path`; None when nobody answers.

    Redirects are not followed, and the request names the first host that the installation serves.
    """
    host, _, port = bind.rpartition(":")
    host = "127.0.0.1" if host in _EVERYWHERE else host.strip("[]")
    served = os.environ.get("SMMATIC_HOSTS", "").split(",")[0].strip() or "localhost"
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    try:
        connection.request("GET", path, headers={"Host": served, "User-Agent": "smmatic"})
        answer = connection.getresponse()
        return answer.status, answer.read(500).decode("utf-8", "replace").strip()
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def address(bind: str) -> str:
    """The address to open in a browser for `host:port`; a socket `unix:path` has none and stays as it is."""
    if bind.startswith("unix:"):
        return bind
    host, _, port = bind.rpartition(":")
    return f"http://{'127.0.0.1' if host in _EVERYWHERE else host}:{port}"
