"""How an issue gets into the bucket: its states, the order of its files, the waits.

    PENDING ──► UPLOADING ──► READABLE ──► UPLOADED ──► CONFIRMED
       └────────────┴──────────────────────►─┘  └► ASKED ─►─┘

READABLE: text and picture are there and the owner is told, clips are to come. UPLOADED: the
manifest is there too, the last of all. ASKED: no receipt came, the notifier was asked
again. CONFIRMED: its receipt was read back. Nothing ever goes back, except that a progress that
got lost is asked of the bucket anew.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any

from storeguard.domain.issue import MANIFEST
from storeguard.errors import UploadClockSkewed, UploadFault, UploadTransient

FIRST_BACKOFF_S = 1.0
LONGEST_BACKOFF_S = 15 * 60.0
SHORTEST_OFFLINE_S = 5 * 60.0
"""Offline for long, nothing is tried more often than this."""

CLOCK_PROBE_S = 60.0

ASK_AGAIN_S = 10 * 60.0
LONGEST_ASK_S = 6 * 3600.0
ASKED_EVENLY = 6
"""No receipt: the notifier is asked again every 10 minutes for an hour, then after 20, 40 … 360.

Events that got lost for an hour are so made up for within 10 minutes of its end."""

ASIDE = "damaged"
"""Where evidence goes that is not what was sealed, or whose key another object has."""

NOTICE = "notice.json"
"""A copy of the manifest that goes before the clips: the owner's message waits for none of them.

Only where something follows text and picture; otherwise the manifest itself is as soon."""

PART_BYTES = 5 * 1024 * 1024
"""What is larger goes in parts of so much, the least that S3 takes.

A line that breaks loses one part of a clip and not all of it: 42 s of 1 Mbit/s."""

_RANKS = {".txt": 0, ".jpg": 1, ".jpeg": 1, ".mp4": 2}
_OF_THE_MESSAGE = 1


class DeliveryState(Enum):
    """How far an issue has come."""

    PENDING = "pending"
    UPLOADING = "uploading"
    READABLE = "readable"
    UPLOADED = "uploaded"
    ASKED = "asked"
    CONFIRMED = "confirmed"

    @property
    def is_sent(self) -> bool:
        """All of it is in the bucket; only the receipt may be missing."""
        return self in (DeliveryState.UPLOADED, DeliveryState.ASKED, DeliveryState.CONFIRMED)


class Stage(Enum):
    """What is to be sent: text and picture of all issues go before any clip."""

    MESSAGE = "message"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Begun:
    """An upload in parts that has not ended: the store's id of it and its answers, in order.

    `sha256` is that of the whole content: parts of another content, or of another size, are
    none of it.
    """

    upload_id: str
    sha256: str
    part_bytes: int
    etags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Progress:
    """`files`: name → sha256 of what is in the bucket; `damaged`: name → what is wrong with it.

    `tries`: name → how often the disk refused to read it; it may yet give it. `asked`: how often
    the notifier was asked again. `begun`: key below the prefix → what of it is there in parts.
    `state` is PENDING to ASKED.
    """

    prefix: str
    files: Mapping[str, str] = field(default_factory=dict)
    damaged: Mapping[str, str] = field(default_factory=dict)
    tries: Mapping[str, int] = field(default_factory=dict)
    asked: int = 0
    state: DeliveryState = DeliveryState.PENDING
    begun: Mapping[str, Begun] = field(default_factory=dict)

    def has_settled(self, name: str) -> bool:
        return name in self.files or name in self.damaged

    def sent(self, name: str, sha256: str, wanted: Collection[str]) -> "Progress":
        """The file is in the bucket; `wanted`: all names of the manifest."""
        return replace(self, files={**self.files, name: sha256})._advanced(name, wanted)

    def spoilt(self, name: str, why: str, wanted: Collection[str]) -> "Progress":
        """The file is not what was sealed, or cannot be had; the rest goes on."""
        return replace(self, damaged={**self.damaged, name: why})._advanced(name, wanted)

    def with_begun(self, where: str, begun: Begun | None) -> "Progress":
        """A part more is there; None: the store has forgotten all of them."""
        others = {key: one for key, one in self.begun.items() if key != where}
        return replace(self, begun=others if begun is None else {**others, where: begun})

    def tried(self, name: str) -> "Progress":
        return replace(self, tries={**self.tries, name: self.tries.get(name, 0) + 1})

    def asked_again(self) -> "Progress":
        if self.state not in (DeliveryState.UPLOADED, DeliveryState.ASKED):
            raise ValueError(f"asked for the receipt of an issue that is {self.state.value}")
        return replace(self, asked=self.asked + 1, state=DeliveryState.ASKED)

    def moved(self, prefix: str) -> "Progress":
        """Another issue has this prefix: everything is to be sent under the new one."""
        return Progress(prefix)

    def _advanced(self, name: str, wanted: Collection[str]) -> "Progress":
        """`name` is settled, wherever it was begun."""
        others = {k: one for k, one in self.begun.items() if k not in (name, f"{ASIDE}/{name}")}
        return replace(self, begun=others, state=self._reached(wanted))

    def _reached(self, wanted: Collection[str]) -> DeliveryState:
        if MANIFEST in self.files:
            return DeliveryState.ASKED if self.asked else DeliveryState.UPLOADED
        if all(self.has_settled(name) for name in wanted if is_of_message(name) or name == NOTICE):
            return DeliveryState.READABLE
        return DeliveryState.UPLOADING


def is_of_message(name: str) -> bool:
    """Text and picture: small, and what the owner looks at first."""
    return "/" not in name and _rank_of(name) <= _OF_THE_MESSAGE


def in_order(files: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The manifest's entries: text, picture, clips, what is under `extra/`; smallest first."""

    def rank(entry: Mapping[str, Any]) -> tuple[bool, int, int]:
        return "/" in entry["name"], _rank_of(entry["name"]), entry["bytes"]

    return sorted(files, key=rank)


