"""The one command: `smmatic <command>` or `python -m smmatic <command>`.

Commands are imported only when they run. A command that needs the database gets DATABASE_URL from the environment (or
`.env`); where there is none, it shares or starts the embedded PostgreSQL for as long as it runs.
"""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from importlib import import_module
from typing import Any


class Needs(Enum):
    """What is made ready before a command runs."""

    NOTHING = "nothing"
    DATABASE = "database"
    DJANGO = "django"  # the database, and Django set up on it as the app role


@dataclass(frozen=True)
class Command:
    """One subcommand: what it is for, what it needs and the function `module:name(argv) -> exit code | None`."""

    help: str
    target: str
    needs: Needs = Needs.NOTHING
    alone: tuple[str, ...] = ()  # subcommands that need nothing all the same


POLICY_ALONE = ("check", "show", "table", "explain", "due", "diff", "new")

COMMANDS = {
    "up": Command("start the shop: database, migrations, policy, web and worker", "smmatic.ops.supervise:up"),
    "demo": Command("start it with demo people and play the main job", "smmatic.ops.supervise:demo"),
    "web": Command("serve the pages and the API", "smmatic.ops.web:main", Needs.DATABASE),
    "worker": Command("accept, submit and follow orders", "smmatic.fulfilment.worker:main", Needs.DJANGO),
    "provider": Command("say who delivers over the network", "smmatic.ops.provider:main", Needs.DJANGO),
    "migrate": Command("bring the database to this version, as the owner", "smmatic.ops.migrate:main", Needs.DATABASE),
    "prepare": Command("load policy, calendar and catalogue", "smmatic.ops.bootstrap:main", Needs.DJANGO),
    "policy": Command(
        "prove, compare, back-test and activate policy files",
        "smmatic.ops.policy:main",
        Needs.DJANGO,
        POLICY_ALONE,
    ),
    "prove": Command("recompute every balance from the transfers", "smmatic.ops.prove:main", Needs.DJANGO),
    "doctor": Command("say what runs where and what to do next", "smmatic.ops.doctor:main"),
    "operator-link": Command("a one-time link for the first operator", "smmatic.ops.bootstrap:link", Needs.DJANGO),
    "sandbox": Command("run the sandbox provider", "smmatic.fulfilment.sandbox.server:main"),
    "bench": Command("measure placing an order", "smmatic.ops.bench:main"),
    "bench-policy": Command("measure decision, check and back-test of the policy", "smmatic.ops.bench_policy:main"),
    "bench-script": Command("write the pgbench script of the bench", "smmatic.ops.bench:script", Needs.DJANGO),
    "bench-client": Command("one client of the bench", "smmatic.ops.bench:client", Needs.DJANGO),
    "manage": Command("any command of Django", "smmatic.ops.manage:main"),
    "demo-scenario": Command("play the main job against a running shop", "smmatic.ops.demo:main", Needs.DJANGO),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command; its exit code: 0 well, 1 failed, 2 wrong usage, 130 interrupted."""
    arguments = _parser().parse_args(argv)
    command = COMMANDS[arguments.command]
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "smmatic.settings")

    from smmatic.ops.environment import load_dotenv
    from smmatic.ops.processes import die_with_parent

    die_with_parent()
    load_dotenv()
    # Without this SIGTERM would leave a shared database server behind.
    signal.signal(signal.SIGTERM, _stop)
    try:
        needs = command.needs
        if command.alone and not set(arguments.rest[:1]) - set(command.alone):
            needs = Needs.NOTHING  # reading and proving a file asks nobody
        return _run(command, needs, arguments.rest)
    except KeyboardInterrupt:
        return 130


def _run(command: Command, needs: Needs, rest: list[str]) -> int:
    from smmatic.ops.environment import database
    from smmatic.ops.postgres import PostgresError

    try:
        if needs is Needs.NOTHING or rest[:1] in (["-h"], ["--help"]):
            return _call(command.target, rest)
        with database():
            if needs is Needs.DJANGO:
                import django

                django.setup()
            return _call(command.target, rest)
    except PostgresError as error:
        print(f"smmatic: {error}", file=sys.stderr)
        return 1


def _call(target: str, rest: list[str]) -> int:
    module, _, name = target.partition(":")
    function: Any = getattr(import_module(module), name)
    return int(function(rest) or 0)


def _parser() -> argparse.ArgumentParser:
    width = max(map(len, COMMANDS))
    lines = [f"  {name:<{width}}  {command.help}" for name, command in COMMANDS.items()]
    parser = argparse.ArgumentParser(
        prog="smmatic",
        description="SMMATIC: digital marketing services against prepaid Credits.",
        epilog="commands:\n" + "\n".join(lines) + "\n\n`smmatic <command> --help` says more.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS, metavar="command")
    parser.add_argument("rest", nargs=argparse.REMAINDER, metavar="...", help="arguments of the command")
    return parser


def _stop(number: int, frame: object) -> None:
    raise SystemExit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
