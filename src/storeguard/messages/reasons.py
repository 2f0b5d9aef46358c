"""Why a judgement says what it says, in sentences: SMS, page and log quote the same ones."""

from collections.abc import Callable, Sequence

from storeguard.domain.reconcile import Reason
from storeguard.messages import text

TimeLabel = Callable[[float], str]
"""Monotonic seconds → the store's local time of day."""


def sentences(language: str, reasons: Sequence[Reason], label: TimeLabel) -> tuple[str, ...]:
    """One sentence a reason, in the order of the reasons."""
    return tuple(_sentence(language, reason, label) for reason in reasons)


def _sentence(language: str, reason: Reason, label: TimeLabel) -> str:
    values: dict[str, object] = {"product": reason.product, "count": reason.count}
    if reason.movement is not None:
        values |= {
            "scale": reason.movement.scale,
            "grams": f"{abs(reason.movement.grams):.0f}",
            "time": label(reason.movement.started_s),
        }
    if reason.promotion is not None:
        values["promotion"] = reason.promotion
    if reason.until_s is not None:
        values["until"] = label(reason.until_s)
    if reason.won is not None:
        values["won"] = f"{reason.won:,}"
    if reason.others:
        values["others"] = ", ".join(reason.others)
    return text(language, f"why.{reason.kind}", **values)