def sequence(files: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """All that goes, in order: text and picture, NOTICE, clips, extra, and MANIFEST at the end."""
    ordered = in_order(files)
    message = [entry for entry in ordered if is_of_message(entry["name"])]
    rest = ordered[len(message) :]
    notice = [{"name": NOTICE, "sha256": None}] if rest else []
    return [*message, *notice, *rest, {"name": MANIFEST, "sha256": None}]


def _rank_of(name: str) -> int:
    return _RANKS.get("." + name.lower().rpartition(".")[2], len(_RANKS))


def next_attempt_s(
    fault: UploadFault | type[UploadFault], failures: int, random: Callable[[], float]
) -> float:
    """Seconds to wait after that many failures in a row (>= 1); `random` draws from 0..1.

    Transient faults back off from 1 s to 15 min with jitter, and never come closer together
    than 5 min once they have lasted; a wrong clock is looked at every 60 s; what only a person
    can mend is probed every 15 min.
    """
    kind = fault if isinstance(fault, type) else type(fault)
    if issubclass(kind, UploadTransient):
        ceiling_s = min(LONGEST_BACKOFF_S, FIRST_BACKOFF_S * 2.0 ** min(failures, 30))
        least_s = SHORTEST_OFFLINE_S if ceiling_s >= LONGEST_BACKOFF_S else FIRST_BACKOFF_S
        return least_s + random() * (ceiling_s - least_s)
    return CLOCK_PROBE_S if issubclass(kind, UploadClockSkewed) else LONGEST_BACKOFF_S


def ask_again_after_s(asked: int) -> float:
    """How long to wait for a receipt after the notifier was asked again so often."""
    return min(LONGEST_ASK_S, ASK_AGAIN_S * 2.0 ** min(max(0, asked - ASKED_EVENLY), 20))


def next_prefix(prefix: str) -> str:
    """`…/<id>` → `…/<id>.r2` → `…/<id>.r3`: free where another object has the manifest's key."""
    stem, mark, serial = prefix.rpartition(".r")
    if mark and serial.isdecimal():
        return f"{stem}.r{int(serial) + 1}"
    return f"{prefix}.r2"
