"""Compares two versions of a policy, combination by combination: equal, better, worse or mixed for the customer.

Where the versions know different facts, both are judged over the facts of either: a version that does not know a fact
answers the same whatever its value, and one that does not know a value does not know those combinations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from .amounts import BUCKETS, Amounts, interval, less_somewhere
from .compiler import Evaluation, Outcome, evaluate
from .shape import Fact, PolicyDocument

EQUAL, BETTER, WORSE, MIXED = "equal", "better", "worse", "mixed"
_MORE_IS_BETTER = ("appeal.", "bonus.", "approvals.case_credits", "approvals.customer_credits", "times.cut_off")
_LESS_IS_BETTER = ("times.", "deadlines.", "incident.", "promise.", "approvals.customer_days")


@dataclass(frozen=True)
class Change:
    """Combinations that had one answer and get another; None where a version calls them impossible.

    `verdict` is for the customer; `facts` is one of the combinations, the most ordinary one.
    """

    before: Outcome | None
    after: Outcome | None
    verdict: str
    combinations: int
    facts: Mapping[str, str]


@dataclass(frozen=True)
class ClauseChange:
    """What changes for one clause: how many combinations that it decided, or decides now, by verdict."""

    clause: str
    verdict: str
    better: int
    worse: int
    mixed: int
    equal: int


@dataclass(frozen=True)
class NumberChange:
    """A number of the data that differs; None where a version does not have it."""

    path: str
    before: int | str | None
    after: int | str | None
    verdict: str


@dataclass(frozen=True)
class FactChange:
    """A fact that only one version knows, or whose values differ: 'added', 'removed' or 'changed'."""

    fact: str
    change: str
    values_before: tuple[str, ...]
    values_after: tuple[str, ...]


@dataclass(frozen=True)
class PolicyDiff:
    """How version `after` differs from `before`. `verdict` sums up answers and numbers."""

    before: str
    after: str
    verdict: str
    combinations: int
    unchanged: int
    better: int
    worse: int
    mixed: int
    equal: int
    changes: tuple[Change, ...]
    clauses: tuple[ClauseChange, ...]
    numbers: tuple[NumberChange, ...]
    facts: tuple[FactChange, ...]
    texts: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether no combination gets another answer and no number differs."""
        return not self.changes and not self.numbers and not self.facts

    def as_dict(self) -> dict[str, Any]:
        """The same as plain data, for JSON."""
        return asdict(self)


def compare(before: PolicyDocument, after: PolicyDocument) -> PolicyDiff:
    """Compares two policies. Raises PolicyError when their facts together make more combinations than can be judged."""
    union = _united(before, after)
    first, second = _over(before, union), _over(after, union)
    changes = tuple(sorted(_changes(first, second), key=lambda change: -change.combinations))
    numbers = tuple(_numbers(before, after, first, second))
    counted = {
        verdict: sum(change.combinations for change in changes if change.verdict == verdict)
        for verdict in (BETTER, WORSE, MIXED, EQUAL)
    }
    known = first.possible | second.possible
    return PolicyDiff(
        before=before.version,
        after=after.version,
        verdict=_sum([change.verdict for change in changes] + [number.verdict for number in numbers]),
        combinations=known.bit_count(),
        unchanged=known.bit_count() - sum(counted.values()),
        **counted,
        changes=changes,
        clauses=tuple(_by_clause(changes)),
        numbers=numbers,
        facts=tuple(_facts(before, after)),
        texts=tuple(_texts(before, after)),
    )


def verdict_of(first: Evaluation, before: Outcome, second: Evaluation, after: Outcome, bucket: str) -> str:
    """Whether `after` is better or worse for the customer than `before`, with so much delivered."""
    was, now = interval(first, before), interval(second, after)
    better = any(less_somewhere(old, new, bucket) for old, new in zip(was, now, strict=True))
    worse = any(less_somewhere(new, old, bucket) for old, new in zip(was, now, strict=True))
    if better and worse:
        return MIXED
    return BETTER if better else WORSE if worse else EQUAL


def _united(before: PolicyDocument, after: PolicyDocument) -> tuple[Fact, ...]:
    found = {fact.id: fact for fact in before.facts}
    for fact in after.facts:
        known = found.get(fact.id)
        if known is None:
            found[fact.id] = fact
            continue
        more = tuple(value for value in fact.values if value.id not in known.value_ids)
        found[fact.id] = replace(known, values=(*known.values, *more))
    return tuple(found.values())


def _over(document: PolicyDocument, facts: tuple[Fact, ...]) -> Evaluation:
    """The evaluation of a document over more facts than its own, without combinations of values that it lacks."""
    found = evaluate(replace(document, facts=facts))
    known = found.possible
    for fact in document.facts:
        known &= found.space.mask(fact.id, fact.value_ids)
    unbeaten = {rule: mask & known for rule, mask in found.unbeaten.items()}
    return replace(found, document=document, possible=known, unbeaten=unbeaten)


def _answers(evaluation: Evaluation) -> list[tuple[Outcome | None, int]]:
    """Every different answer with its combinations; None is impossible."""
    found: dict[tuple[str, ...], tuple[Outcome | None, int]] = {}
    for rule in sorted(evaluation.unbeaten):
        outcome = evaluation.outcomes[rule]
        known = found.get(outcome.same_answer, (outcome, 0))
        found[outcome.same_answer] = (known[0], known[1] | evaluation.unbeaten[rule])
    return [*found.values(), (None, evaluation.space.everything & ~evaluation.possible)]


