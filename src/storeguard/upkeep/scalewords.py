"""What the scale commands say to an installer, in the store's language."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from storeguard.domain.diagnosis import Diagnosis
from storeguard.messages import text
from storeguard.printing import columns
from storeguard.upkeep.calibrating import Made, Tared
from storeguard.upkeep.scaling import Shown


def listed(rows: Iterable[Mapping[str, Any]], language: str) -> Iterator[str]:
    """`scale list`."""
    table = [
        (row["id"], row["backend"], _pins(row), ", ".join(row["products"]) or "-", _from(row))
        for row in rows
    ]
    heads = ("id", "backend", "pins", "products", "calibration")
    header = tuple(text(language, f"scale.list.{head}") for head in heads)
    yield from columns([header, *table])
    for row in table:
        if row[4] == "-":
            yield text(language, "scale.list.missing", scale=row[0])


def _pins(row: Mapping[str, Any]) -> str:
    pins = [f"{wire} {row[key]}" for wire, key in _WIRES if row[key] is not None]
    return ", ".join(pins) or "-"


_WIRES = (("DT", "dout_pin"), ("SCK", "sck_pin"))


def _from(row: Mapping[str, Any]) -> str:
    found = row["calibration"]
    if found is None:
        return "-"
    figures = f"{found['counts_per_g']:.6g}/g, {found['tare_raw']}"
    if found["from"] != "state":
        return f"{figures} ({found['from']})"
    error = "" if found["error_percent"] is None else f" ±{found['error_percent']:.2f} %"
    return f"{figures}{error} (state, {found['made_at'][:10]}: {found['how']})"


def shown(now: Shown, language: str) -> str:
    """One scale's line of `scale read`."""
    if now.raw is None:
        return f"{now.scale:<8} {text(language, 'scale.read.nothing', why=now.why)}"
    if now.grams is None:
        return f"{now.scale:<8} {now.raw:>9}  ±{now.spread_counts:.0f}"
    figures = f"{now.scale:<8} {now.raw:>9}  {now.grams:>10.1f} g  ±{now.spread_g:.2f} g"
    if now.count is None:
        return figures
    doubt = "" if now.is_certain else " ?"
    count = text(language, "page.count_of", product=now.product, count=now.count)
    return f"{figures}  {count}{doubt}"


def tared(done: Tared, language: str) -> Iterator[str]:
    """`scale tare`."""
    values = {"scale": done.scale, "raw": done.tare_raw, "moved": f"{done.moved_g:+.1f}"}
    yield text(language, "scale.tared", **values)
    if done.is_large:
        yield text(language, "scale.tared_far", **values)


def made(done: Made, language: str) -> Iterator[str]:
    """`scale calibrate`."""
    yield text(
        language,
        "scale.made",
        scale=done.scale,
        counts=f"{done.counts_per_g:.6g}",
        error=f"{done.error_percent:.2f}",
        raw=done.tare_raw,
        back=f"{done.zero_return_g:+.2f}",
        noise=f"{done.noise_g:.2f}",
    )
    if done.is_upside_down:
        yield text(language, "scale.upside_down")


def diagnosed(scale_id: str, found: Diagnosis, language: str) -> Iterator[str]:
    """`scale diagnose`: the figures, the verdict, and what to do."""
    verdict = "sound" if found.is_sound else "faulty"
    yield text(language, f"scale.verdict.{verdict}", scale=scale_id)
    yield from (f"  {line}" for line in _figures(found, language))
    for finding in found.findings:
        yield f"- {text(language, f'scale.finding.{finding.value}', **_values(scale_id, found))}"
    if found.why:
        yield f"  {text(language, 'scale.device_says', why=found.why)}"


def _figures(found: Diagnosis, language: str) -> Iterator[str]:
    yield text(language, "scale.figure.rate", **_values("", found))
    yield text(language, "scale.figure.failed", **_values("", found))
    if found.raw is None:
        return
    pairs = {
        "spread": (found.rms_counts, found.rms_g),
        "peak": (found.peak_counts, found.peak_g),
        "drift": (found.drift_counts, found.drift_g),
    }
    for name, (counts, grams) in pairs.items():
        in_grams = "" if grams is None else f" ({grams:.2f} g)"
        yield text(language, f"scale.figure.{name}", counts=f"{counts:.0f}", grams=in_grams)


def _values(scale_id: str, found: Diagnosis) -> dict[str, str]:
    return {
        "scale": scale_id,
        "rate": f"{found.rate_hz:.1f}",
        "nominal": f"{found.nominal_hz:g}",
        "failed": f"{100 * found.failed_share:.1f}",
        "saturated": str(found.saturated),
        "seconds": f"{found.span_s:.0f}",
    }
