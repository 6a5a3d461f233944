"""What a policy file says, as frozen values. Reading it is `loading.py`, deciding by it is `compiler.py`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, time

from .terms import BASIC, Attribute, Promise, Share, Span, Window

Assignment = Mapping[str, tuple[str, ...]]
"""Facts and the values of each that fit. A fact that is not named may have any value."""

DECISIONS = ("approve", "deny", "review")
CREDITS = ("all", "undelivered", "none")
ORDER_EFFECTS = ("cancel", "stop", "keep")
CLAUSE_KINDS = ("rules", "guarantee", "statement")
ROLES = ("ask", "stage", "delivered", "our_fault", "customer_error", "reviewed", "other")
PROOF_VALUES = frozenset({"none", "alleged", "verified", "refuted"})
DELIVERED_VALUES = ("none", "part", "all")
AT_ONCE = "at_once"
BUSINESS_DAYS = "business_days"


@dataclass(frozen=True)
class Text:
    """Words in every language of the policy, with placeholders still in them; `line` is where they stand."""

    by_language: Mapping[str, str]
    line: int = 0

    def raw(self, language: str) -> str:
        """The words with their placeholders; falls back to any language there is."""
        found = self.by_language.get(language)
        return found if found is not None else next(iter(self.by_language.values()), "")


@dataclass(frozen=True)
class FactValue:
    """One value that a fact can have, with its name for people; `of` lists the values of an attribute it stands for."""

    id: str
    name: Text
    of: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fact:
    """Something that a decision may depend on: a closed list of values.

    role: what the built-in proofs know it as (one of ROLES); default: its value where nobody says otherwise, or '';
    window, attribute: where a policy's own fact comes from. A fact with neither is one that the software itself says.
    """

    id: str
    role: str
    name: Text
    description: Text
    values: tuple[FactValue, ...]
    default: str
    line: int
    window: Window | None = None
    attribute: Attribute | None = None

    @property
    def own(self) -> bool:
        """Whether the policy declares itself where this fact comes from."""
        return self.window is not None or self.attribute is not None

    def value(self, value_id: str) -> FactValue:
        """The value with that id. Raises KeyError when the fact has no such value."""
        for value in self.values:
            if value.id == value_id:
                return value
        raise KeyError(value_id)

    @property
    def value_ids(self) -> tuple[str, ...]:
        """The ids of its values, in the order of the file."""
        return tuple(value.id for value in self.values)


@dataclass(frozen=True)
class Impossible:
    """Combinations of facts that cannot be, and why."""

    id: str
    when: tuple[Assignment, ...]
    reason: Text
    line: int


@dataclass(frozen=True)
class Then:
    """The answer of a rule.

    decision: approve, deny or review; credits: all, undelivered, none or a share of the policy's own; order: cancel,
    stop or keep; due: 'at_once', 'business_days' (by service class), a deadline in hours or a promise of its own.
    """

    decision: str
    credits: str
    order: str
    due: str


@dataclass(frozen=True)
class Rule:
    """One rule of a clause: when any of `when` fits, it answers `then`, and beats the rules in `overrides`.

    `overrides` holds the words of the file (a rule id, or a clause number for all rules of that clause).
    """

    id: str
    clause: str
    when: tuple[Assignment, ...]
    then: Then
    overrides: tuple[str, ...]
    because: Text
    next: Text | None
    line: int


@dataclass(frozen=True)
class Section:
    """A heading over clauses."""

    number: str
    title: Text


@dataclass(frozen=True)
class Clause:
    """One clause of the written policy: rules, or a guarantee with the test that proves it, or a statement."""

    number: str
    kind: str
    title: Text
    text: Text
    rules: tuple[Rule, ...]
    proven_by: str
    line: int

    @property
    def section(self) -> str:
        """The number of the section it stands under."""
        return self.number.split(".", 1)[0]

    @property
    def anchor(self) -> str:
        """The fragment of the public page that stays valid for ever, without '#'."""
        return f"clause-{self.number}"


@dataclass(frozen=True)
class OutcomeWords:
    """The words for one kind of answer."""

    then: Then
    text: Text
    line: int


@dataclass(frozen=True)
class ServiceClass:
    """A kind of service and the time in which a person answers; with `hours` it is hours of the clock.

    `business_days` is then the whole business days that the hours never exceed, for those who count in days.
    """

    id: str
    name: Text
    business_days: int
    hours: int = 0

    @property
    def span(self) -> Span:
        """The promised time."""
        return Span(self.hours, "hours") if self.hours else Span(self.business_days, "business_days")


@dataclass(frozen=True)
class Times:
    """Hours of the business day, in the time zone of the policy."""

    zone: str
    calendar: str
    opens: time
    cut_off: time
    due_by: time
    paused_by: tuple[str, ...]
    business_days: Mapping[str, int]

    def __getitem__(self, service_class: str) -> int:
        """Business days for a service class. Raises KeyError for a class that the policy does not know."""
        return self.business_days[service_class]


@dataclass(frozen=True)
class Incident:
    """How a declared incident moves due dates: its business hours are not counted, for at most `at_most_days`."""

    excludes: str
    at_most_days: int


@dataclass(frozen=True)
class Deadlines:
    """Hours until a person has to act: on an unknown outcome, on an unanswered stop request."""

    unknown_hours: int
    stop_answer_hours: int


@dataclass(frozen=True)
class Approvals:
    """Above these whole Credits a second person is needed: in one case; of one customer within `customer_days`."""

    case_credits: int
    customer_credits: int
    customer_days: int


@dataclass(frozen=True)
class Transition:
    """Stages from which an effect on the order is possible, and the statuses it leads to."""

    from_stages: tuple[str, ...]
    to_statuses: tuple[str, ...]


@dataclass(frozen=True)
class Note:
    """'How we read this': an explanation that stands beside clauses."""

    id: str
    clauses: tuple[str, ...]
    title: Text
    text: Text
    line: int


@dataclass(frozen=True)
class Preview:
    """A sentence that a page shows before a click."""

    id: str
    clause: str
    text: Text
    line: int


@dataclass(frozen=True)
class Property:
    """Something its author wants proven over every possible combination.

    kind 'always' and 'never': wherever `when` fits, `then` (any of decision, credits, order, due, clause) always or
    never holds. kind 'compare': with fact `vary` at `value`, the customer never gets `never` ('less' or 'more') than
    with `vary` at any of `than`, all else equal.
    """

    id: str
    kind: str
    when: tuple[Assignment, ...]
    then: Mapping[str, str]
    vary: str
    value: str
    than: tuple[str, ...]
    never: str
    text: Text
    line: int


@dataclass(frozen=True)
class CaseAmounts:
    """Numbers of a worked case: Credits as written in the file, units of the service as integers."""

    charge: str
    ordered: int
    delivered: int
    returns: str


@dataclass(frozen=True)
class Case:
    """A worked example with the answer its author expects."""

    id: str
    title: Text
    story: Text
    facts: Mapping[str, str]
    expect: Mapping[str, str]
    amounts: CaseAmounts | None
    line: int


@dataclass(frozen=True)
class PolicyDocument:
    """A whole policy file. `source` is its text as read, `name` what it was called, `data` its numbers by path."""

    id: str
    version: str
    effective: datetime
    selected_by: str
    languages: tuple[str, ...]
    support_address: str
    title: Text
    intro: Text
    times: Times
    incident: Incident
    deadlines: Deadlines
    approvals: Approvals
    appeal_days: int
    appeal_times: int
    bonus_grace_days: int
    service_classes: tuple[ServiceClass, ...]
    units: Mapping[str, Mapping[str, tuple[str, ...]]]
    words: Mapping[str, Mapping[str, Text]]
    transitions: Mapping[str, Transition]
    facts: tuple[Fact, ...]
    impossible: tuple[Impossible, ...]
    outcomes: tuple[OutcomeWords, ...]
    sections: tuple[Section, ...]
    clauses: tuple[Clause, ...]
    previews: tuple[Preview, ...]
    notes: tuple[Note, ...]
    properties: tuple[Property, ...]
    cases: tuple[Case, ...]
    data: Mapping[str, int | str]
    source: str
    name: str
    shares: Mapping[str, Share] = field(default_factory=dict)
    promises: Mapping[str, Promise] = field(default_factory=dict)
    data_units: Mapping[str, str] = field(default_factory=dict)

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Every rule, in the order of the clauses."""
        return tuple(rule for clause in self.clauses for rule in clause.rules)

    def share(self, credits: str) -> Share:
        """What `credits` of an answer gives back. Raises KeyError for a word that this policy does not know."""
        return BASIC[credits] if credits in BASIC else self.shares[credits]

    @property
    def own_facts(self) -> tuple[Fact, ...]:
        """The facts that this policy declares itself."""
        return tuple(fact for fact in self.facts if fact.own)

    @property
    def review_clause(self) -> str:
        """The number of the clause under which a person looks at what the policy cannot answer."""
        reviewing = [rule for rule in self.rules if rule.then.decision == "review"]
        usual = [rule for rule in reviewing if rule.then.due == BUSINESS_DAYS or rule.then.due in self.promises]
        return next((rule.clause for rule in usual or reviewing), self.clauses[0].number)

    def clause(self, number: str) -> Clause:
        """The clause with that number. Raises KeyError when there is none."""
        for clause in self.clauses:
            if clause.number == number:
                return clause
        raise KeyError(number)

    def fact(self, fact_id: str) -> Fact:
        """The fact with that id. Raises KeyError when there is none."""
        for fact in self.facts:
            if fact.id == fact_id:
                return fact
        raise KeyError(fact_id)

    def facts_in_role(self, role: str) -> tuple[Fact, ...]:
        """The facts that play `role` for the built-in proofs."""
        return tuple(fact for fact in self.facts if fact.role == role)

    def complete(self, facts: Mapping[str, str]) -> dict[str, str]:
        """`facts` with the default of every fact that is left out. Raises KeyError for one without a default."""
        whole: dict[str, str] = {}
        for fact in self.facts:
            value = facts.get(fact.id, fact.default)
            if not value:
                raise KeyError(fact.id)
            whole[fact.id] = value
        return whole
