"""What the owner has decided of each issue, and who looked at what: files of the state folder."""

import hashlib
import itertools
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from storeguard import durable
from storeguard.errors import StoreguardError
from storeguard.statefile import StateFile

Verdict = Literal["confirmed", "dismissed", "deleted"]
VERDICTS: tuple[Verdict, ...] = ("confirmed", "dismissed", "deleted")
OPEN = "open"
"""The journal's word for none of them."""

DISMISSED: Verdict = "dismissed"
"""The owner says that nothing is lost: in no sum of losses."""

MOST_KEPT = 20_000
LOG, OLD = "access.jsonl", "access.old"
LARGEST_LOG_BYTES = 32 * 1024 * 1024
"""Some 130,000 looks: more than a year's."""

ONLY_US = 0o600


@dataclass(frozen=True, slots=True)
class Decision:
    """`verdict` None: only held. `held_until` and `at` ISO; `is_undone`: the stock correction."""

    verdict: Verdict | None = None
    at: str = ""
    by: str = ""
    reason: str = ""
    held_until: str | None = None
    is_undone: bool = False


class DecisionsFile:
    """`state/decisions.json`: issue id → Decision."""

    def __init__(self, state: Path, *, fsync: bool = True) -> None:
        without = "every issue waits for the owner's look again"
        self._file = StateFile(state / "decisions.json", _decisions, without=without, fsync=fsync)
        self._known: dict[str, Decision] = dict(self._file.load() or {})

    def of(self, issue_id: str) -> Decision:
        return self._known.get(issue_id, Decision())

    def verdicts(self) -> dict[str, Verdict]:
        """Of those that have one."""
        return {key: one.verdict for key, one in self._known.items() if one.verdict is not None}

    def note(self, issue_id: str, decision: Decision) -> None:
        known = {key: one for key, one in self._known.items() if key != issue_id}
        known[issue_id] = decision
        kept = dict(list(known.items())[-MOST_KEPT:])
        try:
            self._file.save({key: asdict(one) for key, one in kept.items()})
        except OSError as error:
            raise StoreguardError(
                f"{self._file.path}: cannot be written: {error.strerror}; see the disk"
            ) from error
        self._known = kept


@dataclass(frozen=True, slots=True)
class Access:
    """One line of the access log: who did what to which thing, and why."""

    at: str
    who: str
    what: str
    thing: str
    why: str = ""


class AccessLog:
    """Append-only; each line carries the hash of the one before, so that none can be taken out."""

    def __init__(self, state: Path, *, fsync: bool = True) -> None:
        self._path = state / LOG
        self._fsync = fsync
        self._turn = threading.Lock()
        self._last = _hash_of_last(self._path)

    def note(self, access: Access) -> None:
        """Raises OSError: what cannot be written down must not be shown."""
        with self._turn:
            said = asdict(access) | {"before": self._last}
            text = json.dumps(said, ensure_ascii=False, sort_keys=True)
            digest = hashlib.sha256(text.encode()).hexdigest()
            if self._path.exists() and self._path.stat().st_size > LARGEST_LOG_BYTES:
                durable.rotate(self._path, self._path.with_stem(OLD))
            line = json.dumps({"said": said, "hash": digest}, ensure_ascii=False, sort_keys=True)
            durable.append(self._path, line.encode() + b"\n", fsync=self._fsync)
            self._last = digest

    def newest(self, limit: int, thing: str | None = None) -> list[Access]:
        """Newest first; of one thing only, where it is given."""
        # A year has 100,000 lines: none is parsed that cannot be meant.
        part = "" if thing is None else json.dumps(thing, ensure_ascii=False)
        meant = (line for line in reversed(_text(self._path).split("\n")) if part in line)
        said = (parsed[0] for line in meant if (parsed := _parsed(line)) is not None)
        found = (one for one in said if thing is None or one["thing"] == thing)
        return [_access(one) for one in itertools.islice(found, limit)]

    def everything(self) -> Iterator[tuple[Access, bool]]:
        """Oldest first, what was rotated away too. False: it was changed, or a line before it
        was taken out."""
        before = None
        for path in (self._path.with_stem(OLD), self._path):
            for said, digest in _lines(path):
                yield _access(said), _is_whole(said, digest, before)
                before = digest

    def first_broken(self) -> int | None:
        """The number of the first line that was changed or taken out; None: all are whole."""
        before = None
        for number, (said, digest) in enumerate(_lines(self._path), 1):
            if not _is_whole(said, digest, before):
                return number
            before = digest
        return None


def _is_whole(said: Mapping[str, Any], digest: str, before: str | None) -> bool:
    text = json.dumps(said, ensure_ascii=False, sort_keys=True)
    is_as_written = hashlib.sha256(text.encode()).hexdigest() == digest
    return is_as_written and (before is None or said.get("before") == before)


def _lines(path: Path) -> Iterator[tuple[dict[str, Any], str]]:
    for line in _text(path).split("\n"):
        if (parsed := _parsed(line)) is not None:
            yield parsed


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")
    except FileNotFoundError:
        return ""


def _parsed(line: str) -> tuple[dict[str, Any], str] | None:
    """None for a line that a power cut tore; the chain says so where more is missing."""
    try:
        parsed = json.loads(line)
        return dict(parsed["said"]), str(parsed["hash"])
    except (ValueError, KeyError, TypeError):
        return None


def _access(said: Mapping[str, Any]) -> Access:
    """A line from which somebody has taken a part is shown all the same: it is broken."""
    return Access(**{key: str(said.get(key, "")) for key in ("at", "who", "what", "thing", "why")})


def _hash_of_last(path: Path) -> str:
    digests = [digest for _, digest in _lines(path)]
    return digests[-1] if digests else ""


def _decisions(content: Mapping[str, Any]) -> dict[str, Decision]:
    found = {str(key): Decision(**said) for key, said in content.items()}
    for one in found.values():
        if one.verdict is not None and one.verdict not in VERDICTS:
            raise ValueError(f"verdict is {one.verdict!r}; known: {', '.join(VERDICTS)}")
    return found
