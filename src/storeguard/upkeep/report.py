"""What `doctor` found, as a person reads it in a terminal: Korean is two columns wide."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import click

from storeguard.printing import width
from storeguard.upkeep.checks.finding import Finding, Say, State

MARKS = {State.OK: "✓", State.WARN: "!", State.FAIL: "✗", State.SKIP: "-"}
COLOURS = {State.OK: "green", State.WARN: "yellow", State.FAIL: "red", State.SKIP: "bright_black"}
STEP = "→ "
NARROWEST = 24


@dataclass(frozen=True, slots=True)
class Layout:
    """`label_width`: columns of the widest label; `columns`: of the terminal, None: no end."""

    label_width: int
    columns: int | None = None

    @property
    def indent(self) -> int:
        return len("✓ ") + self.label_width + 2


def layout_for(labels: Sequence[str], columns: int | None) -> Layout:
    return Layout(max(map(width, labels), default=0), columns)


def lines(finding: Finding, layout: Layout) -> Iterator[str]:
    """One line; in a terminal that is too narrow, the rest below, under what was measured."""
    colour = COLOURS[finding.state]
    label = finding.what + " " * (layout.label_width - width(finding.what))
    head = f"{click.style(MARKS[finding.state], fg=colour, bold=True)} {label}  "
    is_step = False
    for i, line in enumerate(_wrapped(finding, layout)):
        is_step = is_step or line.startswith(STEP)
        yield (" " * layout.indent if i else head) + _shaded(line, finding, is_step=is_step)


def _shaded(line: str, finding: Finding, *, is_step: bool) -> str:
    if finding.state is State.SKIP:
        return click.style(line, fg=COLOURS[State.SKIP])
    if is_step:
        return click.style(line, bold=True)
    before, arrow, after = line.partition(f"  {STEP}")
    return before + (click.style(arrow + after, bold=True) if arrow else "")


def _wrapped(finding: Finding, layout: Layout) -> list[str]:
    """Together where they fit, else each on lines of its own."""
    step = f"{STEP}{finding.do}" if finding.do else ""
    together = f"{finding.measured}  {step}".rstrip()
    if layout.columns is None:
        return [together]
    room = max(NARROWEST, layout.columns - layout.indent)
    if width(together) <= room:
        return [together]
    steps = list(_folded(step, room, hang=len(STEP))) if step else []
    return [*_folded(finding.measured, room), *steps]


def _folded(text: str, room: int, hang: int = 0) -> Iterator[str]:
    """Broken at blanks; a word that is longer than a line stands out."""
    line = ""
    for word in text.split():
        longer = f"{line} {word}" if line.strip() else line + word
        if width(longer) > room and line.strip():
            yield line
            line = " " * hang + word
        else:
            line = longer
    yield line


def summary(findings: Sequence[Finding], say: Say) -> str:
    """How many of each, the worst last, where the eye rests."""
    counts = Counter(finding.state for finding in findings)
    parts = [
        click.style(say(f"doctor.count.{state.value}", count=counts[state]), fg=COLOURS[state])
        for state in (State.OK, State.SKIP, State.WARN, State.FAIL)
        if counts[state]
    ]
    return ", ".join(parts)
