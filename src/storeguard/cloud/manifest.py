"""The manifest of an issue as it arrives in the bucket; a thief may have the device and its key.

Keys are `<store>/<YYYY>/<MM>/<id>/issue.json`; `…/<id>/again/<n>/issue.json` asks for a look at
that one again, because an object is written once. `…/<id>/notice.json` is the same manifest ahead
of its clips, so that no message waits for them.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

LARGEST_BYTES = 64 * 1024

KEY = re.compile(
    r"(?!receipts/|decisions/)(?P<store>[A-Za-z0-9][A-Za-z0-9_-]{0,62})/"
    r"(?P<month>\d{4}/\d{2})/"
    r"(?P<id>[A-Za-z0-9][A-Za-z0-9._-]{0,127})/(?:(?P<ahead>notice)|(?:again/\d{1,6}/)?issue)\.json"
)

TOLD_LATER = frozenset({"cool_down", "daily_digest", "below_threshold", "quiet_hours"})
"""`notice` of an issue that the device sums up in a digest, a manifest of its own."""

SUMS = frozenset({"digest", "day_is_full"})
"""`notice` of such a manifest."""

ABOUT_ANOTHER = frozenset({"amended", "confirmed", "withdrawn", "escalated"})
"""`notice` of a manifest about an earlier issue, which `amends` names."""

REASONS = frozenset({"", "paid", "put_back"})
"""Why an issue is withdrawn, as far as the device knows."""

FAULTS = frozenset({"fault", "fault_over"})
TEST = "test"
NOTICES = frozenset({"own", TEST}) | TOLD_LATER | SUMS | ABOUT_ANOTHER | FAULTS

LONGEST_HEADLINE = 40


def own_key(key: str) -> str | None:
    """The key of the manifest that an event is about; None for other objects."""
    found = KEY.fullmatch(key)
    return found and f"{found['store']}/{found['month']}/{found['id']}/issue.json"


def is_ahead(key: str) -> bool:
    """Is this a manifest whose clips are still to come?"""
    found = KEY.fullmatch(key)
    return bool(found and found["ahead"])


def ahead_of(key: str) -> str:
    """Where the manifest of this key lies before its clips are there."""
    return key.removesuffix("issue.json") + "notice.json"


def parsed(content: bytes, key: str) -> tuple[dict[str, Any] | None, str | None]:
    """The manifest of this key, or what is wrong with it."""
    if len(content) > LARGEST_BYTES:
        return None, f"more than {LARGEST_BYTES} bytes"
    try:
        manifest = json.loads(content)
        _check(manifest, key)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        return None, f"no manifest ({type(error).__name__}: {error})"
    return manifest, None


def _check(manifest: Any, key: str) -> None:
    """Everything that the message, the receipt and the index are made of."""
    found = KEY.fullmatch(key)
    _require(isinstance(manifest, dict) and manifest["schema"] == 1, "schema")
    _require(found is not None and manifest["id"] == found["id"], "id")
    _require(_is_count(manifest["number"], 10**9), "number")
    _require(_is_count(manifest["loss_won"], 10**12), "loss_won")
    _require(manifest.get("notice", "own") in NOTICES, "notice")
    store, visit = manifest["store"], manifest["visit"]
    _require(all(isinstance(store[k], str) for k in ("name", "language", "timezone")), "store")
    _check_lines(manifest["lines"])
    _check_kind(manifest)
    for entry in manifest["files"]:
        _require(bool(entry["name"].encode()) and isinstance(entry["sha256"], str), "files")
        _require(_is_count(entry["bytes"], 2**40), "files")
    _require(_is_moment(manifest["sealed_at"]), "sealed_at")
    ended_at = visit["ended_at"] if visit else None
    _require(ended_at is None or _is_moment(ended_at), "visit")


def _check_lines(lines: Any) -> None:
    _require(isinstance(lines, list), "lines")
    for line in lines:
        _require(isinstance(line["product"], str), "product")
        _require(_is_count(line["missing"], 10**6), "missing")
        _require(isinstance(line["certainty"], int | float), "certainty")
        _require(_is_count(line.get("loss", 0), 10**12), "loss")


def _check_kind(manifest: Mapping[str, Any]) -> None:
    """What only some kinds of notice have."""
    notice = manifest.get("notice")
    if notice in SUMS:
        numbers = manifest["numbers"]
        _require(numbers and all(_is_count(n, 10**9) for n in numbers), "numbers")
    if notice in FAULTS:
        _require(0 < len(manifest["headline"].strip()) <= LONGEST_HEADLINE, "headline")
    if notice in ABOUT_ANOTHER:
        amends = manifest["amends"]
        _require(bool(re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", amends)), "amends")
        _require(manifest.get("reason", "") in REASONS, "reason")


def _require(is_met: Any, field: str) -> None:
    if not is_met:
        raise ValueError(f"{field} is not as expected")


def _is_count(value: Any, most: int) -> bool:
    return isinstance(value, int) and 0 <= value <= most


def _is_moment(text: str) -> bool:
    """With its offset, and not so near to the ends of time that another zone overflows."""
    moment = datetime.fromisoformat(text)
    return moment.tzinfo is not None and 1970 <= moment.year <= 9000
