"""Reads the single parts of a policy file: facts, clauses with their rules, outcomes, cases."""

from __future__ import annotations

import re
from collections.abc import Mapping

from . import loading_own as own
from .reading import Table
from .shape import (
    CLAUSE_KINDS,
    CREDITS,
    DECISIONS,
    ORDER_EFFECTS,
    ROLES,
    Case,
    CaseAmounts,
    Clause,
    Fact,
    FactValue,
    Impossible,
    Note,
    OutcomeWords,
    Preview,
    Property,
    Rule,
    Section,
    Text,
    Then,
    Transition,
)

EXPECTED = ("decision", "credits", "order", "clause")
_CREDITS_AMOUNT = re.compile(r"^[0-9]{1,12}(\.[0-9]{1,6})?$")


def units(table: Table) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """Words for units: one form, or singular and plural, in each language."""
    found: dict[str, Mapping[str, tuple[str, ...]]] = {}
    for unit in ("business_days", "days", "hours", "credits"):
        forms_table = table.table(unit)
        forms = {language: forms_table.strings(language) for language in table.report.languages}
        for language, words in forms.items():
            if len(words) > 2:
                table.problem(unit, "bad_unit", f"'{unit}' has {len(words)} forms in {language}.", "Give one or two.")
        forms_table.finish()
        found[unit] = forms
    table.finish()
    return found


def word_lists(table: Table) -> Mapping[str, Mapping[str, Text]]:
    """Names of the decisions, of what comes back and of what happens to the order."""
    found: dict[str, Mapping[str, Text]] = {}
    for name, options in (("decision", DECISIONS), ("credits", CREDITS), ("order", ORDER_EFFECTS)):
        names = table.table(name)
        found[name] = {option: names.words(option) for option in options}
        names.finish()
    table.finish()
    return found


def transitions(table: Table) -> Mapping[str, Transition]:
    """From which stages an effect on the order is possible."""
    found: dict[str, Transition] = {}
    for effect in ORDER_EFFECTS:
        entry = table.table(effect)
        found[effect] = Transition(entry.strings("from"), entry.strings("to", required=True))
        entry.finish()
    table.finish()
    return found


def fact(table: Table) -> Fact:
    """A fact with its values, and where it comes from when it is the policy's own."""
    values = tuple(_fact_value(value) for value in table.tables("values"))
    found = Fact(
        id=table.identifier(),
        role=table.choice("role", ROLES, required=False, default="other"),
        name=table.words("name"),
        description=table.words("description"),
        values=values,
        default=table.string("default", required=False),
        line=table.line,
        window=own.window(table),
        attribute=own.attribute(table, values),
    )
    if found.window and found.attribute:
        table.problem("since", "bad_fact", f"'{found.id}' is a window and an attribute.", "Make two facts of it.")
    table.finish()
    return found


def _fact_value(table: Table) -> FactValue:
    words = {language: table.string(language, required=False) for language in table.report.languages}
    name = table.as_words({language: said for language, said in words.items() if said}, table.path)
    found = FactValue(id=table.identifier(), name=name, of=table.strings("of", required=False))
    table.finish()
    return found


def impossible(table: Table) -> Impossible:
    """A combination of facts that cannot be, with its reason."""
    found = Impossible(
        id=table.identifier(), when=table.assignments("when"), reason=table.words("reason"), line=table.line
    )
    table.finish()
    return found


def then(table: Table) -> Then:
    """The answer of a rule. Anything but Credits inside the platform is refused here: there is no such outcome."""
    entry = table.table("then")
    credits = entry.string("credits")
    options = (*CREDITS, *table.report.shares)
    if credits and credits not in options:
        entry.problem(
            "credits",
            "not_credits",
            f"'{credits}' is nothing that can come back.",
            f"Only Credits of this order come back: {', '.join(options)}. Nothing is ever paid out.",
            proof=5,
        )
    found = Then(
        decision=entry.choice("decision", DECISIONS),
        credits=credits or "none",
        order=entry.choice("order", ORDER_EFFECTS),
        due=entry.string("due", required=False),
    )
    entry.finish()
    return found


def outcome_words(table: Table) -> OutcomeWords:
    """The words for one kind of answer."""
    found = OutcomeWords(then=then(table), text=table.words("text"), line=table.line)
    table.finish()
    return found


def section(table: Table) -> Section:
    """A heading over clauses."""
    found = Section(number=table.clause_number(), title=table.words("title"))
    table.finish()
    return found


