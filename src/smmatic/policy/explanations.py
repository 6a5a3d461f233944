"""Why a decision is what it is, in words: the same on the customer's page, at the desk, in the API and in the mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from smmatic.kernel.amounts import DIGITS, format_credits

from .arithmetic import Arithmetic
from .compiler import CompiledPolicy, Outcome, fits, resolved_overrides
from .shape import PolicyDocument, Rule, Then
from .words import preview_sentence, say

__all__ = ["BeatenRule", "Explanation", "FactLine", "arithmetic_line", "explain", "preview_sentence"]

_ARITHMETIC = {
    "en": {
        "all": "{charge} charged",
        "undelivered": "{charge} charged - {spent} for {delivered} of {ordered} delivered",
        "part": "{stays} that stay: {percent}% of it",
        "withheld": "{kept} withheld: {percent}% of the charge",
        "back": "{back} already back",
        "none": "no Credits come back",
        "result": "{amount} Credits come back",
    },
    "vi": {
        "all": "đã trừ {charge}",
        "undelivered": "đã trừ {charge} - {spent} cho {delivered}/{ordered} đã giao",
        "part": "{stays} không hoàn: {percent}% của phần này",
        "withheld": "{kept} được giữ lại: {percent}% số đã trừ",
        "back": "{back} đã hoàn trước đó",
        "none": "không được hoàn Credit",
        "result": "hoàn {amount} Credit",
    },
}


@dataclass(frozen=True)
class FactLine:
    """One fact of a decision: its name and value for people, where it came from, and whether the answer rests on it."""

    id: str
    name: str
    value_id: str
    value: str
    source: str
    decisive: bool


@dataclass(frozen=True)
class BeatenRule:
    """A rule that fits as well and does not decide: its clause and answer, and the exception that beat it."""

    rule: str
    clause: str
    title: str
    answer: str
    beaten_by: str
    beaten_by_clause: str
    sentence: str


@dataclass(frozen=True)
class Explanation:
    """A decision in words.

    version: the policy's; clause, title: what it follows from; decision, credits, order: the answer in words;
    reason: why; result: what happens; next_step: what the customer can do, or ''; sentence: all three;
    facts: every fact, with its source; beaten: what else fits and why it yields; arithmetic: how the amount came
    about, or ''; outcome: the answer for programs.
    """

    version: str
    clause: str
    title: str
    decision: str
    credits: str
    order: str
    reason: str
    result: str
    next_step: str
    sentence: str
    facts: tuple[FactLine, ...]
    beaten: tuple[BeatenRule, ...]
    arithmetic: str
    outcome: Outcome

    def as_dict(self) -> dict[str, Any]:
        """The explanation as plain data, for the API and for `--json`."""
        return {
            "policy_version": self.version,
            "clause": self.clause,
            "title": self.title,
            "decision": self.outcome.decision,
            "credits": self.outcome.credits,
            "order": self.outcome.order,
            "rule": self.outcome.rule,
            "sentence": self.sentence,
            "reason": self.reason,
            "result": self.result,
            "next": self.next_step,
            "facts": [
                {"id": line.id, "name": line.name, "value": line.value_id, "words": line.value, "source": line.source}
                for line in self.facts
            ],
            "beaten": [
                {"clause": rule.clause, "rule": rule.rule, "by": rule.beaten_by_clause, "words": rule.sentence}
                for rule in self.beaten
            ],
            "arithmetic": self.arithmetic,
        }


def explain(
    compiled: CompiledPolicy,
    facts: Mapping[str, str],
    sources: Mapping[str, str],
    language: str,
    arithmetic: Arithmetic | None = None,
    *,
    due: str = "",
    digits: int = DIGITS,
) -> Explanation:
    """Explains the decision on `facts` in `language`.

    sources: for each fact, where it came from, in words ready for people ('our own check of the link'); arithmetic:
    the numbers of the amount, where known; due: the promised time in words, where a person has to look.
    Raises UnknownFacts and ImpossibleFacts, as `CompiledPolicy.decide` does.
    """
    document = compiled.document
    outcome = compiled.decide(facts)
    fitting = [rule for rule in document.rules if fits(rule.when, facts)]
    beaters = _beaters(document, fitting)
    standing = sorted((rule for rule in fitting if rule.id not in beaters), key=lambda rule: rule.id)
    values = _values(arithmetic, due, digits, language)
    reason = " ".join(dict.fromkeys(say(document, rule.because, language, **values) for rule in standing))
    result = _result(document, outcome, language, values)
    steps = [rule.next for rule in standing if rule.next]
    next_step = say(document, steps[0], language, **values) if steps else ""
    names = document.words
    return Explanation(
        version=document.version,
        clause=outcome.clause,
        title=say(document, document.clause(outcome.clause).title, language),
        decision=names["decision"][outcome.decision].raw(language),
        credits=say(document, names["credits"][outcome.credits], language),
        order=names["order"][outcome.order].raw(language),
        reason=reason,
        result=result,
        next_step=next_step,
        sentence=" ".join(part for part in (reason, result, next_step) if part),
        facts=_fact_lines(document, facts, sources, standing, language),
        beaten=tuple(
            _beaten_rule(document, rule, beaters[rule.id], language) for rule in fitting if rule.id in beaters
        ),
        arithmetic=arithmetic_line(arithmetic, language, digits) if arithmetic else "",
        outcome=outcome,
    )


def arithmetic_line(numbers: Arithmetic, language: str, digits: int = DIGITS) -> str:
    """'100.00 charged - 40.00 for 40 of 100 delivered = 60.00 Credits come back'."""
    words = _ARITHMETIC.get(language, _ARITHMETIC["en"])
    if numbers.share.of == "none":
        return words["none"]
    spent = numbers.charge * numbers.delivered // numbers.ordered
    share = numbers.share
    parts = [
        words[share.of].format(
            charge=amount_words(numbers.charge, language, digits),
            spent=amount_words(spent, language, digits),
            delivered=count_words(numbers.delivered, language),
            ordered=count_words(numbers.ordered, language),
        )
    ]
    base = numbers.charge - (spent if share.of == "undelivered" else 0)
    stays, kept = base * (100 - share.percent) // 100, numbers.charge * share.withheld // 100
    if share.percent < 100:
        parts.append(words["part"].format(stays=amount_words(stays, language, digits), percent=100 - share.percent))
    if share.withheld:
        parts.append(words["withheld"].format(kept=amount_words(kept, language, digits), percent=share.withheld))
    back = numbers.released + numbers.refunded
    if back:
        parts.append(words["back"].format(back=amount_words(back, language, digits)))
    result = words["result"].format(amount=amount_words(numbers.amount, language, digits))
    return " - ".join(parts).replace(" - ", " − ") + f" = {result}"


def amount_words(units: int, language: str, digits: int = DIGITS) -> str:
    """An amount for people: '1,234.50' in English, '1.234,50' in Vietnamese."""
    whole, _, fraction = format_credits(units, digits).partition(".")
    comma, point = (".", ",") if language == "vi" else (",", ".")
    return f"{int(whole):,}".replace(",", comma) + point + fraction


def count_words(number: int, language: str) -> str:
    """A whole number with the language's grouping."""
    return f"{number:,}".replace(",", "." if language == "vi" else ",")


