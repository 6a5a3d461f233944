"""The policy file as frozen values: everything another package needs to read one."""

from __future__ import annotations

from pathlib import Path

from .loading import load_policy
from .problems import PolicyError, Problem
from .shape import (
    Approvals,
    Assignment,
    Case,
    CaseAmounts,
    Clause,
    Deadlines,
    Fact,
    FactValue,
    Impossible,
    Incident,
    Note,
    OutcomeWords,
    PolicyDocument,
    Preview,
    Property,
    Rule,
    Section,
    ServiceClass,
    Text,
    Then,
    Times,
    Transition,
)

MOST_BYTES = 8_000_000
"""More than any policy file can have."""

SHIPPED_FILE = Path(__file__).parent / "policies" / "smmatic.toml"
"""The policy that an installation starts with."""

__all__ = [
    "MOST_BYTES",
    "SHIPPED_FILE",
    "Approvals",
    "Assignment",
    "Case",
    "CaseAmounts",
    "Clause",
    "Deadlines",
    "Fact",
    "FactValue",
    "Impossible",
    "Incident",
    "Note",
    "OutcomeWords",
    "PolicyDocument",
    "PolicyError",
    "Preview",
    "Problem",
    "Property",
    "Rule",
    "Section",
    "ServiceClass",
    "Text",
    "Then",
    "Times",
    "Transition",
    "load_policy",
    "load_policy_file",
]


def load_policy_file(path: Path) -> PolicyDocument:
    """Reads the policy file at `path` (UTF-8).

    Raises PolicyError, also when the file is not there, is no UTF-8 text or is larger than a policy can be.
    """
    try:
        if path.stat().st_size > MOST_BYTES:
            problem = Problem(0, "", "too_long", "It is larger than a policy can be.", "Is it the right file?")
            raise PolicyError([problem], str(path))
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        problem = Problem(0, "", "unreadable", f"It cannot be read: {error.strerror}.", "Check the path.")
        raise PolicyError([problem], str(path)) from error
    except UnicodeDecodeError as error:
        problem = Problem(0, "", "unreadable", "It is no UTF-8 text.", "Save it as UTF-8.")
        raise PolicyError([problem], str(path)) from error
    return load_policy(text, path.name)
