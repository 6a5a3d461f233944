"""How `smmatic policy` shows things: tables for people, plain data for programs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text as Styled

from .business_time import DueDate
from .comparing import PolicyDiff
from .compiler import Evaluation, Outcome
from .explanations import Explanation
from .prover import PROOFS, Proof
from .shape import PolicyDocument
from .words import facts_in_words, say, with_unit


def proof_json(proof: Proof) -> dict[str, Any]:
    """A proof as plain data; `seconds` is how long it took."""
    return {
        "ok": proof.ok,
        "combinations": proof.combinations,
        "possible": proof.possible,
        "rules": proof.rules,
        "overrides": proof.overrides,
        "cases": proof.cases,
        "seconds": round(proof.seconds, 4),
        "problems": [problem.as_dict() for problem in proof.problems],
    }


def proof_tables(proof: Proof, name: str) -> Iterator[RenderableType]:
    """The eight proofs with their results, then every problem."""
    if proof.combinations:
        grid = Table(title=f"{name}: {'proven' if proof.ok else 'not proven'}", title_justify="left")
        grid.add_column("proof", justify="right")
        grid.add_column("what it says")
        grid.add_column("result")
        for number, words in PROOFS.items():
            failed = sum(1 for problem in proof.problems if problem.proof == number)
            result = Styled(f"{failed} problem(s)", "bold red") if failed else Styled("holds", "green")
            grid.add_row(str(number), words, result)
        yield grid
        yield (
            f"{proof.combinations:,} combinations, {proof.possible:,} of them possible; {proof.rules} rules, "
            f"{proof.overrides} exceptions, {proof.cases} worked cases; {proof.seconds * 1000:.0f} ms."
        )
    else:
        yield f"{name}: not readable as a policy."
    for problem in proof.problems:
        place = f"line {problem.line}" if problem.line else "file"
        clause = f", clause {problem.clause}" if problem.clause else ""
        proof_words = f" (proof {problem.proof})" if problem.proof else ""
        head = Styled(f"{place}{clause}: {problem.code}{proof_words}", "bold red")
        yield Group(head, Styled(f"  {problem.message}"), Styled(f"  {problem.remedy}", "green"))


def clause_json(document: PolicyDocument, number: str, language: str) -> dict[str, Any]:
    """A clause as plain data, with its rules as the file has them."""
    clause = document.clause(number)
    return {
        "number": clause.number,
        "kind": clause.kind,
        "title": say(document, clause.title, language),
        "text": say(document, clause.text, language),
        "proven_by": clause.proven_by,
        "rules": [
            {
                "id": rule.id,
                "when": [{fact: list(values) for fact, values in item.items()} for item in rule.when],
                "decision": rule.then.decision,
                "credits": rule.then.credits,
                "order": rule.then.order,
                "due": rule.then.due,
                "overrides": list(rule.overrides),
                "because": say(document, rule.because, language),
            }
            for rule in clause.rules
        ],
    }


def clause_panel(document: PolicyDocument, number: str, language: str, *, with_rules: bool) -> RenderableType:
    """A clause in words; with its rules where asked."""
    clause = document.clause(number)
    title = f"{number}  {say(document, clause.title, language)}"
    parts: list[RenderableType] = [Styled(say(document, clause.text, language))]
    if clause.proven_by:
        parts.append(Styled(f"proven by {clause.proven_by}", "dim"))
    for rule in clause.rules if with_rules else ():
        grid = Table.grid(padding=(0, 2))
        grid.add_row("rule", Styled(rule.id, "bold"))
        for item in rule.when:
            grid.add_row("when", ", ".join(f"{fact} = {' | '.join(values)}" for fact, values in item.items()))
        grid.add_row("then", f"{rule.then.decision}, {rule.then.credits}, {rule.then.order} ({rule.then.due})")
        grid.add_row("overrides", ", ".join(rule.overrides) or "nothing")
        parts += [Styled(""), grid]
    return Panel(Group(*parts), title=title, title_align="left")


def table_rows(evaluation: Evaluation, given: Mapping[str, str]) -> list[dict[str, Any]]:
    """For each rule, how many possible combinations it decides, of those with the given facts."""
    chosen = evaluation.space.fitting(({fact: (value,) for fact, value in given.items()},)) & evaluation.possible
    return [
        {
            "rule": rule.id,
            "clause": rule.clause,
            "decision": rule.then.decision,
            "credits": rule.then.credits,
            "order": rule.then.order,
            "due": rule.then.due,
            "fits": (evaluation.fits[rule.id] & chosen).bit_count(),
            "decides": (evaluation.unbeaten[rule.id] & chosen).bit_count(),
        }
        for rule in evaluation.document.rules
    ]


def rules_table(rows: list[dict[str, Any]], evaluation: Evaluation, given: Mapping[str, str]) -> RenderableType:
    """`table_rows` for people."""
    chosen = evaluation.space.fitting(({fact: (value,) for fact, value in given.items()},)) & evaluation.possible
    facts = ", ".join(f"{fact} = {value}" for fact, value in given.items()) or "all facts"
    grid = Table(title=f"{facts}: {chosen.bit_count():,} possible combinations", title_justify="left")
    for name in ("rule", "decision", "credits", "order", "due"):
        grid.add_column(name)
    grid.add_column("fits", justify="right")
    grid.add_column("decides", justify="right")
    for row in rows:
        if row["fits"]:
            words = [str(row[name]) for name in ("rule", "decision", "credits", "order", "due")]
            grid.add_row(*words, f"{row['fits']:,}", f"{row['decides']:,}")
    return grid


def explanation_parts(explanation: Explanation) -> Iterator[RenderableType]:
    """An explanation for people."""
    head = f"{explanation.clause}  {explanation.title}: {explanation.decision}"
    yield Styled(head, "bold")
    yield f"{explanation.sentence}"
    yield f"Credits: {explanation.credits}. Order: {explanation.order}. Policy version {explanation.version}."
    grid = Table(title="facts", title_justify="left")
    for name in ("", "fact", "value", "from"):
        grid.add_column(name)
    for line in explanation.facts:
        grid.add_row("*" if line.decisive else "", line.name, line.value, line.source)
    yield grid
    for rule in explanation.beaten:
        yield f"- {rule.sentence}"
    if explanation.arithmetic:
        yield explanation.arithmetic


def due_json(found: DueDate, language: str) -> dict[str, Any]:
    """A due date as plain data."""
    return {
        "due_at": found.at.isoformat(),
        "counted_from": found.counted_from.isoformat(),
        "skipped": [{"date": day.isoformat(), "why": why.get(language, why["en"])} for day, why in found.skipped],
    }


def due_parts(found: DueDate, days: int, document: PolicyDocument, language: str) -> Iterator[RenderableType]:
    """A due date for people."""
    zone = document.times.zone
    yield Styled(f"Due {found.at:%Y-%m-%d %H:%M} ({zone})", "bold")
    yield f"{with_unit(document, 'business_days', days, language)}, counted from {found.counted_from:%Y-%m-%d}."
    if found.skipped:
        grid = Table(title="days that do not count", title_justify="left")
        grid.add_column("day")
        grid.add_column("why")
        for day, why in found.skipped:
            grid.add_row(f"{day:%Y-%m-%d %a}", why.get(language, why["en"]))
        yield grid


_STYLES = {"better": "green", "worse": "bold red", "mixed": "yellow", "equal": "dim"}


def diff_parts(diff: PolicyDiff, before: PolicyDocument, after: PolicyDocument, most: int) -> Iterator[RenderableType]:
    """A comparison for people: by clause, then the `most` frequent changes, numbers, facts and texts."""
    head = Styled(f"{diff.before} -> {diff.after}: ")
    head.append(diff.verdict if not diff.same else "no answer differs", _STYLES[diff.verdict])
    yield head
    yield (
        f"{diff.combinations:,} combinations: {diff.unchanged:,} unchanged, {diff.better:,} better, "
        f"{diff.worse:,} worse, {diff.mixed:,} mixed, {diff.equal:,} equal for the customer."
    )
    if diff.clauses:
        grid = Table(title="by clause", title_justify="left")
        for name in ("clause", "for the customer"):
            grid.add_column(name)
        for name in ("better", "worse", "mixed", "equal"):
            grid.add_column(name, justify="right")
        for row in diff.clauses:
            numbers = [f"{count:,}" if count else "" for count in (row.better, row.worse, row.mixed, row.equal)]
            grid.add_row(row.clause, Styled(row.verdict, _STYLES[row.verdict]), *numbers)
        yield grid
    for change in diff.changes[:most]:
        said = facts_in_words(after, change.facts, "en") or facts_in_words(before, change.facts, "en")
        yield Styled(f"{change.verdict} ({change.combinations:,}): {said}", _STYLES[change.verdict])
        yield f"  {_answer_words(change.before)} -> {_answer_words(change.after)}"
    for number in diff.numbers:
        line = f"{number.path}: {number.before} -> {number.after} ({number.verdict})"
        yield Styled(line, _STYLES[number.verdict])
    for fact in diff.facts:
        yield f"fact {fact.fact} {fact.change}: {', '.join(fact.values_after or fact.values_before)}"
    if diff.texts:
        yield f"words of {', '.join(diff.texts)} differ."


def _answer_words(outcome: Outcome | None) -> str:
    if outcome is None:
        return "cannot be"
    return f"{outcome.rule}: {outcome.decision} ({outcome.credits}, {outcome.order}, {outcome.due})"


def history_table(rows: list[dict[str, Any]]) -> RenderableType:
    """The activated versions for people."""
    grid = Table(title="versions", title_justify="left")
    for name in ("version", "in force from", "activated by", "why"):
        grid.add_column(name)
    for row in rows:
        version = f"{row['version']} (in force)" if row["in_force"] else row["version"]
        grid.add_row(version, row["effective_at"], row["by"], row["why"])
    return grid