def _values(arithmetic: Arithmetic | None, due: str, digits: int, language: str) -> dict[str, str]:
    values = {"due": due} if due else {}
    if arithmetic:
        values["amount"] = amount_words(arithmetic.amount, language, digits)
    return values


def _result(document: PolicyDocument, outcome: Outcome, language: str, values: Mapping[str, str]) -> str:
    then = Then(outcome.decision, outcome.credits, outcome.order, outcome.due)
    for words in document.outcomes:
        if words.then == then:
            return say(document, words.text, language, **values)
    return ""


def _beaters(document: PolicyDocument, fitting: list[Rule]) -> dict[str, Rule]:
    """For each beaten rule, an exception that beats it: one that stands itself where there is one."""
    targets = {rule.id: resolved_overrides(document, rule) for rule in fitting}
    beaten = {target for beats in targets.values() for target in beats}
    found: dict[str, Rule] = {}
    for rule in sorted(fitting, key=lambda rule: (rule.id in beaten, rule.id)):
        for target in targets[rule.id]:
            if any(other.id == target for other in fitting):
                found.setdefault(target, rule)
    return found


def _fact_lines(
    document: PolicyDocument,
    facts: Mapping[str, str],
    sources: Mapping[str, str],
    standing: list[Rule],
    language: str,
) -> tuple[FactLine, ...]:
    decisive = {fact for rule in standing for item in rule.when for fact in item if fits((item,), facts)}
    return tuple(
        FactLine(
            id=fact.id,
            name=fact.name.raw(language),
            value_id=facts[fact.id],
            value=fact.value(facts[fact.id]).name.raw(language),
            source=sources.get(fact.id, ""),
            decisive=fact.id in decisive,
        )
        for fact in document.facts
    )


def _beaten_rule(document: PolicyDocument, rule: Rule, by: Rule, language: str) -> BeatenRule:
    title = say(document, document.clause(rule.clause).title, language)
    answer = document.words["decision"][rule.then.decision].raw(language)
    own = f"{rule.clause} ({title})"
    better = f"{by.clause} ({say(document, document.clause(by.clause).title, language)})"
    sentence = (
        f"{own} cũng phù hợp: {_lower(answer)}. Ngoại lệ {better} được áp dụng thay."
        if language == "vi"
        else f"{own} fits as well: {_lower(answer)}. Its exception {better} applies instead."
    )
    return BeatenRule(rule.id, rule.clause, title, answer, by.id, by.clause, sentence)


def _lower(words: str) -> str:
    return words[:1].lower() + words[1:]
