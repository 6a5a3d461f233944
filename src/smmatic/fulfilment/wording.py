"""What a provider's own words mean, as people at the desk have mapped them. Pure.

A meaning only ever adds what the words say: a fault that the provider states about itself, something that it alleges
against the customer, or one of our words for a state. Words that nobody has mapped add nothing, and are counted so that
a person sees them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import TypeVar

from smmatic.fulfilment.protocol import (
    Allegation,
    Fault,
    ProviderStatus,
    RefusalWord,
    RefusedBeforeWork,
    RemoteState,
)


class Place(StrEnum):
    """Where a word was heard."""

    REFUSAL = "refusal"
    STATE = "state"
    END = "end"


Heard = tuple[Place, str]
Meanings = Mapping[Heard, str]

NO_CAUSE = "no_cause"
"""A meaning: these words name no cause."""

_REFUSALS = (
    RefusalWord.BAD_ACCOUNT,
    RefusalWord.BAD_LINK,
    RefusalWord.BAD_QUANTITY,
    RefusalWord.SERVICE_UNAVAILABLE,
    RefusalWord.NO_BALANCE,
    RefusalWord.NOT_AUTHORISED,
    RefusalWord.DUPLICATE,
)
_STATES = tuple(state for state in RemoteState if state != RemoteState.UNMAPPED)
_CAUSES = tuple(fault for fault in Fault if fault) + tuple(said for said in Allegation if said)

CHOICES: Mapping[Place, tuple[str, ...]] = {
    Place.REFUSAL: (*(word.value for word in _REFUSALS), NO_CAUSE),
    Place.STATE: tuple(state.value for state in _STATES),
    Place.END: (*(cause.value for cause in _CAUSES), NO_CAUSE),
}
"""What words can mean, by where they were heard."""

LONGEST = 200
_ENDED = (RemoteState.PARTIAL, RemoteState.FAILED, RemoteState.STOPPED)
_A = TypeVar("_A")


def normal(words: str) -> str:
    """Words as they are compared: lower case, single blanks, every number as '#'."""
    return re.sub(r"[0-9]+", "#", " ".join(words.lower().split()))[:LONGEST]


def heard_in(answer: object) -> Heard | None:
    """The words in an answer that need a meaning from a person; ``None`` where it is clear or silent."""
    if isinstance(answer, RefusedBeforeWork) and answer.code == RefusalWord.OTHER and answer.words.strip():
        return Place.REFUSAL, normal(answer.words)
    if not isinstance(answer, ProviderStatus) or not answer.words.strip():
        return None
    if answer.state == RemoteState.UNMAPPED:
        return Place.STATE, normal(answer.words)
    if answer.state in _ENDED and answer.fault == Fault.NONE and answer.alleges == Allegation.NONE:
        return Place.END, normal(answer.words)
    return None


def with_meaning(answer: _A, meanings: Meanings) -> _A:
    """The answer with what its words are known to mean."""
    heard = heard_in(answer)
    meaning = meanings.get(heard, "") if heard else ""
    if heard is None or not meaning or meaning == NO_CAUSE:
        return answer
    if isinstance(answer, RefusedBeforeWork):
        return replace(answer, code=RefusalWord(meaning))
    assert isinstance(answer, ProviderStatus)
    if heard[0] == Place.STATE:
        return replace(answer, state=RemoteState(meaning))
    if meaning in set(Allegation):
        return replace(answer, alleges=Allegation(meaning))
    return replace(answer, fault=Fault(meaning))
