"""Reads a policy file into a PolicyDocument, or says everything that keeps it from being read."""

from __future__ import annotations

import re
import tomllib
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from . import loading_own as own
from . import loading_parts as parts
from .lines import LineIndex
from .problems import PolicyError, Problem
from .reading import Report, Table
from .references import check_references
from .shape import (
    Approvals,
    Deadlines,
    Incident,
    PolicyDocument,
    ServiceClass,
    Times,
)

FORMAT = 1
MOST_CHARACTERS = 1_000_000
_AT_LINE = re.compile(r"at line ([0-9]+)")
_LANGUAGE = re.compile(r"^[a-z]{2}$")


def load_policy(text: str, source: str = "") -> PolicyDocument:
    """Reads the text of a policy file; `source` is its name for messages.

    Raises PolicyError with every problem found: bad TOML, a wrong type, an unknown or missing key, a double id, a
    reference to nothing, an outcome that is not Credits, words missing in a language. That the file also *decides*
    everything without contradiction is proven apart, by `prover.prove`.
    """
    values = _parse(text, source)
    report = Report(LineIndex(text))
    document = _document(Table(values, (), report), text, source)
    if not report.problems:
        check_references(document, report)
    if report.problems:
        raise PolicyError(report.problems, source)
    return document


def _parse(text: str, source: str) -> dict[str, Any]:
    if not text.strip():
        raise PolicyError([Problem(0, "", "empty", "It is empty.", "Start from the shipped policy.")], source)
    if len(text) > MOST_CHARACTERS:
        message = f"It has {len(text):,} characters, more than a policy can need."
        remedy = f"Keep it under {MOST_CHARACTERS:,} characters; is it the right file?"
        raise PolicyError([Problem(0, "", "too_long", message, remedy)], source)
    try:
        return tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        found = _AT_LINE.search(str(error))
        line = int(found.group(1)) if found else 0
        problem = Problem(line, "", "bad_toml", f"It is not valid TOML: {error}.", "Correct this line.")
        raise PolicyError([problem], source) from error


def _document(root: Table, text: str, name: str) -> PolicyDocument:
    report = root.report
    if root.number("format", least=1, most=1_000) != FORMAT:
        root.problem("format", "unknown_format", "This format is not known here.", f"Write format = {FORMAT}.")
    policy = root.table("policy")
    report.languages = _languages(policy)
    classes = tuple(own.service_class(table) for table in root.tables("service_class"))
    shares, share_names = own.shares(list(root.tables("share", required=False)), report)
    promises = own.promises(list(root.tables("promise", required=False)), classes)
    times = _times(root.table("times"), classes)
    incident = _incident(root.table("incident"))
    deadlines = _deadlines(root.table("deadlines"))
    approvals = _approvals(root.table("approvals"))
    appeal = root.table("appeal")
    bonus = root.table("bonus")
    appeal_days = appeal.number("days", least=0, most=3_650)
    appeal_times = appeal.number("times", least=0, most=100)
    bonus_grace_days = bonus.number("grace_days", least=0, most=3_650)
    support_address = _address(policy)
    words = parts.word_lists(root.table("words"))
    facts = tuple(parts.fact(table) for table in root.tables("fact"))
    windows = {fact.id: fact.window for fact in facts if fact.window}
    thresholds = {fact.id: fact.attribute.at_least for fact in facts if fact.attribute and fact.attribute.at_least}
    own_data, own_units = own.own_data(windows, thresholds, shares, promises)
    document = PolicyDocument(
        id=policy.identifier(),
        version=policy.string("version"),
        effective=policy.moment("effective"),
        selected_by=policy.choice("selected_by", ("order.placed_at",)),
        languages=report.languages,
        support_address=support_address,
        title=policy.words("title"),
        intro=policy.words("intro"),
        times=times,
        incident=incident,
        deadlines=deadlines,
        approvals=approvals,
        appeal_days=appeal_days,
        appeal_times=appeal_times,
        bonus_grace_days=bonus_grace_days,
        service_classes=classes,
        units=parts.units(root.table("units")),
        words={**words, "credits": {**words["credits"], **share_names}},
        transitions=parts.transitions(root.table("transitions")),
        facts=facts,
        impossible=tuple(parts.impossible(table) for table in root.tables("impossible", required=False)),
        outcomes=tuple(parts.outcome_words(table) for table in root.tables("outcome")),
        sections=tuple(parts.section(table) for table in root.tables("section")),
        clauses=tuple(parts.clause(table) for table in root.tables("clause")),
        previews=tuple(parts.preview(table) for table in root.tables("preview", required=False)),
        notes=tuple(parts.note(table) for table in root.tables("note", required=False)),
        properties=tuple(parts.property_(table) for table in root.tables("property", required=False)),
        cases=tuple(parts.case(table) for table in root.tables("case")),
        data={
            **_data(times, classes, incident, deadlines, approvals),
            **own_data,
            "appeal.days": appeal_days,
            "appeal.times": appeal_times,
            "bonus.grace_days": bonus_grace_days,
            "support_address": support_address,
        },
        source=text,
        name=name,
        shares=shares,
        promises=promises,
        data_units={**{f"times.{item.id}": "hours" for item in classes if item.hours}, **own_units},
    )
    for table in (policy, appeal, bonus, root):
        table.finish()
    return document


