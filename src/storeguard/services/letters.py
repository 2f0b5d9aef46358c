"""From a sealed manifest to the words of a notice: subject, plain text, and HTML for mail."""

from collections.abc import Mapping
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from storeguard.domain.telling import Kind, Notice
from storeguard.messages import text

LEAST_CERTAINTY = 0.5
"""As in the SMS: below it, a count is told as something to look at."""

MOST_ITEMS = 5

INK, QUIET, ACCENT, LINE, PAPER = "#1f2933", "#66727f", "#0b6e4f", "#e4e7eb", "#f5f7f8"

Manifest = Mapping[str, Any]


def of_manifest(manifest: Manifest, folder: Path, kind: Kind, *, is_text_only: bool) -> Notice:
    """The notice about an issue, a digest, or what was sealed to be said (`said`)."""
    language = manifest["store"]["language"]
    said = manifest.get("said") or _headline(manifest, kind)
    subject = text(language, "notice.subject", store=manifest["store"]["name"], said=said)
    lines, picture = _lines(manifest), "" if is_text_only else _picture(manifest, folder)
    at = text(language, "notice.at", at=_label(manifest), store=manifest["store"]["name"])
    why = [*manifest.get("why", {}).get(language, ())]
    closing = _closing(manifest, kind, picture)
    plain = [said, at, "", *lines, *_spaced(why), *_spaced(closing)]
    return Notice(
        id=manifest["id"],
        kind=kind,
        made_at=datetime.fromisoformat(manifest["sealed_at"]),
        subject=subject,
        text="\n".join(plain).strip(),
        html=page(
            said, at, _table(lines), _reasons(language, why), _shown(picture), _foot(closing)
        ),
        picture=picture,
        to=manifest.get("to", "owner"),
        issues=tuple(manifest.get("issues") or (manifest["id"],)),
    )


def page(headline: str, below: str, *parts: str) -> str:
    """A mail in one column, with what every mail program understands: tables, inline styles."""
    inside = "".join(parts)
    return (
        f"<div style=\"background:{PAPER};padding:24px 12px;font-family:'Apple SD Gothic Neo',"
        "'Malgun Gothic',sans-serif\">"
        f'<table role="presentation" width="100%" style="max-width:560px;margin:0 auto;'
        f'background:#ffffff;border:1px solid {LINE};border-radius:12px"><tr>'
        f'<td style="padding:24px"><div style="font-size:20px;font-weight:700;line-height:1.4;'
        f'color:{INK}">{escape(headline)}</div>'
        f'<div style="margin-top:6px;font-size:14px;color:{QUIET}">{escape(below)}</div>'
        f"{inside}</td></tr></table></div>"
    )


def _headline(manifest: Manifest, kind: Kind) -> str:
    language, lines = manifest["store"]["language"], manifest["lines"]
    if kind is Kind.DAY_IS_FULL:
        return text(language, "notice.headline.day_is_full", number=manifest["number"])
    items = ", ".join(
        text(language, "notice.item", product=line["product"], count=line["missing"])
        for line in lines[:MOST_ITEMS]
    )
    items += ", …" if len(lines) > MOST_ITEMS else ""
    won = manifest["loss_won"]
    values = {"items": items, "won": text(language, "notice.won", won=f"{won:,}") if won else ""}
    if kind is Kind.DIGEST:
        numbers = manifest["numbers"]
        several = f"#{numbers[0]}~#{numbers[-1]}" if len(numbers) > 1 else f"#{numbers[0]}"
        count = len(numbers)
        return text(language, "notice.headline.digest", issues=count, numbers=several, **values)
    is_sure = lines and all(line["certainty"] >= LEAST_CERTAINTY for line in lines)
    sort = "missing" if is_sure else "unsure"
    sort = "provisional" if manifest.get("provisional") else sort
    key = f"notice.headline.{sort}"
    time = _label(manifest)[11:16]
    return text(language, key, time=time, number=manifest["number"], **values)


def _lines(manifest: Manifest) -> list[str]:
    language = manifest["store"]["language"]
    if manifest.get("notice") in (Kind.AMENDED, Kind.WITHDRAWN):
        return []  # what was missing is none any more
    shown = [text(language, "notice.line", **_of_line(line)) for line in manifest["lines"]]
    if manifest["loss_won"]:
        shown.append(text(language, "notice.loss", won=f"{manifest['loss_won']:,}"))
    return shown


def _of_line(line: Mapping[str, Any]) -> dict[str, Any]:
    return {name: line[name] for name in ("product", "missing", "shelf", "kiosk")}


def _label(manifest: Manifest) -> str:
    """`2026-11-20 22:21`, local; marked where the clock was not sure."""
    happened = (manifest.get("visit") or {}).get("ended_at") or manifest["sealed_at"]
    zone = ZoneInfo(manifest["store"]["timezone"])
    at = f"{datetime.fromisoformat(happened).astimezone(zone):%Y-%m-%d %H:%M}"
    if manifest.get("time_quality") == "unsynced":
        return text(manifest["store"]["language"], "notice.estimated", at=at)
    return at


def _picture(manifest: Manifest, folder: Path) -> str:
    names = [entry["name"] for entry in manifest["files"]]
    found = next((n for n in names if n.endswith((".jpg", ".jpeg")) and "/" not in n), None)
    return str(folder / found) if found else ""


def _closing(manifest: Manifest, kind: Kind, picture: str) -> list[str]:
    language = manifest["store"]["language"]
    if kind not in (Kind.ISSUE, Kind.DIGEST):
        return []
    unseen = [] if picture or kind is Kind.DIGEST else [text(language, "notice.no_picture")]
    return [*unseen, text(language, "notice.decide")]


def _spaced(lines: list[str]) -> list[str]:
    return ["", *lines] if lines else []


def _table(lines: list[str]) -> str:
    if not lines:
        return ""
    style = f"padding:10px 0;border-top:1px solid {LINE};font-size:16px;color:{INK}"
    rows = "".join(f'<tr><td style="{style}">{escape(line)}</td></tr>' for line in lines)
    return f'<table role="presentation" width="100%" style="margin-top:18px">{rows}</table>'


def _reasons(language: str, why: list[str]) -> str:
    if not why:
        return ""
    said = "".join(f'<li style="margin:4px 0">{escape(one)}</li>' for one in why)
    title = escape(text(language, "notice.why"))
    return (
        f'<div style="margin-top:18px;font-size:13px;font-weight:700;color:{ACCENT}">{title}</div>'
        f'<ul style="margin:6px 0 0;padding-left:18px;font-size:14px;color:{INK}">{said}</ul>'
    )


def _shown(picture: str) -> str:
    if not picture:
        return ""
    name = escape(Path(picture).name, quote=True).replace(" ", "%20")
    style = "width:100%;max-width:510px;border-radius:8px;margin-top:18px;display:block"
    return f'<img src="cid:{name}" alt="" style="{style}">'


def _foot(closing: list[str]) -> str:
    said = "<br>".join(escape(line) for line in closing)
    style = f"margin-top:18px;font-size:13px;line-height:1.5;color:{QUIET}"
    return f'<div style="{style}">{said}</div>' if closing else ""
