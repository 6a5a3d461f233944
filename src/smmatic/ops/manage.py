"""`smmatic manage ...`: any command of Django, with the database and the role that it needs."""

import os
from collections.abc import Sequence

from smmatic.ops.environment import database, ensure_secret_key

_WITHOUT_DATABASE = {
    "check",
    "collectstatic",
    "compilemessages",
    "diffsettings",
    "findstatic",
    "help",
    "makemessages",
    "version",
}
_AS_OWNER = {"dbshell", "flush", "makemigrations", "migrate", "showmigrations", "sqlmigrate"}


def main(argv: Sequence[str]) -> int:
    """Runs a command of Django; as the owner of the database where the command changes or reads the schema."""
    name = argv[0] if argv else "help"
    if name in _WITHOUT_DATABASE and "--database" not in argv:
        ensure_secret_key()
        _execute(argv)
        return 0
    if name in _AS_OWNER:
        os.environ["SMMATIC_DATABASE_ROLE"] = "owner"
    with database():
        _execute(argv)
    return 0


def _execute(argv: Sequence[str]) -> None:
    from django.core.management import execute_from_command_line

    execute_from_command_line(["smmatic manage", *argv])