def clause(table: Table) -> Clause:
    """A clause with its rules."""
    number = table.clause_number()
    table.clause = number
    rules = tuple(_rule(entry, number) for entry in table.tables("rule", required=False))
    found = Clause(
        number=number,
        kind=table.choice("kind", CLAUSE_KINDS),
        title=table.words("title"),
        text=table.words("text"),
        rules=rules,
        proven_by=table.string("proven_by", required=False),
        line=table.line,
    )
    _check_kind(table, found)
    table.finish()
    return found


def _check_kind(table: Table, found: Clause) -> None:
    if found.kind == "rules" and not found.rules:
        table.problem(
            "kind",
            "no_rules",
            f"{found.number} decides nothing.",
            "Give it a [[clause.rule]], or say that it is a guarantee or a statement.",
        )
    if found.kind != "rules" and found.rules:
        table.problem("kind", "has_rules", f"{found.number} is a {found.kind} with rules.", 'Write kind = "rules".')
    if (found.kind == "guarantee") != bool(found.proven_by):
        table.problem(
            "kind",
            "no_proof",
            f"{found.number}: a guarantee names the test that proves it; nothing else does.",
            'Add proven_by = "tests/..." to a guarantee, or take it out.',
        )


def _rule(table: Table, number: str) -> Rule:
    rule_id = table.string("id")
    if rule_id and not re.fullmatch(re.escape(number) + r"\.[a-z][a-z0-9_]*", rule_id):
        table.problem("id", "bad_id", f"'{rule_id}' is no rule id of {number}.", f'Write it like "{number}.some_name".')
    found = Rule(
        id=rule_id,
        clause=number,
        when=table.assignments("when"),
        then=then(table),
        overrides=table.strings("overrides", required=False),
        because=table.words("because"),
        next=table.words("next") if table.has("next") else None,
        line=table.line,
    )
    table.finish()
    return found


def preview(table: Table) -> Preview:
    """A sentence shown before a click."""
    found = Preview(
        id=table.identifier(), clause=table.clause_number("clause"), text=table.words("text"), line=table.line
    )
    table.finish()
    return found


def note(table: Table) -> Note:
    """A note on how the policy is read."""
    found = Note(
        id=table.identifier(),
        clauses=table.strings("clauses"),
        title=table.words("title"),
        text=table.words("text"),
        line=table.line,
    )
    table.finish()
    return found


def property_(table: Table) -> Property:
    """A declared property; which keys it needs depends on its kind."""
    kind = table.choice("kind", ("always", "never", "compare"))
    compares = kind == "compare"
    found = Property(
        id=table.identifier(),
        kind=kind,
        when=table.assignments("when", required=not compares),
        then={} if compares else table.mapping("then"),
        vary=table.string("vary") if compares else "",
        value=table.string("value") if compares else "",
        than=table.strings("than") if compares else (),
        never=table.choice("never", ("less", "more")) if compares else "",
        text=table.words("text"),
        line=table.line,
    )
    if compares:
        table.choice("order_by", ("credits",))
    table.finish()
    return found


def case(table: Table) -> Case:
    """A worked case with its expected answer."""
    found = Case(
        id=table.identifier(),
        title=table.words("title"),
        story=table.words("story"),
        facts=table.mapping("facts"),
        expect=table.mapping("expect"),
        amounts=_amounts(table.table("amounts")) if table.has("amounts") else None,
        line=table.line,
    )
    missing = [key for key in EXPECTED if key not in found.expect]
    unknown = [key for key in found.expect if key not in EXPECTED]
    if missing or unknown:
        table.problem(
            "expect",
            "bad_case",
            f"Its expected answer has to name {', '.join(EXPECTED)}.",
            f"Add {', '.join(missing)}." if missing else f"Take out {', '.join(unknown)}.",
        )
    table.finish()
    return found


def _amounts(table: Table) -> CaseAmounts:
    found = CaseAmounts(
        charge=table.string("charge"),
        ordered=table.number("ordered", least=1, most=10**12),
        delivered=table.number("delivered", least=0, most=10**12),
        returns=table.string("returns"),
    )
    for key, amount in (("charge", found.charge), ("returns", found.returns)):
        if amount and not _CREDITS_AMOUNT.match(amount):
            table.problem(key, "bad_amount", f"'{amount}' is no amount of Credits.", 'Write it like "12.50".')
    if found.delivered > found.ordered:
        table.problem("delivered", "bad_amount", "More is delivered than ordered.", "Deliver at most what is ordered.")
    table.finish()
    return found
