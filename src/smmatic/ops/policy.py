"""`smmatic policy`: everything of the policy's own command, and the back-test over recorded cases."""

import argparse
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console
from rich.table import Table

from smmatic.kernel.amounts import format_credits
from smmatic.policy import commands
from smmatic.policy.compiler import CompiledPolicy, compile_policy
from smmatic.policy.document import PolicyError, load_policy_file
from smmatic.policy.prover import prove


def main(argv: Sequence[str], out: TextIO | None = None) -> int:
    """Runs one subcommand of `smmatic policy`; exit codes as there."""
    return commands.main(argv, out, more=_more)


def backtest(arguments: argparse.Namespace, console: Console) -> int:
    """Judges the recorded cases under two versions, files or activated ones: counts and Credits by clause."""
    from smmatic.kernel.clock import now
    from smmatic.refunds.backtest import backtest as judge

    before, after = (_compiled(name) for name in (arguments.before, arguments.after))
    since = now() - timedelta(days=arguments.days) if arguments.days else datetime(2000, 1, 1, tzinfo=UTC)
    found = judge(before, after, since=since)
    if arguments.json:
        commands.print_json(console, found.as_dict())
        return commands.OK
    console.print(
        f"{found.cases:,} cases under {found.before} and {found.after}: {found.changed:,} are answered differently; "
        f"{found.undecidable:,} lack a fact, {found.impossible:,} are impossible ({found.seconds:.2f} s)."
    )
    grid = Table(title="by clause", title_justify="left")
    grid.add_column("clause")
    for name in (f"cases {found.before}", f"cases {found.after}", f"Credits {found.before}", f"Credits {found.after}"):
        grid.add_column(name, justify="right")
    for row in found.clauses:
        units = [format_credits(units) for units in (row.units_before, row.units_after)]
        grid.add_row(row.clause, f"{row.cases_before:,}", f"{row.cases_after:,}", *units)
    units = [format_credits(units) for units in (found.units_before, found.units_after)]
    grid.add_row("all", f"{found.cases:,}", f"{found.cases:,}", *units, style="bold")
    console.print(grid)
    return commands.OK


def _compiled(name: str) -> CompiledPolicy:
    """An activated version by its name, or the file at a path. Raises PolicyError for what is not proven."""
    from smmatic.policy.queries import policy_by_version

    stored = None if Path(name).exists() else policy_by_version(name)
    if stored is not None:
        return stored.compiled
    document = load_policy_file(Path(name))
    proof = prove(document)
    if not proof.ok:
        raise PolicyError(proof.problems, name)
    return compile_policy(document)


def _more(add: Callable[[str, Any, str], argparse.ArgumentParser]) -> None:
    tested = add("backtest", backtest, "what recorded cases would get under another version")
    tested.add_argument("before", help="a file, or an activated version such as 1.0")
    tested.add_argument("after", help="a file, or an activated version")
    tested.add_argument("--days", type=int, default=0, help="only cases opened within so many days")
