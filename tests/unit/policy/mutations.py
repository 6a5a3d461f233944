"""Breaks the shipped policy in every way that a hurried author would, and says which proof has to notice.

Each variant is one small change of the file as it was read: an exception forgotten, a rule narrowed, an answer
swapped, a text left out. `variants()` gives all of them with the number of the proof.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from smmatic.policy.shape import Case, OutcomeWords, PolicyDocument, Property, Rule, Text, Then

from .shipped import document, without_override


@dataclass(frozen=True)
class Variant:
    """One broken policy; `proof` is the one that has to fail."""

    name: str
    proof: int
    document: PolicyDocument


def variants() -> Iterator[Variant]:
    """Every broken variant, in the order of the proofs."""
    yield from _gaps()
    yield from _contradictions()
    yield from _exceptions()
    yield from _dead()
    yield from _properties()
    yield from _outcomes()
    yield from _texts()
    yield from _cases()


def _with_rules(change) -> PolicyDocument:
    """The shipped policy with each rule as `change` gives it: a rule, several, or none."""
    clauses = []
    for clause in document().clauses:
        rules = [made for rule in clause.rules for made in _listed(change(rule))]
        clauses.append(replace(clause, rules=tuple(rules)))
    return replace(document(), clauses=tuple(clauses))


def _listed(made):
    return made if isinstance(made, list) else [made]


def _changed(rule_id: str, **values) -> PolicyDocument:
    return _with_rules(lambda rule: replace(rule, **values) if rule.id == rule_id else rule)


def _added(rule: Rule, **values) -> PolicyDocument:
    """The shipped policy with a copy of `rule`, changed, beside it."""
    copied = replace(rule, id=f"{rule.id}_more", **values)
    return _with_rules(lambda other: [other, copied] if other.id == rule.id else other)


def _narrowed(rule: Rule, **assignment) -> tuple:
    return tuple({**item, **assignment} for item in rule.when)


def _gaps() -> Iterator[Variant]:
    """Rules that speak for less than they should: the base rules leave a gap."""
    for rule_id in ("2.2.refused", "4.1.pending", "2.1.unknown", "3.1.begun"):
        rule = next(rule for rule in document().rules if rule.id == rule_id)
        for name, narrower in {
            "asked only": {"ask": ("refund",)},
            "no fault only": {"platform_fault": ("none",), "fulfilment_fault": ("none",)},
            "hopes only": {"expectations": ("claimed",), "third_party_violation": ("refuted",)},
        }.items():
            yield Variant(f"gap: {rule_id}, {name}", 1, _changed(rule_id, when=_narrowed(rule, **narrower)))
    proven = {"wrong_information": ("verified",)}, {"third_party_violation": ("verified",)}
    unknown = {"stage": ("unknown",)}
    only = ({**unknown, "ask": ("none", "cancel")}, *({**unknown, **one} for one in proven))
    yield Variant("gap: a refund asked for while unknown", 1, _changed("2.1.unknown", when=only))
    for item in document().impossible:
        left = tuple(other for other in document().impossible if other.id != item.id)
        if item.id == "settling_needs_an_end":
            yield Variant(f"gap: {item.id} allowed", 1, replace(document(), impossible=left))


def _contradictions() -> Iterator[Variant]:
    """Every exception forgotten, one at a time, and every rule doubled with another answer."""
    for rule in document().rules:
        for target in rule.overrides:
            yield Variant(f"forgotten: {rule.id} over {target}", 2, without_override(rule.id, target))
        other = Then("deny", "none", "keep", "at_once")
        if rule.then == other:
            other = Then("approve", "undelivered", "keep", "at_once")
        yield Variant(f"doubled: {rule.id}", 2, _added(rule, then=other))


def _exceptions() -> Iterator[Variant]:
    """An exception that is never used, or that runs in a circle."""
    for rule in document().rules:
        spare = "4.1.pending" if rule.id != "4.1.pending" else "2.2.refused"
        yield Variant(f"spare: {rule.id} over {spare}", 3, _changed(rule.id, overrides=(*rule.overrides, spare)))
    by_id = {rule.id: rule for rule in document().rules}
    for rule in document().rules:
        for target in rule.overrides:
            if target in by_id:
                back = by_id[target]
                changed = _changed(target, overrides=(*back.overrides, rule.id))
                yield Variant(f"circle: {rule.id} and {target}", 3, changed)


def _dead() -> Iterator[Variant]:
    """Rules that fit nowhere, rules that are beaten wherever they fit, and words for an answer that nobody gives."""
    for rule in document().rules:
        nowhere = ({"stage": ("pending",), "delivered": ("all",)},)
        yield Variant(f"dead: {rule.id} fits nowhere", 4, _added(rule, when=nowhere, overrides=()))
    extra = OutcomeWords(Then("approve", "all", "stop", "at_once"), document().outcomes[0].text, 1)
    yield Variant("dead: words of an outcome", 4, replace(document(), outcomes=(*document().outcomes, extra)))


def _properties() -> Iterator[Variant]:
    """Answers that break what must always hold, and properties that claim the opposite of what holds."""
    for rule in document().rules:
        then = rule.then
        if then.decision == "approve":
            yield Variant(f"pays nothing: {rule.id}", 5, _changed(rule.id, then=replace(then, credits="none")))
        else:
            yield Variant(f"pays anyway: {rule.id}", 5, _changed(rule.id, then=replace(then, credits="all")))
    give = Then("approve", "all", "keep", "at_once")
    yield Variant("unknown pays", 5, _changed("2.1.unknown", then=give))
    for rule_id in ("2.3.running", "2.3.ended"):
        yield Variant(f"fault denied: {rule_id}", 5, _changed(rule_id, then=Then("deny", "none", "keep", "at_once")))
    review = Then("review", "none", "keep", "business_days")
    for rule_id in ("2.1.nothing_proven", "3.2.proven", "3.1.begun"):
        yield Variant(f"endless review: {rule_id}", 5, _changed(rule_id, then=review))
    for item in document().properties:
        yield Variant(f"opposite: {item.id}", 5, _with_property(item, _opposite(item)))


def _with_property(item: Property, other: Property) -> PolicyDocument:
    return replace(document(), properties=tuple(other if one is item else one for one in document().properties))


def _opposite(item: Property) -> Property:
    if item.kind == "compare":
        if item.id == "complaining_never_hurts":  # complaining changes nothing: compare something that does
            return replace(item, vary="platform_fault", value="none", than=("verified",))
        return replace(item, never="less")
    if item.kind == "never":
        return replace(item, when=({},))
    return replace(item, kind="never")


def _outcomes() -> Iterator[Variant]:
    """Answers that an order cannot carry out, without a time, or without words."""
    for rule in document().rules:
        wrong = "cancel" if rule.then.order != "cancel" else "stop"
        yield Variant(f"impossible effect: {rule.id}", 6, _changed(rule.id, then=replace(rule.then, order=wrong)))
        yield Variant(f"no time: {rule.id}", 6, _changed(rule.id, then=replace(rule.then, due="some_day")))
    for outcome in document().outcomes:
        left = tuple(other for other in document().outcomes if other is not outcome)
        yield Variant(f"no words: {outcome.then}", 6, replace(document(), outcomes=left))


def _texts() -> Iterator[Variant]:
    """Texts that are missing in a language, type a number, or show a value that is none."""
    for clause in document().clauses:
        for name, change in {
            "untranslated": lambda text: Text({"en": text.by_language["en"]}, text.line),
            "number typed": lambda text: _plus(text, " Within 48 hours."),
            "number spelled": lambda text: _plus(text, " Within three days."),
            "unknown value": lambda text: _plus(text, " Within {hours:deadlines.soon}."),
            "one language only": lambda text: _plus(text, " {days:appeal.times}", "en"),
        }.items():
            clauses = tuple(replace(one, text=change(one.text)) if one is clause else one for one in document().clauses)
            yield Variant(f"{name}: {clause.number}", 7, replace(document(), clauses=clauses))


def _plus(text: Text, words: str, *languages: str) -> Text:
    said = {name: raw + words if not languages or name in languages else raw for name, raw in text.by_language.items()}
    return Text(said, text.line)


def _cases() -> Iterator[Variant]:
    """Worked cases that expect another answer, another clause or another amount than the rules give."""
    for case in document().cases:
        other = "deny" if case.expect["decision"] != "deny" else "approve"
        yield Variant(f"other answer: {case.id}", 8, _with_case(case, expect={**case.expect, "decision": other}))
        clause = "3.1" if case.expect["clause"] != "3.1" else "3.4"
        yield Variant(f"other clause: {case.id}", 8, _with_case(case, expect={**case.expect, "clause": clause}))
        if case.amounts:
            amounts = replace(case.amounts, returns=f"{case.amounts.returns.split('.')[0]}.0001")
            yield Variant(f"other amount: {case.id}", 8, _with_case(case, amounts=amounts))


def _with_case(case: Case, **values) -> PolicyDocument:
    cases = tuple(replace(one, **values) if one is case else one for one in document().cases)
    return replace(document(), cases=cases)