def _changes(first: Evaluation, second: Evaluation) -> Iterator[Change]:
    buckets = Amounts(first).buckets
    for before, was in _answers(first):
        for after, now in _answers(second):
            both = was & now
            if not both or _same(first, before, second, after):
                continue
            by_verdict: dict[str, int] = {}
            for bucket in BUCKETS:
                mask = both & buckets[bucket]
                if mask:
                    verdict = MIXED if before is None or after is None else ""
                    if before is not None and after is not None:
                        verdict = verdict_of(first, before, second, after, bucket)
                    by_verdict[verdict] = by_verdict.get(verdict, 0) | mask
            for verdict, mask in by_verdict.items():
                example = mask & -mask
                yield Change(
                    _speaking(first, before, example),
                    _speaking(second, after, example),
                    verdict,
                    mask.bit_count(),
                    first.space.first(mask),
                )


def _speaking(evaluation: Evaluation, outcome: Outcome | None, cell: int) -> Outcome | None:
    """The answer with the rule that gives it in this combination: other rules may give the same one elsewhere."""
    if outcome is None:
        return None
    return evaluation.outcomes[min(rule for rule, mask in evaluation.unbeaten.items() if mask & cell)]


def _same(first: Evaluation, before: Outcome | None, second: Evaluation, after: Outcome | None) -> bool:
    if before is None or after is None:
        return before is after
    shares = first.document.share(before.credits), second.document.share(after.credits)
    return before.same_answer == after.same_answer and shares[0] == shares[1]


def _by_clause(changes: tuple[Change, ...]) -> Iterator[ClauseChange]:
    found: dict[str, dict[str, int]] = {}
    for change in changes:
        for clause in sorted({outcome.clause for outcome in (change.before, change.after) if outcome}):
            counted = found.setdefault(clause, dict.fromkeys((BETTER, WORSE, MIXED, EQUAL), 0))
            counted[change.verdict] += change.combinations
    for clause in sorted(found, key=lambda number: [int(part) for part in number.split(".")]):
        counted = found[clause]
        yield ClauseChange(clause, _sum([name for name, number in counted.items() if number]), **counted)


def _sum(verdicts: list[str]) -> str:
    """The verdict over several: mixed as soon as one is, or when they point both ways."""
    found = set(verdicts) - {EQUAL}
    return found.pop() if len(found) == 1 else MIXED if found else EQUAL


def _numbers(
    before: PolicyDocument, after: PolicyDocument, first: Evaluation, second: Evaluation
) -> Iterator[NumberChange]:
    for path in dict.fromkeys((*before.data, *after.data)):
        old, new = before.data.get(path), after.data.get(path)
        if old == new or path in ("times.shortest", "times.longest"):
            continue
        if old is None or new is None or path == "support_address":
            yield NumberChange(path, old, new, EQUAL)  # what it does is seen in the answers
        elif before.data_units.get(path) != after.data_units.get(path):
            yield NumberChange(path, old, new, MIXED)
        else:
            yield NumberChange(path, old, new, _number_verdict(path, old, new, first, second))


def _number_verdict(path: str, old: int | str, new: int | str, first: Evaluation, second: Evaluation) -> str:
    grows = str(new) > str(old) if isinstance(new, str) or isinstance(old, str) else new > old
    if path.startswith(_MORE_IS_BETTER):
        return BETTER if grows else WORSE
    if path.startswith(_LESS_IS_BETTER):
        return WORSE if grows else BETTER
    kind, _, name = path.partition(".")
    if kind == "share":
        kept = bool(second.document.shares[name].withheld)
        return BETTER if grows != kept else WORSE
    if kind in ("window", "threshold"):
        yes_pays, no_pays = _which_pays(first, name), _which_pays(second, name)
        if yes_pays != no_pays or not yes_pays:
            return MIXED if yes_pays or no_pays else EQUAL
        wider = grows if kind == "window" else not grows  # more orders are 'yes'
        return MIXED if yes_pays == MIXED else BETTER if wider == (yes_pays == "yes") else WORSE
    return EQUAL


def _which_pays(evaluation: Evaluation, fact: str) -> str:
    """Which value of a yes/no fact never gives less, and sometimes more: 'yes' or 'no'; MIXED, or '' where alike."""
    amounts = Amounts(evaluation)
    yes_less, no_less = amounts.pays_less(fact, "yes", "no"), amounts.pays_less(fact, "no", "yes")
    if yes_less and no_less:
        return MIXED
    return "no" if yes_less else "yes" if no_less else ""


def _facts(before: PolicyDocument, after: PolicyDocument) -> Iterator[FactChange]:
    old, new = ({fact.id: fact.value_ids for fact in document.facts} for document in (before, after))
    for fact in dict.fromkeys((*old, *new)):
        if fact not in old:
            yield FactChange(fact, "added", (), new[fact])
        elif fact not in new:
            yield FactChange(fact, "removed", old[fact], ())
        elif set(old[fact]) != set(new[fact]):
            yield FactChange(fact, "changed", old[fact], new[fact])


def _texts(before: PolicyDocument, after: PolicyDocument) -> Iterator[str]:
    """The numbers of the clauses whose words differ, are new, or are gone."""

    def words(document: PolicyDocument) -> dict[str, object]:
        return {
            clause.number: [clause.title.by_language, clause.text.by_language, clause.kind]
            for clause in document.clauses
        }

    old, new = words(before), words(after)
    for number in dict.fromkeys((*old, *new)):
        if old.get(number) != new.get(number):
            yield number
