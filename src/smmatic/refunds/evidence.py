"""Links that a customer gives as evidence: read out of their words, checked as in an order, shown as what they are."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from smmatic.catalogue.kinds import ANY_KIND
from smmatic.catalogue.links import recognise
from smmatic.kernel.refusals import Refusal

MOST_LINKS = 10
"""Of one text; what comes after them stays text."""
_ADDRESS = re.compile(r"https?://[^\s<>\"']{3,2000}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class EvidenceLink:
    """A link that may be opened, and what it leads to in words ('TikTok video by @...')."""

    url: str
    label: str


def links_in(words: str) -> list[EvidenceLink]:
    """The links in a text that our own reader takes, each once. Those that it refuses (addresses inside networks, with
    passwords, with hidden letters ...) stay inert text."""
    found: dict[str, EvidenceLink] = {}
    for text in _ADDRESS.findall(words)[:MOST_LINKS]:
        try:
            link = recognise(text.rstrip(".,;:!?)]}"), kinds=(ANY_KIND,))
        except Refusal:
            continue
        if link.is_web_address:
            found.setdefault(link.canonical, EvidenceLink(link.canonical, link.label))
    return list(found.values())


def evidence_facts(words: str) -> dict[str, Any]:
    """What a line of a case's history keeps of the links in its words."""
    links = [link.url for link in links_in(words)]
    return {"links": links} if links else {}


def links_of(lines: Iterable[dict[str, Any]]) -> list[EvidenceLink]:
    """The links that these facts of a case's history keep, each once, the first one given first; named in the active
    language."""
    kept = dict.fromkeys(str(url) for facts in lines for url in facts.get("links", ()))
    return [link for url in kept for link in links_in(url)]
