"""What a command needs in its environment: `.env`, the secret key and the addresses of the database."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from smmatic.ops.postgres import ServerHandle, data_folder, server
from smmatic.ops.processes import Say, say_to_stderr

DEFAULT_BIND = "127.0.0.1:8000"


def load_dotenv(path: Path = Path(".env")) -> None:
    """Puts the lines of `.env` into the environment; what is set already wins."""
    if path.is_file():
        from dotenv import dotenv_values

        for name, value in dotenv_values(path).items():
            os.environ.setdefault(name, value or "")


@contextmanager
def database(say: Say = say_to_stderr) -> Iterator[ServerHandle | None]:
    """Sets DATABASE_URL and DATABASE_OWNER_URL for this process and its children, for the length of the block.

    Gives the handle of the embedded server, or None on a database of the operator (DATABASE_URL).

    Raises:
        PostgresError: when the embedded server can't be used.
    """
    ensure_secret_key()
    if os.environ.get("DATABASE_URL"):
        if not os.environ.get("DATABASE_OWNER_URL"):
            os.environ["DATABASE_OWNER_URL"] = os.environ["DATABASE_URL"]
        yield None
        return
    with server(data_folder(), say=say) as handle:
        os.environ["DATABASE_URL"] = handle.app_url
        os.environ["DATABASE_OWNER_URL"] = handle.owner_url
        yield handle


def ensure_secret_key() -> None:
    """Sets SMMATIC_SECRET_KEY from the data folder, where it is made once (0600), unless it is set.

    Several machines that serve one installation must share one key: set it in their environment.
    """
    if os.environ.get("SMMATIC_SECRET_KEY"):
        return
    path = data_folder() / "secret_key"
    try:
        os.environ["SMMATIC_SECRET_KEY"] = _read_or_make(path)
    except OSError:
        return  # a read-only machine: the settings decide whether they can do without


def _read_or_make(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o711 if os.geteuid() == 0 else 0o700)
        draft = path.with_name(f".secret_key.{os.getpid()}")
        with open(draft, "x", encoding="ascii", opener=lambda name, flags: os.open(name, flags, 0o600)) as file:
            file.write(secrets.token_urlsafe(64))
        try:
            os.link(draft, path)  # the first of two commands wins, and the file is never half written
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").strip()
