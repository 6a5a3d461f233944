"""Checks that everything a policy file names exists, and exists once."""

from __future__ import annotations

from collections.abc import Iterable

from .lines import Path
from .problems import Problem
from .reading import Report
from .shape import (
    CREDITS,
    DECISIONS,
    DELIVERED_VALUES,
    ORDER_EFFECTS,
    PROOF_VALUES,
    Assignment,
    Case,
    Fact,
    PolicyDocument,
    Property,
)
from .terms import SUPPLIED

_SINGLE_ROLES = ("ask", "stage", "delivered", "reviewed")


def check_references(document: PolicyDocument, report: Report) -> None:
    """Notes in `report` every double id and every reference to nothing."""
    check = _Checker(document, report)
    check.doubles()
    check.facts()
    check.clauses()
    check.properties()
    check.cases()
    check.stages()


class _Checker:
    def __init__(self, document: PolicyDocument, report: Report) -> None:
        self.document = document
        self.report = report
        self.values = {fact.id: set(fact.value_ids) for fact in document.facts}
        self.numbers = {clause.number for clause in document.clauses}

    def note(self, line: int, code: str, message: str, remedy: str, clause: str = "") -> None:
        self.report.problems.append(Problem(line, clause, code, message, remedy))

    def doubles(self) -> None:
        document = self.document
        self._doubles("clause", [(clause.number, clause.line) for clause in document.clauses])
        self._doubles("rule", [(rule.id, rule.line) for rule in document.rules])
        self._doubles("fact", [(fact.id, fact.line) for fact in document.facts])
        for fact in document.facts:
            self._doubles(f"value of {fact.id}", [(value_id, fact.line) for value_id in fact.value_ids])
        self._doubles("impossible", [(item.id, item.line) for item in document.impossible])
        self._doubles("outcome", [(str(item.then), item.line) for item in document.outcomes])
        self._doubles("section", [(item.number, item.title.line) for item in document.sections])
        self._doubles("service class", [(item.id, item.name.line) for item in document.service_classes])
        self._doubles("note", [(item.id, item.line) for item in document.notes])
        self._doubles("preview", [(item.id, item.line) for item in document.previews])
        self._doubles("property", [(item.id, item.line) for item in document.properties])
        self._doubles("case", [(item.id, item.line) for item in document.cases])

    def facts(self) -> None:
        if not self.document.facts:
            self.note(0, "missing", "It knows no facts.", "Add [[fact]] for everything a decision depends on.")
        for role in _SINGLE_ROLES:
            found = self.document.facts_in_role(role)
            if len(found) != 1:
                self.note(
                    found[1].line if found else 0,
                    "bad_role",
                    f"{len(found)} facts have the role '{role}'.",
                    f'Give exactly one fact role = "{role}": the built-in proofs need to know it.',
                )
        for fact in self.document.facts:
            values = set(fact.value_ids)
            if len(values) < 2:
                self.note(fact.line, "bad_fact", f"'{fact.id}' has fewer than two values.", "Give it at least two.")
            if not fact.own:
                self._supplied(fact)
            else:
                self._own(fact, values)
            if fact.default and fact.default not in values:
                self.note(fact.line, "unknown_value", f"'{fact.default}' is no value of {fact.id}.", "Correct it.")
            self._role_values(fact.id, fact.role, values, fact.line)
        for item in self.document.impossible:
            self._assignments(item.when, item.line, "")

    def clauses(self) -> None:
        rule_ids = {rule.id for rule in self.document.rules}
        sections = {section.number for section in self.document.sections}
        for clause in self.document.clauses:
            if clause.section not in sections:
                self.note(
                    clause.line,
                    "unknown_section",
                    f"{clause.number} stands under no section.",
                    f'Add a [[section]] with number = "{clause.section}".',
                    clause.number,
                )
        for rule in self.document.rules:
            self._assignments(rule.when, rule.line, rule.clause)
            for target in rule.overrides:
                if target not in rule_ids and target not in self.numbers:
                    self.note(
                        rule.line,
                        "unknown_rule",
                        f"{rule.id} overrides '{target}', which does not exist.",
                        "Name a rule id, or a clause number for all of its rules.",
                        rule.clause,
                    )
        for note in self.document.notes:
            self._clause_numbers(note.clauses, note.line)
        for preview in self.document.previews:
            self._clause_numbers((preview.clause,), preview.line)

    def properties(self) -> None:
        for item in self.document.properties:
            self._assignments(item.when, item.line, "")
            if item.kind == "compare":
                self._assignments(({item.vary: (item.value, *item.than)},), item.line, "")
            else:
                self._answer(item)

    def cases(self) -> None:
        if not self.document.cases:
            self.note(0, "missing", "It has no worked case.", "Add [[case]]: readers and the checker need them.")
        for case in self.document.cases:
            self._assignments(({fact: (value,) for fact, value in case.facts.items()},), case.line, "")
            self._case_is_whole(case)
            self._clause_numbers((case.expect.get("clause", ""),), case.line)

    def stages(self) -> None:
        stages = self.document.facts_in_role("stage")
        known = set(stages[0].value_ids) if stages else set()
        for effect, transition in self.document.transitions.items():
            for stage in transition.from_stages:
                if stage not in known:
                    path: Path = ("transitions", effect)
                    self.report.add(path, "unknown_value", f"'{stage}' is no stage.", "Use a value of the stage fact.")

    def _supplied(self, fact: Fact) -> None:
        """A fact without a source has to be one that the software says, with every value that it can say."""
        said = SUPPLIED.get(fact.id)
        if said is None:
            self.note(
                fact.line,
                "no_source",
                f"Nobody says '{fact.id}' of an order.",
                f"Give it since and at_most, or an attribute; without a source there are {', '.join(SUPPLIED)}.",
            )
        elif set(fact.value_ids) != set(said):
            self.note(
                fact.line,
                "bad_fact",
                f"'{fact.id}' has other values than the software says of an order.",
                f"Give it exactly: {', '.join(said)}.",
            )

    def _own(self, fact: Fact, values: set[str]) -> None:
        """A fact of the policy's own: yes and no for a window or a threshold, values that can be for an attribute."""
        if fact.id in SUPPLIED:
            self.note(fact.line, "bad_fact", f"The software itself says '{fact.id}'.", "Rename your fact.")
        if not fact.default:
            self.note(
                fact.line,
                "no_default",
                f"'{fact.id}' has no default.",
                "Say which value it has where the moment has not come or the attribute is another one.",
            )
        attribute = fact.attribute
        if (attribute is None or attribute.at_least is not None) and values != {"no", "yes"}:
            self.note(fact.line, "bad_fact", f"'{fact.id}' is a yes/no fact.", "Give it exactly: no, yes.")
        known = {
            "service.class": {item.id for item in self.document.service_classes},
            "customer.type": {"consumer", "business"},
        }
        if attribute and attribute.name in known:
            for word in attribute.values:
                if word not in known[attribute.name] and attribute.values[word] != fact.default:
                    options = ", ".join(sorted(known[attribute.name]))
                    self.note(
                        fact.line, "unknown_value", f"'{word}' is no {attribute.name}.", f"Use one of: {options}."
                    )

    def _doubles(self, what: str, ids: Iterable[tuple[str, int]]) -> None:
        seen: dict[str, int] = {}
        for found, line in ids:
            if found in seen:
                self.note(
                    line,
                    "duplicate",
                    f"The {what} '{found}' is there twice (first on line {seen[found]}).",
                    "Rename one of them, or take it out.",
                )
            seen.setdefault(found, line)

    def _role_values(self, fact_id: str, role: str, values: set[str], line: int) -> None:
        needed: set[str] = set()
        if role in ("our_fault", "customer_error"):
            needed = set(PROOF_VALUES)
        elif role == "delivered":
            needed = set(DELIVERED_VALUES)
        elif role == "reviewed":
            needed = {"no", "yes"}
        if needed and values != needed:
            self.note(
                line,
                "bad_role",
                f"'{fact_id}' has the role '{role}' and other values than that role has.",
                f"Give it exactly: {', '.join(sorted(needed))}.",
            )

    def _assignments(self, when: Iterable[Assignment], line: int, clause: str) -> None:
        for assignment in when:
            for fact_id, values in assignment.items():
                if fact_id not in self.values:
                    self.note(
                        line,
                        "unknown_fact",
                        f"'{fact_id}' is no fact of this policy.",
                        f"Use one of: {', '.join(self.values)}.",
                        clause,
                    )
                    continue
                for value in values:
                    if value not in self.values[fact_id]:
                        self.note(
                            line,
                            "unknown_value",
                            f"'{value}' is no value of {fact_id}.",
                            f"Use one of: {', '.join(sorted(self.values[fact_id]))}.",
                            clause,
                        )

    def _clause_numbers(self, numbers: Iterable[str], line: int) -> None:
        for number in numbers:
            if number and number not in self.numbers:
                self.note(line, "unknown_clause", f"There is no clause '{number}'.", "Name a clause of this file.")

    def _answer(self, item: Property) -> None:
        credits = (*CREDITS, *self.document.shares)
        options = {"decision": DECISIONS, "credits": credits, "order": ORDER_EFFECTS, "clause": tuple(self.numbers)}
        if not item.then:
            self.note(item.line, "bad_property", f"'{item.id}' says nothing about the answer.", "Fill its 'then'.")
        for key, value in item.then.items():
            if key != "due" and value not in options.get(key, ()):
                self.note(
                    item.line,
                    "bad_property",
                    f"'{item.id}' expects {key} = '{value}', which no answer has.",
                    "Use decision, credits, order, due or clause with a value that exists.",
                )

    def _case_is_whole(self, case: Case) -> None:
        missing = [fact.id for fact in self.document.facts if not fact.default and fact.id not in case.facts]
        if missing:
            self.note(
                case.line,
                "bad_case",
                f"The case '{case.id}' does not say {', '.join(missing)}.",
                "Add it: this fact has no default.",
            )
