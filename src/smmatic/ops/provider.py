"""`smmatic provider add | list | off`: who delivers over the network, and for which services."""

import argparse
import sys
from collections.abc import Sequence
from urllib.parse import urlsplit

from rich.console import Console
from rich.table import Table

from smmatic.catalogue.queries import service_by_code
from smmatic.fulfilment import actions, queries
from smmatic.fulfilment.registry import ADAPTERS
from smmatic.kernel.refusals import Refusal


def main(argv: Sequence[str]) -> int:
    """Runs one subcommand; exit code 1 when it was refused, 2 for wrong usage."""
    chosen = _arguments(argv)
    console = Console(highlight=False, soft_wrap=True)
    try:
        if chosen.do == "add":
            _add(chosen, console)
        elif chosen.do == "off":
            row = actions.switch_off(chosen.code)
            console.print(f"{row.code} gets no new orders; those that it has are followed to their end.")
    except Refusal as refused:
        print(f"smmatic provider: {refused.sentence} {refused.next_step}", file=sys.stderr)
        return 1
    if chosen.do == "list":
        console.print(_table())
    _tell_unserved(console)
    return 0


def unserved() -> list[str]:
    """The codes of services on sale that a provider should deliver and no active one does."""
    return queries.unserved_services()


def _add(chosen: argparse.Namespace, console: Console) -> None:
    known = queries.provider_by_code(chosen.code)
    row = actions.ensure_provider(
        chosen.code, adapter=chosen.adapter, base_url=chosen.url, api_key=chosen.key, services=chosen.services,
        timeout=chosen.timeout, settles_after=chosen.settles_after, priority=chosen.priority, active=True,
    )  # fmt: skip
    what = ", ".join(row.services) or "every service that a provider delivers"
    console.print(f"{row.code} {'changed' if known else 'added'}: it delivers {what}.")
    host = urlsplit(row.base_url)
    if host.scheme != "https" or host.port not in (None, 443):
        console.print("Calls go to public https addresses only; allow others in SMMATIC_PROVIDER_PRIVATE_HOSTS.")


def _table() -> Table:
    grid = Table(title="providers", title_justify="left")
    for name in ("code", "adapter", "address", "services", "active"):
        grid.add_column(name, overflow="fold")
    grid.add_column("priority", justify="right")
    for row in queries.providers():
        services = ", ".join(row.services) or "all"
        grid.add_row(row.code, row.adapter, row.base_url, services, "yes" if row.active else "no", str(row.priority))
    return grid


def _tell_unserved(console: Console) -> None:
    missing = unserved()
    if missing:
        console.print(f"[yellow]{len(missing)} services on sale have no provider:[/] {', '.join(missing)}")


def _arguments(argv: Sequence[str]) -> argparse.Namespace:
    reader = argparse.ArgumentParser(prog="smmatic provider", description=__doc__)
    commands = reader.add_subparsers(dest="do", required=True, metavar="add | list | off")
    add = commands.add_parser("add", help="add a provider, or change one")
    add.add_argument("code", help="its short name, such as 'acme'")
    add.add_argument("--url", required=True, type=_address, help="of its API")
    add.add_argument("--key", required=True, help="our key there; kept in the database")
    add.add_argument("--services", type=_services, default=[], help="codes with commas between; without it: all")
    add.add_argument("--adapter", choices=sorted(ADAPTERS), default="sandbox", help="how it is spoken to")
    add.add_argument("--timeout", type=float, default=15.0, help="seconds for one call")
    add.add_argument(
        "--settles-after", type=float, default=120.0, help="seconds after which its 'no such order' is final"
    )
    add.add_argument("--priority", type=int, default=100, help="the lowest of those that deliver a service is taken")
    commands.add_parser("list", help="show every provider")
    off = commands.add_parser("off", help="give a provider no new orders")
    off.add_argument("code")
    return reader.parse_args(argv)


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise argparse.ArgumentTypeError("an address such as https://api.example.com")
    return text.rstrip("/")


def _services(text: str) -> list[str]:
    codes = [code.strip().upper() for code in text.split(",") if code.strip()]
    for code in codes:
        service = service_by_code(code)
        if service is None or service.delivery != "provider":
            raise argparse.ArgumentTypeError(f"{code} is no service that a provider delivers")
    return codes
