"""`smmatic migrate`: brings the database to this version, as the owner, one command at a time."""

import argparse
import os
import sys
from collections.abc import Sequence

import psycopg

from smmatic.ops import roles

_LOCK = 7_310_225_114_006  # any number, ours: two commands that migrate at once take turns


def main(argv: Sequence[str]) -> int:
    """Sets the app role's default privileges, then applies the migrations that are missing."""
    parser = argparse.ArgumentParser(prog="smmatic migrate", description=__doc__)
    parser.add_argument("--quiet", action="store_true", help="say only what was applied")
    arguments = parser.parse_args(argv)
    try:
        return migrate(verbosity=0 if arguments.quiet else 1)
    except psycopg.OperationalError as error:
        said = str(error).strip().splitlines()
        print(f"The owner can't reach the database (DATABASE_OWNER_URL): {said[0] if said else error}", file=sys.stderr)
        return 1


def migrate(*, verbosity: int = 1) -> int:
    """Migrates the database at DATABASE_OWNER_URL; the exit code.

    Raises:
        psycopg.OperationalError: when the owner can't connect.
    """
    os.environ["SMMATIC_DATABASE_ROLE"] = "owner"
    import django
    from django.core.management import call_command

    app_role = psycopg.conninfo.conninfo_to_dict(os.environ["DATABASE_URL"]).get("user", "")
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as owner:
        owner.execute("SET statement_timeout = 0; SET lock_timeout = 0")
        owner.execute("SELECT pg_advisory_lock(%s)", (_LOCK,))
        roles.prepare_privileges(owner, str(app_role))
        django.setup()
        call_command("migrate", interactive=False, verbosity=verbosity)
    return 0
