"""The page of a breach: revoke, what was exposed, 72 hours, the notice.

Implements web.breachdesk.BreachDesk.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

from storeguard.books.breaches import BreachesFile
from storeguard.clock import Clock
from storeguard.domain.breach import Breach, Kind, Span, steps_for
from storeguard.domain.issue import IssueStore
from storeguard.messages import text
from storeguard.web.breachdesk import BreachDetail, BreachRow, BreachStep
from storeguard.web.desks import Law

KOREAN = "ko"
"""The notice goes to customers of a Korean shop and to a Korean authority, whatever the console's
language is."""

OF_PERSONS = ("clips", "pictures", "issues", "requests", "accounts")
BLANK = "________________"

Looked = Callable[[str, str, str, str], None]


@dataclass(frozen=True, slots=True)
class Holdings:
    """What the store has: `exposed` counts it, `has` says whether cloud, channels and a POS are
    set up, `law` who is responsible."""

    exposed: Callable[[], Mapping[str, Span]]
    has: Callable[[], Mapping[str, bool]]
    law: Callable[[], Law]


class BreachDesk:
    """See web.breachdesk.BreachDesk. `looked`: the access log."""

    def __init__(
        self,
        file: BreachesFile,
        holdings: Holdings,
        store: IssueStore,
        looked: Looked,
        clock: Clock,
    ) -> None:
        self._file = file
        self._holdings = holdings
        self._store = store
        self._looked = looked
        self._clock = clock
        self._zone = ZoneInfo(store.timezone)
        self._turn = threading.Lock()

    # --- what is seen --------------------------------------------------------------------

    def waiting(self) -> Sequence[BreachRow]:
        found = [one for one in self._file.all() if one.closed_at is None]
        return [self._row(one) for one in sorted(found, key=lambda one: one.due_at)]

    def breaches(self) -> Sequence[BreachRow]:
        closed = [one for one in self._file.all()[::-1] if one.closed_at is not None]
        return [*self.waiting(), *(self._row(one) for one in closed)]

    def now(self) -> str:
        return f"{self._clock.utc().astimezone(self._zone):%Y-%m-%dT%H:%M}"

    def detail(self, breach_id: str) -> BreachDetail | None:
        breach = self._file.of(breach_id)
        if breach is None:
            return None
        return BreachDetail(
            self._row(breach),
            tuple(self._step(step, breach) for step in breach.steps),
            tuple(self._exposed(breach, self._store.language)),
            self._notice(breach),
            self._report(breach),
        )

    def _row(self, breach: Breach) -> BreachRow:
        closed = breach.closed_at
        return BreachRow(
            breach.id,
            breach.kind,
            self._label(breach.learnt_at),
            self._label(breach.due_at),
            breach.hours_left(self._clock.utc()),
            breach.note,
            f"{self._label(closed)} {breach.closed_by}" if closed else "",
            breach.outcome,
        )

    def _step(self, step: str, breach: Breach) -> BreachStep:
        what, how = (self._say(f"breach.step.{step}{end}") for end in ("", ".how"))
        return BreachStep(step, what, how, step in breach.done)

    def _exposed(self, breach: Breach, language: str) -> list[str]:
        """Of a key's breach what it can do; else what was on the device."""
        if breach.kind == "key":
            return [text(language, "breach.exposed.key"), text(language, "breach.exposed.account")]
        said = [_sentence(language, key, span) for key, span in breach.exposed.items()]
        cloud = ["breach.exposed.key"] if "cloud" in breach.steps else []
        always = ("breach.exposed.passwords", "breach.exposed.no_cards")
        return [*said, *(text(language, key) for key in (*cloud, *always))]

    # --- what is written to others -------------------------------------------------------

    def _notice(self, breach: Breach) -> str:
        return text(KOREAN, "breach.notice", **self._told(breach))

    def _report(self, breach: Breach) -> str:
        return text(KOREAN, "breach.report", **self._told(breach))

    def _told(self, breach: Breach) -> Mapping[str, str]:
        law = self._holdings.law()
        done = [text(KOREAN, f"breach.did.{step}") for step in breach.steps if step in breach.done]
        measures = done or [text(KOREAN, "breach.did.nothing")]
        return {
            "store": self._store.name,
            "learnt": self._korean(breach.learnt_at),
            "due": self._korean(breach.due_at),
            "today": self._korean(self._clock.utc())[:13].rstrip(),
            "what": text(KOREAN, f"breach.what.{breach.kind}"),
            "items": _listed(self._items(breach)),
            "measures": _listed(measures),
            "manager": law.manager or BLANK,
            "phone": law.phone or BLANK,
        }

    def _items(self, breach: Breach) -> list[str]:
        """What concerns persons; a sale has no name."""
        if breach.kind == "key":
            return [text(KOREAN, "breach.exposed.key_items")]
        spans = breach.exposed.items()
        found = [_sentence(KOREAN, key, span) for key, span in spans if key in OF_PERSONS]
        return found or [text(KOREAN, "breach.exposed.nothing")]

    def _korean(self, moment: datetime) -> str:
        local = moment.astimezone(self._zone)
        return f"{local.year}년 {local.month}월 {local.day}일 {local:%H:%M}"

    # --- what is done --------------------------------------------------------------------

    def begin(self, kind: Kind, learnt: datetime, note: str, *, by: str) -> str:
        learnt_at = learnt.replace(tzinfo=self._zone)
        if learnt_at > self._clock.utc():
            raise ValueError("nobody can have learnt of it later than now")
        with self._turn:
            breach_id = self._file.free_id(learnt_at)
            self._looked(by, "breach", breach_id, kind)
            exposed = {} if kind == "key" else self._holdings.exposed()
            steps = steps_for(kind, self._holdings.has())
            self._file.put(Breach(breach_id, kind, learnt_at, by, note, exposed, steps))
        return breach_id

    def step(self, breach_id: str, step: str, *, is_done: bool, by: str) -> bool:
        """False: no such breach or step, or it is closed."""
        with self._turn:
            breach = self._file.of(breach_id)
            if breach is None or step not in breach.steps or breach.closed_at is not None:
                return False
            done = {*breach.done, step} if is_done else {*breach.done} - {step}
            self._looked(by, "breach_step", breach_id, step if is_done else f"{step}: undone")
            ordered = tuple(one for one in breach.steps if one in done)
            self._file.put(replace(breach, done=ordered))
        return True

    def close(self, breach_id: str, outcome: str, *, by: str) -> bool:
        """False: no such breach, or it is closed already."""
        with self._turn:
            breach = self._file.of(breach_id)
            if breach is None or breach.closed_at is not None:
                return False
            self._looked(by, "breach_closed", breach_id, outcome)
            now = self._clock.utc()
            self._file.put(replace(breach, closed_at=now, closed_by=by, outcome=outcome))
        return True

    def _label(self, moment: datetime) -> str:
        return f"{moment.astimezone(self._zone):%Y-%m-%d %H:%M}"

    def _say(self, key: str) -> str:
        return text(self._store.language, key, store=self._store.id)


def _sentence(language: str, key: str, span: Span) -> str:
    said = text(language, f"breach.exposed.{key}", count=f"{span.count:,}")
    if not span.first:
        return said
    return f"{said} ({span.first} ~ {span.last})"


def _listed(lines: Sequence[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)
