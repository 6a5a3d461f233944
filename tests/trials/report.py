"""The report of a long trial: figures and the command that repeats it, as Markdown under trials/reports."""

import os
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parents[2] / "trials" / "reports"


@dataclass(frozen=True)
class Report:
    """A report by name; written only where the trial runs in its long form (TRIALS_REPORT=1)."""

    name: str

    def write(self, figures: Mapping[str, object], *, seed: int | None = None) -> None:
        """Writes the figures of a trial that held."""
        if not os.environ.get("TRIALS_REPORT"):
            return
        lines = [f"# Trial: {self.name}", ""]
        asked = " ".join(f"{name}={os.environ[name]}" for name in sorted(os.environ) if name.startswith("TRIALS_"))
        lines += [f"Repeat it with `{asked} make trials`." + (f" Seed {seed}." if seed is not None else ""), ""]
        lines += [
            f"Python {platform.python_version()}, {os.cpu_count()} processors.",
            "",
            "| what | figure |",
            "|---|---|",
        ]
        for what, figure in figures.items():
            if isinstance(figure, Mapping):
                figure = ", ".join(f"{name} {number}" for name, number in figure.items())
            lines.append(f"| {what} | {figure} |")
        FOLDER.mkdir(parents=True, exist_ok=True)
        (FOLDER / f"{self.name}.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
