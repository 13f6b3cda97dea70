"""What the demonstration says and what it found: narration for people, facts for programs."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from jagawarga.cli.details import shown

if TYPE_CHECKING:
    from rich.console import Console


@dataclass(slots=True)
class Check:
    """One sentence that held or did not."""

    step: str
    claim: str
    held: bool
    facts: dict[str, Any] = field(default_factory=dict)


class Telling:
    """Speaks as the story goes on; `console` is None when only the facts are wanted."""

    def __init__(self, console: Console | None) -> None:
        self.console = console
        self.checks: list[Check] = []
        self.begun = time.monotonic()
        self._step = ""

    @property
    def held(self) -> bool:
        """Whether everything said so far was true, and something was said."""
        return bool(self.checks) and all(check.held for check in self.checks)

    def step(self, title: str) -> None:
        """Begin the next part of the story."""
        self._step = title
        if self.console is not None:
            elapsed = time.monotonic() - self.begun
            self.console.print()
            self.console.print(f"{title}", style="bold", end="")
            self.console.print(f"  ({elapsed:.0f} s)", style="dim")

    def say(self, text: str) -> None:
        """Tell something."""
        if self.console is not None:
            self.console.print(f"  {text}", markup=False)

    def check(self, claim: str, held: object, **facts: Any) -> bool:
        """Claim something and say whether it is so."""
        check = Check(self._step, claim, bool(held), facts)
        self.checks.append(check)
        if self.console is not None:
            self.console.print("  ✓ " if check.held else "  ✗ ", style="green" if check.held else "bold red", end="")
            self.console.print(claim, markup=False)
            for name, value in facts.items():
                self.console.print(f"      {name}: {shown(value)}", style="dim", markup=False)
        return check.held

    def as_json(self) -> dict[str, Any]:
        """Return the facts."""
        return {
            "held": self.held,
            "seconds": round(time.monotonic() - self.begun, 2),
            "checks": [
                {"step": check.step, "claim": check.claim, "held": check.held, "facts": check.facts}
                for check in self.checks
            ],
        }
