"""Turns a DATABASE_URL into Django's dictionary. Pure."""

from typing import Any

from django.core.exceptions import ImproperlyConfigured
from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict


def parse_database_url(url: str) -> dict[str, Any]:
    """Django's settings of the PostgreSQL database at `url` (libpq's URL form; a socket folder as ?host=).

    An empty URL gives settings without a database, so that commands which need none can import the settings.

    Raises:
        ImproperlyConfigured: when libpq can't read the URL.
    """
    if not url:
        return {"ENGINE": "django.db.backends.postgresql", "NAME": "", "OPTIONS": {}}
    try:
        parts = dict(conninfo_to_dict(url))
    except ProgrammingError as error:
        raise ImproperlyConfigured(
            "DATABASE_URL is not a PostgreSQL URL such as postgresql://user:password@host/name"
        ) from error
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": parts.pop("dbname", ""),
        "USER": parts.pop("user", ""),
        "PASSWORD": parts.pop("password", ""),
        "HOST": parts.pop("host", ""),
        "PORT": str(parts.pop("port", "")),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        "DISABLE_SERVER_SIDE_CURSORS": True,
        "OPTIONS": parts,
    }
