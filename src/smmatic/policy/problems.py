"""What is wrong with a policy file, said so that its author can put it right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Problem:
    """One thing wrong with a policy file.

    line: line of the file, counted from 1; 0 where the problem belongs to no single line.
    clause: number of the clause it concerns ('2.1'), or '' where it concerns none.
    code: what kind of problem, stable, for machines.
    message: what is wrong, in words, with a concrete example where there is one.
    remedy: what to do about it.
    proof: number of the proof (1 to 8) that failed; 0 when the file could not even be read.
    """

    line: int
    clause: str
    code: str
    message: str
    remedy: str
    proof: int = 0

    def __str__(self) -> str:
        place = f"line {self.line}" if self.line else "the file"
        clause = f", clause {self.clause}" if self.clause else ""
        return f"{place}{clause}: {self.message} {self.remedy}"

    def as_dict(self) -> dict[str, Any]:
        """The same as plain data, for JSON."""
        return {
            "line": self.line,
            "clause": self.clause,
            "code": self.code,
            "message": self.message,
            "remedy": self.remedy,
            "proof": self.proof,
        }


class PolicyError(Exception):
    """A policy file that cannot be used; `problems` holds everything found wrong, in the order of the file."""

    def __init__(self, problems: list[Problem] | tuple[Problem, ...], source: str = "") -> None:
        self.problems: tuple[Problem, ...] = tuple(sorted(problems, key=lambda problem: problem.line))
        self.source = source
        head = f"{source}: " if source else ""
        super().__init__("\n".join(f"{head}{problem}" for problem in self.problems))
