"""`smmatic demo-scenario`: makes the demo people, plays the main job and prints the addresses. Loopback only."""

import argparse
import ipaddress
import json
import os
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import urlsplit

from rich.console import Console

from smmatic.accounts.actions import create_person
from smmatic.accounts.queries import person_by_email
from smmatic.accounts.rules import Role
from smmatic.fulfilment.actions import ensure_provider
from smmatic.fulfilment.sandbox.server import DEFAULT_KEY
from smmatic.kernel.ids import new_readable_code
from smmatic.ops.demo_client import Api, Browser, Differs
from smmatic.ops.demo_story import Cast, Story
from smmatic.ops.postgres import data_folder

STAFF = {
    "operator": ("operator@demo.smmatic.test", "Oanh (operator)", Role.OPERATOR),
    "agent": ("agent@demo.smmatic.test", "An (support)", Role.AGENT),
    "approver": ("approver@demo.smmatic.test", "Bình (approver)", Role.APPROVER),
    "auditor": ("auditor@demo.smmatic.test", "Quý (auditor)", Role.AUDITOR),
}
CUSTOMER = ("mai@demo.smmatic.test", "Mai")


def main(argv: Sequence[str]) -> int:
    """Plays every step; exit code 1 when one differs from what it states."""
    parser = argparse.ArgumentParser(prog="smmatic demo-scenario", description=main.__doc__)
    parser.add_argument("--address", required=True, help="of the running shop, such as http://127.0.0.1:8000")
    parser.add_argument("--sandbox", required=True, help="of the sandbox provider")
    arguments = parser.parse_args(argv)
    if not _loopback(arguments.address):
        print("The demo makes people with a shared password, so it runs on loopback only.", file=sys.stderr)
        return 2
    password = _password()
    for email, name, role in STAFF.values():
        if person_by_email(email) is None:
            create_person(email=email, name=name, role=role, password=password)
    ensure_provider(
        "sandbox", adapter="sandbox", base_url=arguments.sandbox, api_key=DEFAULT_KEY, timeout=5.0, settles_after=30.0
    )
    console = Console(highlight=False, soft_wrap=True)
    code = _play(arguments.address, password, console)
    _tell(arguments.address, password, console)
    return code


def _play(address: str, password: str, console: Console) -> int:
    began = time.monotonic()
    try:
        cast = _cast(address, password)
    except Exception as error:
        console.print(f"[red]The people could not come in:[/] {type(error).__name__}: {error}")
        return 1
    steps = list(Story(cast, _prove).steps())
    differing = 0
    for number, (clause, title, play) in enumerate(steps, start=1):
        label = f"[{number:>2}/{len(steps)}] {clause:<4}{title}"
        with console.status(label):
            try:
                seen, mark = play(), "[green]ok[/]"
            except Exception as error:  # whatever it is: the step did not end as stated
                seen, mark = f"[red]{type(error).__name__}: {error}[/]", "[red]DIFFERS[/]"
                differing += 1
        console.print(f"{mark} \\{label}")
        console.print(f"            {seen}", style="dim")
    took = time.monotonic() - began
    if differing:
        console.print(f"[red]{differing} of {len(steps)} steps differ from what they state[/] ({took:.0f} s)")
        return 1
    console.print(f"[green]all {len(steps)} steps ended as stated[/] ({took:.0f} s)")
    return 0


def _cast(address: str, password: str) -> Cast:
    customer, agent, approver, operator = (Browser(address) for _ in range(4))
    email, name = CUSTOMER
    if person_by_email(email) is None:
        customer.sign_up(name, email, password)
    else:
        customer.sign_in(email, password)
    agent.sign_in(STAFF["agent"][0], password)
    approver.sign_in(STAFF["approver"][0], password)
    operator.sign_in(STAFF["operator"][0], password)

    def newcomer() -> Api:
        browser = Browser(address)
        browser.sign_up("Linh", f"linh-{new_readable_code(8).lower()}@demo.smmatic.test", password)
        return Api(address, browser.make_key())

    return Cast(customer, Api(address, customer.make_key()), agent, approver, operator, newcomer)


def _prove() -> str:
    done = subprocess.run(
        [sys.executable, "-m", "smmatic", "prove"], env=os.environ, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        raise Differs(f"`smmatic prove` ended with {done.returncode}: {done.stderr or done.stdout}")
    return done.stdout.strip().splitlines()[-1]


def _tell(address: str, password: str, console: Console) -> None:
    console.print()
    console.print(f"Shop        {address}/services        sign in as {CUSTOMER[0]}")
    console.print(f"Desk        {address}/desk/           {', '.join(email for email, _, _ in STAFF.values())}")
    console.print(f"Password    {password}        of all demo people, on this machine only")
    console.print(f"Policy      {address}/policy")
    console.print(f"API         {address}/api/v1/docs")
    console.print(f"Mails       {address}/dev/mail")


def _password() -> str:
    """The demo people's password: made once, kept beside the data, so that a second demo continues."""
    path: Path = data_folder() / "demo.json"
    try:
        return str(json.loads(path.read_text(encoding="utf-8"))["password"])
    except (OSError, ValueError, KeyError):
        password = f"demo-{new_readable_code(10)}"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(json.dumps({"password": password}), encoding="utf-8")
        return password


def _loopback(address: str) -> bool:
    host = urlsplit(address).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
