"""`smmatic prepare`: what an installation must have before it serves: a proven policy, a calendar and a catalogue."""

import argparse
import os
import sys
from collections.abc import Sequence

from smmatic.accounts.actions import operator_link
from smmatic.catalogue import actions as catalogue_actions
from smmatic.catalogue import queries as catalogue_queries
from smmatic.ops.environment import DEFAULT_BIND
from smmatic.ops.processes import Say
from smmatic.policy import actions as policy_actions
from smmatic.policy.document import PolicyError


def main(argv: Sequence[str]) -> int:
    """Prepares the installation; exit code 1 when the policy does not prove."""
    parser = argparse.ArgumentParser(prog="smmatic prepare", description=__doc__)
    parser.add_argument("--operator-link", action="store_true", help="print a one-time link where nobody operates yet")
    arguments = parser.parse_args(argv)
    try:
        prepare(print)
    except PolicyError as error:
        print("The shop does not start: its policy is not sound.", file=sys.stderr)
        for problem in error.problems:
            print(f"  {problem}", file=sys.stderr)
        print("Correct the file and try again: smmatic policy check <file>", file=sys.stderr)
        return 1
    if arguments.operator_link:
        path = operator_link()
        if path is not None:
            print(f"operator    {public_address()}{path}  (works once, for 24 hours)")
    return 0


def prepare(say: Say) -> None:
    """Loads the shipped policy, calendar and catalogue where there is none yet, and proves the policy in force.

    Raises:
        PolicyError: when the policy in force can't be read or proven; nothing may be served then.
    """
    policy = policy_actions.ensure_policy()
    policy_actions.ensure_calendar()
    catalogue_actions.ensure_catalogue()
    say(f"policy      version {policy.version}, in force and proven")
    say(f"catalogue   {len(catalogue_queries.services())} services on sale")


def link(argv: Sequence[str]) -> int:
    """Prints a one-time link for the first operator; exit code 1 when there is an operator already."""
    argparse.ArgumentParser(prog="smmatic operator-link", description=link.__doc__).parse_args(argv)
    path = operator_link()
    if path is None:
        print("There is an operator already; they can invite others at the desk.", file=sys.stderr)
        return 1
    print(f"{public_address()}{path}\nIt works once, for 24 hours.")
    return 0


def public_address() -> str:
    """The address under which people reach this installation, without a slash at its end."""
    return (os.environ.get("SMMATIC_PUBLIC_URL") or f"http://{DEFAULT_BIND}").rstrip("/")
