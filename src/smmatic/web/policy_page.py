"""The public policy page, made from the file that the software decides by."""

from dataclasses import dataclass
from datetime import datetime

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from smmatic.policy.queries import current_policy
from smmatic.policy.shape import Case, Clause, PolicyDocument
from smmatic.policy.words import say, say_case, with_unit
from smmatic.web.pages import language


@dataclass(frozen=True, slots=True)
class NoteView:
    """How a clause is read."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class ClauseView:
    """One clause as the page shows it."""

    number: str
    anchor: str
    kind: str
    title: str
    paragraphs: tuple[str, ...]
    notes: tuple[NoteView, ...]


@dataclass(frozen=True, slots=True)
class SectionView:
    """A heading with its clauses."""

    number: str
    title: str
    clauses: tuple[ClauseView, ...]


@dataclass(frozen=True, slots=True)
class ExampleView:
    """A worked example with its answer."""

    title: str
    story: str
    decision: str
    tone: str
    clause: str
    charge: str
    returns: str


@require_safe
def policy_page(request: HttpRequest) -> HttpResponse:
    """Every clause with a lasting anchor, how it is read, the promised times, and worked examples with answers."""
    row = current_policy()
    document, tongue = row.document, language()
    return render(
        request,
        "policy.html",
        {
            "room": "policy",
            "title": say(document, document.title, tongue),
            "intro": say(document, document.intro, tongue),
            "version": document.version,
            "effective": _effective(document),
            "sections": _sections(document, tongue),
            "classes": [
                (item.name.raw(tongue), with_unit(document, "business_days", item.business_days, tongue))
                for item in document.service_classes
            ],
            "times": document.times,
            "examples": [_example(document, case, tongue) for case in document.cases],
            "address": document.support_address,
        },
    )


def _effective(document: PolicyDocument) -> datetime:
    moment = document.effective
    return moment if timezone.is_aware(moment) else timezone.make_aware(moment)


def _sections(document: PolicyDocument, tongue: str) -> list[SectionView]:
    return [
        SectionView(
            section.number,
            section.title.raw(tongue),
            tuple(_clause(document, clause, tongue) for clause in document.clauses if clause.section == section.number),
        )
        for section in document.sections
    ]


def _clause(document: PolicyDocument, clause: Clause, tongue: str) -> ClauseView:
    notes = tuple(
        NoteView(note.title.raw(tongue), say(document, note.text, tongue))
        for note in document.notes
        if note.clauses and note.clauses[0] == clause.number
    )
    text = say(document, clause.text, tongue)
    paragraphs = tuple(part.strip() for part in text.split("\n\n") if part.strip())
    return ClauseView(clause.number, clause.anchor, clause.kind, clause.title.raw(tongue), paragraphs, notes)


def _example(document: PolicyDocument, case: Case, tongue: str) -> ExampleView:
    decision = case.expect.get("decision", "")
    words = document.words["decision"].get(decision)
    amounts = case.amounts
    return ExampleView(
        case.title.raw(tongue),
        say_case(document, case, case.story, tongue),
        words.raw(tongue) if words else decision,
        {"approve": "good", "deny": "bad"}.get(decision, "info"),
        case.expect.get("clause", ""),
        with_unit(document, "credits", amounts.charge, tongue) if amounts else "",
        with_unit(document, "credits", amounts.returns, tongue) if amounts else "",
    )
