"""The shape of a refusal's words."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Words:
    """HTTP status, what happened and why, and the next step. Both texts take the refusal's facts as %(name)s."""

    status: int
    sentence: str
    next_step: str
