"""What the page shows of the bucket, and the one object that it writes: the owner's decisions."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from .index import OPEN, Index
from .manifest import LARGEST_BYTES, ahead_of, parsed
from .table import Item

SIGNED_FOR_S = 15 * 60
BEFORE_S = 3.0
"""A clip begins so long before the step: the hand is seen on its way."""

RECENT = timedelta(days=30)
TRIES = 4


@dataclass(frozen=True, slots=True)
class Clip:
    """`marks_s`: where in it something was taken, in seconds."""

    name: str
    url: str
    marks_s: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """`is_kept`: False once the evidence has been deleted for its age, or never arrived.

    `is_whole`: False while clips are still on their way.
    """

    is_kept: bool
    is_whole: bool
    pictures: tuple[str, ...]
    clips: tuple[Clip, ...]
    why: tuple[str, ...]


class Evidence:
    def __init__(self, bucket: str, s3: Any, index: Index, wall_s: Callable[[], float]) -> None:
        self._bucket = bucket
        self._s3 = s3
        self._index = index
        self._wall_s = wall_s

    @property
    def origin(self) -> str:
        """Where signed pictures and clips come from."""
        parts = urlsplit(self._signed("x"))
        return f"{parts.scheme}://{parts.netloc}"

    def picture(self, issue: Item) -> str:
        """The picture's address, good for a quarter of an hour; empty where there is none."""
        return self._signed(_beside(issue, issue["picture"])) if issue.get("picture") else ""

    def of(self, issue: Item, language: str) -> Shown:
        whole = self._manifest(issue["key"])
        manifest = whole or self._manifest(ahead_of(issue["key"]))
        if manifest is None:
            return Shown(False, True, (), (), ())
        late_names, late_steps = self._later(issue)
        names = [entry["name"] for entry in manifest["files"]] + late_names
        pictures = [n for n in names if n.lower().endswith((".jpg", ".jpeg"))]
        steps = _listed(manifest.get("steps")) + late_steps
        return Shown(
            True,
            whole is not None,
            tuple(self._signed(_beside(issue, name)) for name in pictures),
            tuple(self._clip(issue, name, steps) for name in _clips(names)) if whole else (),
            _why(manifest, language),
        )

    def _clip(self, issue: Item, name: str, steps: list[Any]) -> Clip:
        marks = _marks_s(steps, name)
        start_s = max(0.0, marks[0] - BEFORE_S) if marks else 0.0
        address = self._signed(_beside(issue, name))
        return Clip(name, f"{address}#t={start_s:.1f}" if start_s else address, marks)

    def write_decisions(self, store: str) -> None:
        """`decisions/<store>.json`: what was decided and opened in the last 30 days.

        Written until what was written is what is known: of two that write at once, the later
        one has then seen what the other decided.
        """
        content = self._decisions(store)
        for _ in range(TRIES):
            self._s3.put_object(
                Bucket=self._bucket,
                Key=f"decisions/{store}.json",
                Body=content,
                ContentType="application/json",
            )
            known = self._decisions(store)
            if known == content:
                return
            content = known

    def _decisions(self, store: str) -> bytes:
        since = datetime.fromtimestamp(self._wall_s(), UTC) - RECENT
        issues = self._index.decided(store, since.isoformat())
        decisions = [
            {
                "issue": one["id"],
                "number": one["number"],
                "decision": one["status"],
                "decided_at": one["decided_at"],
                "by": one["decided_by"],
            }
            for one in issues
            if "decided_at" in one and one["status"] != OPEN
        ]
        opened = [one["id"] for one in issues]
        said = {"schema": 1, "store": store, "decisions": decisions, "opened": opened}
        return json.dumps(said, ensure_ascii=False, indent=1).encode() + b"\n"

    def _manifest(self, key: str) -> dict[str, Any] | None:
        content = self._content(key)
        return None if content is None else parsed(content, key)[0]

    def _later(self, issue: Item) -> tuple[list[str], list[Any]]:
        """What was ready only after the issue was sealed, by `later.json`: names, and steps."""
        content = self._content(_beside(issue, "later.json"))
        try:
            said = json.loads(content or "{}")
            names = [name for e in said.get("files", ()) if isinstance(name := e["name"], str)]
            return names, _listed(said.get("steps"))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return [], []

    def _content(self, key: str) -> bytes | None:
        """One byte more than a manifest may have, at most."""
        from botocore.exceptions import ClientError

        try:
            answer = self._s3.get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] != "NoSuchKey":
                raise
            return None
        content: bytes = answer["Body"].read(LARGEST_BYTES + 1)
        return content

    def _signed(self, key: str) -> str:
        return str(
            self._s3.generate_presigned_url(
                "get_object", {"Bucket": self._bucket, "Key": key}, ExpiresIn=SIGNED_FOR_S
            )
        )


def _beside(issue: Item, name: str) -> str:
    return str(issue["key"]).removesuffix("issue.json") + name


def _clips(names: list[str]) -> list[str]:
    """Of one that was sealed before its recording was over, the whole one, in its place."""
    clips = [name for name in names if name.lower().endswith(".mp4")]
    whole = {name: f"extra/{name}" for name in clips if f"extra/{name}" in clips}
    shown = [whole.get(name, name) for name in clips if name not in whole.values()]
    return list(dict.fromkeys(shown))


def _listed(said: Any) -> list[Any]:
    return said if isinstance(said, list) else []


def _marks_s(steps: list[Any], clip: str) -> tuple[float, ...]:
    """A device may say anything here; what makes no sense is left out."""
    found = []
    for step in steps:
        offset = _offset(step, clip) if isinstance(step, dict) else None
        if isinstance(offset, int | float) and 0 <= offset < 86_400:
            found.append(float(offset))
    return tuple(sorted(found))


def _offset(step: Mapping[str, Any], clip: str) -> Any:
    """In the visit's clip, which may have come again and whole, or in the step's own in extra/."""
    if step.get("clip") in (clip, clip.removeprefix("extra/")):
        return step.get("clip_offset_s")
    shown = step.get("shown")
    is_own = isinstance(shown, dict) and clip in shown.values()
    return step.get("shown_at_s") if is_own else None


def _why(manifest: Mapping[str, Any], language: str) -> tuple[str, ...]:
    why = manifest.get("why")
    sentences = (why.get(language) or why.get("ko")) if isinstance(why, dict) else None
    return tuple(map(str, sentences[:20])) if isinstance(sentences, list) else ()