def _languages(policy: Table) -> tuple[str, ...]:
    found = policy.strings("languages")
    for language in found:
        if not _LANGUAGE.match(language):
            policy.problem("languages", "bad_language", f"'{language}' is no language.", 'Use codes such as "en".')
    return found


def _address(policy: Table) -> str:
    address = policy.string("support_address")
    if address and not re.fullmatch(r"[^\s@]+@[^\s@]+\.[^\s@]+", address):
        policy.problem("support_address", "bad_address", f"'{address}' is no mail address.", "Write name@host.")
    return address


def _times(table: Table, classes: tuple[ServiceClass, ...]) -> Times:
    zone = table.string("zone")
    try:
        ZoneInfo(zone or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        table.problem("zone", "unknown_zone", f"'{zone}' is no time zone.", 'Use a name such as "Asia/Ho_Chi_Minh".')
    found = Times(
        zone=zone,
        calendar=table.identifier("calendar"),
        opens=table.clock("opens"),
        cut_off=table.clock("cut_off"),
        due_by=table.clock("due_by"),
        paused_by=table.strings("paused_by", required=False),
        business_days={item.id: item.business_days for item in classes},
    )
    if not found.opens < found.due_by or not found.opens < found.cut_off:
        table.problem("opens", "bad_time", "The business day ends before it opens.", "Let 'opens' come first.")
    table.finish()
    return found


def _incident(table: Table) -> Incident:
    found = Incident(
        excludes=table.choice("excludes", ("business_hours",)),
        at_most_days=table.number("at_most_days", least=0, most=90),
    )
    table.finish()
    return found


def _deadlines(table: Table) -> Deadlines:
    found = Deadlines(
        unknown_hours=table.number("unknown_hours", least=1, most=10_000),
        stop_answer_hours=table.number("stop_answer_hours", least=1, most=10_000),
    )
    table.finish()
    return found


def _approvals(table: Table) -> Approvals:
    found = Approvals(
        case_credits=table.number("case_credits", least=0, most=10**12),
        customer_credits=table.number("customer_credits", least=0, most=10**12),
        customer_days=table.number("customer_days", least=1, most=3_650),
    )
    table.finish()
    return found


def _data(
    times: Times, classes: tuple[ServiceClass, ...], incident: Incident, deadlines: Deadlines, approvals: Approvals
) -> dict[str, int | str]:
    """The numbers that a text may show, by the path that its placeholder names."""
    days = [item.business_days for item in classes if not item.hours]
    return {
        **{f"times.{item.id}": item.span.number for item in classes},
        **({"times.shortest": min(days), "times.longest": max(days)} if days else {}),
        "times.cut_off": f"{times.cut_off:%H:%M}",
        "times.due_by": f"{times.due_by:%H:%M}",
        "incident.at_most_days": incident.at_most_days,
        "deadlines.unknown_hours": deadlines.unknown_hours,
        "deadlines.stop_answer_hours": deadlines.stop_answer_hours,
        "approvals.case_credits": approvals.case_credits,
        "approvals.customer_credits": approvals.customer_credits,
        "approvals.customer_days": approvals.customer_days,
    }
