"""The policy file as frozen values: everything another package needs to read one."""

from __future__ import annotations

from pathlib import Path

from .limits import MOST_BYTES
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
    "read_text",
]


def load_policy_file(path: Path) -> PolicyDocument:
    """Reads the policy file at `path` (UTF-8).

    Raises PolicyError, also when the file is not there, is no UTF-8 text or is larger than a policy can be.
    """
    return load_policy(read_text(path), path.name)


def read_text(path: Path) -> str:
    """The text of a file (UTF-8). Never reads more than a policy can have, whatever the path leads to.

    Raises PolicyError when it is not there, is no UTF-8 text or is larger than a policy can be.
    """
    try:
        with path.open("rb") as file:
            found = file.read(MOST_BYTES + 1)
        text = found.decode("utf-8-sig")
    except OSError as error:
        problem = Problem(0, "", "unreadable", f"It cannot be read: {error.strerror}.", "Check the path.")
    except UnicodeDecodeError:
        problem = Problem(0, "", "unreadable", "It is no UTF-8 text.", "Save it as UTF-8.")
    else:
        if len(found) <= MOST_BYTES:
            return text.replace("\r\n", "\n")
        problem = Problem(0, "", "too_long", "It is larger than a policy can be.", "Is it the right file?")
    raise PolicyError([problem], path.name)
