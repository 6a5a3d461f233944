"""`smmatic policy`: prove, show, explain and compare policy files, work out due dates, activate. A database is needed
only to activate and to read history.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TextIO

from rich.console import Console

from . import command_views as views
from .business_time import due_at
from .comparing import compare
from .compiler import ImpossibleFacts, UnknownFacts, compile_policy, evaluate
from .document import MOST_BYTES, SHIPPED_FILE, PolicyDocument, PolicyError, Problem, load_policy, load_policy_file
from .drafting import with_effective, with_version
from .explanations import explain
from .prover import Proof, check_text, prove
from .vietnam import vietnam_calendar

OK, FAILED, WRONG_USAGE = 0, 1, 2
BETTER_OR_EQUAL, WORSE_OR_MIXED = 3, 4
"""Exit codes of `diff` where something differs: nothing is worse for the customer; something is."""

Register = Callable[[Callable[[str, Any, str], argparse.ArgumentParser]], None]
"""Adds subcommands of a package above this one."""


class Usage(Exception):
    """The command was called in a way that makes no sense; the message says what to write instead."""


def main(argv: Sequence[str], out: TextIO | None = None, more: Register | None = None) -> int:
    """Runs one subcommand. Exit code 0: well; 1: the file has problems or decides nothing; 2: wrong usage."""
    arguments = _parser(more).parse_args(argv)
    console = Console(file=out or sys.stdout, highlight=False, soft_wrap=bool(arguments.json))
    try:
        return int(arguments.run(arguments, console))
    except PolicyError as error:
        _problems(arguments, console, error.problems)
        return FAILED
    except Usage as error:
        print(f"smmatic policy: {error}", file=sys.stderr)
        return WRONG_USAGE


def check(arguments: argparse.Namespace, console: Console) -> int:
    """Reads and proves a file."""
    text = load_text(Path(arguments.file))
    _, proof = check_text(text, Path(arguments.file).name)
    if arguments.json:
        print_json(console, views.proof_json(proof))
    else:
        for part in views.proof_tables(proof, Path(arguments.file).name):
            console.print(part)
    return OK if proof.ok else FAILED


def show(arguments: argparse.Namespace, console: Console) -> int:
    """Shows the clauses in words, or one of them with its rules."""
    document = load_policy_file(Path(arguments.file))
    language = _language(document, arguments)
    numbers = [clause.number for clause in document.clauses]
    if arguments.clause and arguments.clause not in numbers:
        raise Usage(f"there is no clause {arguments.clause}; there are {', '.join(numbers)}")
    chosen = [arguments.clause] if arguments.clause else numbers
    if arguments.json:
        print_json(console, [views.clause_json(document, number, language) for number in chosen])
    else:
        for number in chosen:
            console.print(views.clause_panel(document, number, language, with_rules=bool(arguments.clause)))
    return OK


def table(arguments: argparse.Namespace, console: Console) -> int:
    """Shows which rule decides how many combinations, of all or of those that fit the given facts."""
    document = load_policy_file(Path(arguments.file))
    given = _facts(document, arguments.fact)
    evaluation = evaluate(document)
    rows = views.table_rows(evaluation, given)
    if arguments.json:
        print_json(console, rows)
    else:
        console.print(views.rules_table(rows, evaluation, given))
    return OK


def explain_(arguments: argparse.Namespace, console: Console) -> int:
    """Explains the decision on facts; those left out have their default."""
    document = load_policy_file(Path(arguments.file))
    language = _language(document, arguments)
    given = _facts(document, arguments.fact)
    try:
        facts = document.complete(given)
    except KeyError as error:
        raise Usage(f"say also --fact {error.args[0]}=... (it has no default)") from error
    sources = {fact: "--fact" if fact in given else "default" for fact in facts}
    try:
        explanation = explain(compile_policy(document), facts, sources, language)
    except ImpossibleFacts as error:
        reasons = [reason.get(language, "") for reason in error.reasons]
        if arguments.json:
            print_json(console, {"impossible": reasons, "facts": facts})
        else:
            console.print("These facts cannot be true together. " + " ".join(reasons))
        return FAILED
    except UnknownFacts as error:
        raise Usage(str(error)) from error
    if arguments.json:
        print_json(console, explanation.as_dict())
    else:
        for part in views.explanation_parts(explanation):
            console.print(part)
    return OK


def due(arguments: argparse.Namespace, console: Console) -> int:
    """Works out a due date, with the days that do not count and why."""
    document = load_policy_file(Path(arguments.file))
    language = _language(document, arguments)
    if (arguments.business_days is None) == (arguments.service_class is None):
        raise Usage("say either --business-days or --service-class")
    days = arguments.business_days
    if days is None:
        if arguments.service_class not in document.times.business_days:
            raise Usage(f"there is no such service class; there are {', '.join(document.times.business_days)}")
        days = document.times[arguments.service_class]
    try:
        found = due_at(_moment(arguments.opened), days, vietnam_calendar(), document.times)
    except ValueError as error:
        raise Usage(str(error)) from error
    if arguments.json:
        print_json(console, views.due_json(found, language))
    else:
        for part in views.due_parts(found, days, document, language):
            console.print(part)
    return OK


def activate(arguments: argparse.Namespace, console: Console) -> int:
    """Proves a file and makes it the policy in force from its effective date on."""
    from smmatic.kernel.refusals import Refusal

    from .actions import activate_policy

    text = load_text(Path(arguments.file))
    try:
        row = activate_policy(text, None, arguments.why)
    except Refusal as refusal:
        console.print(f"{refusal.sentence} {refusal.next_step}")
        return FAILED
    said = {"id": row.id, "version": row.version, "effective_at": row.effective_at.isoformat(), "digest": row.digest}
    if arguments.json:
        print_json(console, said)
    else:
        console.print(
            f"Version {row.version} is active from {row.effective_at:%Y-%m-%d %H:%M %Z} (sha256 {row.digest})."
        )
    return OK


def diff(arguments: argparse.Namespace, console: Console) -> int:
    """Compares two files combination by combination. Exit code 0: no answer and no number differs; 3: something does,
    and nothing is worse for the customer; 4: something is worse or mixed.
    """
    before, after = (load_policy_file(Path(name)) for name in (arguments.before, arguments.after))
    for document in (before, after):
        proof = prove(document)
        if not proof.ok:
            raise PolicyError(proof.problems, document.name)
    found = compare(before, after)
    if arguments.json:
        print_json(console, found.as_dict())
    else:
        for part in views.diff_parts(found, before, after, arguments.most):
            console.print(part)
    if found.same:
        return OK
    return BETTER_OR_EQUAL if found.verdict in ("equal", "better") else WORSE_OR_MIXED


def new(arguments: argparse.Namespace, console: Console) -> int:
    """Writes a draft that differs from the file it starts from only in its version and effective date."""
    path = Path(arguments.file)
    if path.exists():
        raise Usage(f"{path} is there already; choose another name")
    text = load_text(Path(arguments.source))
    load_policy(text, Path(arguments.source).name)
    text = with_version(text, arguments.version)
    if arguments.effective:
        text = with_effective(text, _moment(arguments.effective))
    document = load_policy(text, path.name)
    path.write_text(text, encoding="utf-8")
    said = {"file": str(path), "version": document.version, "effective": document.effective.isoformat()}
    if arguments.json:
        print_json(console, said)
    else:
        console.print(f"{path}: version {document.version}. Change it, then: smmatic policy check {path}")
    return OK


def history(arguments: argparse.Namespace, console: Console) -> int:
    """Shows every activated version, the newest first."""
    from smmatic.accounts.queries import people

    from .queries import current_policy, policy_history

    rows = policy_history()
    names = people([row.activated_by_id for row in rows if row.activated_by_id])
    current = current_policy().id
    said = [
        {
            "version": row.version,
            "in_force": row.id == current,
            "effective_at": row.effective_at.isoformat(),
            "activated_at": row.activated_at.isoformat(),
            "by": names[row.activated_by_id].shown_name if row.activated_by_id in names else "the installation",
            "why": row.why,
            "digest": row.digest,
        }
        for row in rows
    ]
    if arguments.json:
        print_json(console, said)
    else:
        console.print(views.history_table(said))
    return OK


def load_text(path: Path) -> str:
    """The text of a file. Raises PolicyError when it cannot be read."""
    try:
        if path.stat().st_size > MOST_BYTES:
            problem = Problem(0, "", "too_long", "It is larger than a policy can be.", "Is it the right file?")
            raise PolicyError([problem], str(path))
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem(
            0, "", "unreadable", f"It cannot be read: {error}.", "Check the path and the encoding (UTF-8)."
        )
        raise PolicyError([problem], str(path)) from error


def _facts(document: PolicyDocument, given: Sequence[str]) -> dict[str, str]:
    facts: dict[str, str] = {}
    for item in given:
        name, _, value = item.partition("=")
        known = {fact.id: fact.value_ids for fact in document.facts}
        if name not in known:
            raise Usage(f"'{name}' is no fact; there are {', '.join(known)}")
        if value not in known[name]:
            raise Usage(f"'{value}' is no value of {name}; there are {', '.join(known[name])}")
        facts[name] = value
    return facts


def _language(document: PolicyDocument, arguments: argparse.Namespace) -> str:
    if arguments.language not in document.languages:
        raise Usage(f"this policy has no words in '{arguments.language}'; it has {', '.join(document.languages)}")
    return str(arguments.language)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise Usage(f"'{text}' is no moment; write it like 2026-02-12T10:00:00+07:00") from error
    if moment.tzinfo is None:
        raise Usage(f"'{text}' needs its offset, like {text}+07:00")
    return moment


def _problems(arguments: argparse.Namespace, console: Console, problems: Sequence[Problem]) -> None:
    proof = Proof(False, 0, 0, 0, 0, 0, 0.0, tuple(problems))
    if arguments.json:
        print_json(console, views.proof_json(proof))
        return
    for part in views.proof_tables(proof, Path(arguments.file).name):
        console.print(part)


def print_json(console: Console, value: Any) -> None:
    """Prints plain data for programs."""
    console.print(json.dumps(value, ensure_ascii=False, indent=2), markup=False)


def _parser(more: Register | None) -> argparse.ArgumentParser:
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--json", action="store_true", help="print plain data for programs")
    common.add_argument("--language", default="en", help="language of the words (en, vi)")
    parser = argparse.ArgumentParser(prog="smmatic policy", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    def add(name: str, run: Any, help_: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, parents=[common], help=help_, description=run.__doc__)
        sub.set_defaults(run=run, file=str(SHIPPED_FILE))
        return sub

    add("check", check, "prove a file").add_argument("file", nargs="?", default=str(SHIPPED_FILE))
    shown = add("show", show, "read the clauses")
    shown.add_argument("file", nargs="?", default=str(SHIPPED_FILE))
    shown.add_argument("--clause", help="one clause with its rules, such as 2.1")
    for name, run, help_ in (
        ("table", table, "which rule decides how many combinations"),
        ("explain", explain_, "why these facts give this answer"),
    ):
        asked = add(name, run, help_)
        asked.add_argument("file", nargs="?", default=str(SHIPPED_FILE))
        asked.add_argument("--fact", action="append", default=[], metavar="NAME=VALUE", help="may be repeated")
    dated = add("due", due, "when an answer is due")
    dated.add_argument("--file", default=str(SHIPPED_FILE))
    dated.add_argument("--opened", required=True, help="2026-02-12T10:00:00+07:00")
    dated.add_argument("--business-days", type=int)
    dated.add_argument("--service-class")
    activated = add("activate", activate, "make a file the policy in force")
    activated.add_argument("file")
    activated.add_argument("--why", required=True, help="why it changes; kept with the version")
    compared = add("diff", diff, "how one file differs from another, for the customer")
    compared.add_argument("before")
    compared.add_argument("after")
    compared.add_argument("--most", type=int, default=12, help="how many changes to show with an example")
    started = add("new", new, "start a draft from the shipped policy or another file")
    started.add_argument("file", help="where to write the draft")
    started.add_argument("--from", dest="source", default=str(SHIPPED_FILE), help="the file to start from")
    started.add_argument("--version", required=True, help="the version of the draft")
    started.add_argument("--effective", help="2026-02-01T00:00:00+07:00; else as in the file it starts from")
    add("history", history, "every activated version: from when, by whom, why")
    if more is not None:
        more(add)
    return parser
