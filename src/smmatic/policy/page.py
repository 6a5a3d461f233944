"""The public policy page as typed values in one language: what a template or an API shows, already in words."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from .shape import Case, Clause, Note, PolicyDocument, Then
from .words import facts_in_words, say, say_case, with_unit

_TONES = {"approve": "good", "deny": "bad", "review": "info"}


@dataclass(frozen=True)
class PageNote:
    """How a clause is read, and the clauses it stands beside."""

    id: str
    title: str
    text: str
    clauses: tuple[str, ...]


@dataclass(frozen=True)
class PageRule:
    """One rule of a clause in words: why it answers, and what follows."""

    id: str
    because: str
    result: str
    decision: str
    tone: str
    overrides: tuple[str, ...]


@dataclass(frozen=True)
class PageClause:
    """One clause; `anchor` is the fragment that stays valid for ever, such as 'clause-2.1'."""

    number: str
    anchor: str
    kind: str
    title: str
    paragraphs: tuple[str, ...]
    rules: tuple[PageRule, ...]
    notes: tuple[PageNote, ...]
    proven_by: str


@dataclass(frozen=True)
class PageSection:
    """A heading with its clauses."""

    number: str
    title: str
    clauses: tuple[PageClause, ...]


@dataclass(frozen=True)
class PageTime:
    """A kind of service and the promised time, '3 business days'."""

    id: str
    name: str
    days: str
    business_days: int


@dataclass(frozen=True)
class PageCase:
    """A worked case with its answer; `charge` and `returns` are amounts in words, or ''. `facts` says what is true."""

    id: str
    title: str
    story: str
    facts: str
    decision: str
    tone: str
    clause: str
    charge: str
    returns: str


@dataclass(frozen=True)
class PolicyPage:
    """A whole page. Times of day are 'HH:MM' in `zone`."""

    version: str
    effective: datetime
    language: str
    languages: tuple[str, ...]
    title: str
    intro: str
    sections: tuple[PageSection, ...]
    notes: tuple[PageNote, ...]
    times: tuple[PageTime, ...]
    cases: tuple[PageCase, ...]
    cut_off: str
    due_by: str
    zone: str
    support_address: str


def with_address(document: PolicyDocument, support_address: str) -> PolicyDocument:
    """The policy with the installation's own support address in its words, where that is set."""
    if not support_address or support_address == document.support_address:
        return document
    data = {**document.data, "support_address": support_address}
    return replace(document, support_address=support_address, data=data)


def policy_page_of(document: PolicyDocument, language: str, *, support_address: str = "") -> PolicyPage:
    """The page of a policy in `language`; a language it has no words for falls back to its first.

    `support_address` is the installation's own, where it differs from the default that the file gives.
    """
    document = with_address(document, support_address)
    if language not in document.languages:
        language = document.languages[0]
    notes = tuple(_note(document, note, language) for note in document.notes)
    return PolicyPage(
        version=document.version,
        effective=document.effective,
        language=language,
        languages=document.languages,
        title=say(document, document.title, language),
        intro=say(document, document.intro, language),
        sections=tuple(
            PageSection(
                section.number,
                say(document, section.title, language),
                tuple(
                    _clause(document, clause, notes, language)
                    for clause in document.clauses
                    if clause.section == section.number
                ),
            )
            for section in document.sections
        ),
        notes=notes,
        times=tuple(
            PageTime(
                item.id,
                say(document, item.name, language),
                with_unit(document, item.span.unit, item.span.number, language),
                item.business_days,
            )
            for item in document.service_classes
        ),
        cases=tuple(_case(document, case, language) for case in document.cases),
        cut_off=f"{document.times.cut_off:%H:%M}",
        due_by=f"{document.times.due_by:%H:%M}",
        zone=document.times.zone,
        support_address=document.support_address,
    )


def _note(document: PolicyDocument, note: Note, language: str) -> PageNote:
    return PageNote(note.id, say(document, note.title, language), say(document, note.text, language), note.clauses)


def _clause(document: PolicyDocument, clause: Clause, notes: tuple[PageNote, ...], language: str) -> PageClause:
    text = say(document, clause.text, language)
    return PageClause(
        number=clause.number,
        anchor=clause.anchor,
        kind=clause.kind,
        title=say(document, clause.title, language),
        paragraphs=tuple(part.strip() for part in text.split("\n\n") if part.strip()),
        rules=tuple(
            PageRule(
                rule.id,
                say(document, rule.because, language),
                _result(document, rule.then, language),
                document.words["decision"][rule.then.decision].raw(language),
                _TONES[rule.then.decision],
                rule.overrides,
            )
            for rule in clause.rules
        ),
        notes=tuple(note for note in notes if note.clauses[:1] == (clause.number,)),
        proven_by=clause.proven_by,
    )


def _result(document: PolicyDocument, then: Then, language: str) -> str:
    return next((say(document, words.text, language) for words in document.outcomes if words.then == then), "")


def _case(document: PolicyDocument, case: Case, language: str) -> PageCase:
    decision = case.expect["decision"]
    amounts = case.amounts
    return PageCase(
        id=case.id,
        title=say_case(document, case, case.title, language),
        story=say_case(document, case, case.story, language),
        facts=facts_in_words(document, document.complete(case.facts), language),
        decision=document.words["decision"][decision].raw(language),
        tone=_TONES[decision],
        clause=case.expect["clause"],
        charge=with_unit(document, "credits", amounts.charge, language) if amounts else "",
        returns=with_unit(document, "credits", amounts.returns, language) if amounts else "",
    )
