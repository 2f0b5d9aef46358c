"""The index, one DynamoDB table: what the page and `storeguard fleet` read. Never scanned.

    pk         sk              what
    S#store    STORE           whose store it is
    S#store    I#issue id      an issue; index `by_time` sorts a store's, `by_owner` an owner's,
                               `todo` those that the owner has not decided on
    O#owner    S#store         the store as the fleet shows it; `silence` sorts by last sign of life
    O#owner    D#date#store    one day of a store: issues, loss in won, seconds not guarded
    O#owner    LOGIN           the owner's password (login.py)

What a reader pays depends on his own stores and on what one page shows, on nobody else's.
"""

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from .manifest import ABOUT_ANOTHER, FAULTS, SUMS, TEST
from .message import zone
from .table import TRIES, Item, Table

OWNER = "owner"
"""Whose a store is that nobody has given to anybody."""

KEPT_FOR_S = 400 * 24 * 3600
SHARDS = 16
WEEK = timedelta(days=7)
MOST_DECISIONS = 500
OPEN, HOLD, CONFIRM, DISMISS, PAID, RECEIVED, WITHDRAWN = (
    "open", "hold", "confirm", "dismiss", "paid", "received", "withdrawn",
)  # fmt: skip
OF_ISSUE = "i:"
"""Before an issue's id: the attribute of its day that holds what it lost."""

UNDECIDED = frozenset({OPEN, HOLD})
NO_LOSS = frozenset({DISMISS, PAID, RECEIVED, WITHDRAWN})


class BusyIssue(Exception):
    """Others kept changing the same issue; whoever called may call again."""


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a list, newest first; `after` asks for the next one, None at the end."""

    issues: tuple[Item, ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class StoreRow:
    """One store of the fleet. Sums are those of the last seven local days."""

    id: str
    name: str
    last_seen: str | None
    silent_since: str | None
    open_issues: int
    issues_week: int
    loss_won_week: int
    blind_s_week: int
    blind_since: str | None
    faults: tuple[str, ...]

    @property
    def needs_a_look(self) -> bool:
        return bool(self.open_issues or self.silent_since or self.blind_since or self.faults)


class Index:
    """`wall_s` gives seconds since 1970. Raises botocore's ClientError."""

    def __init__(self, table: str, dynamodb: Any, wall_s: Callable[[], float]) -> None:
        self._table = Table(table, dynamodb)
        self._wall_s = wall_s

    # --- stores

    def owner_of(self, store: str) -> str:
        found = self._table.get(f"S#{store}", "STORE")
        return str(found["owner_id"]) if found else OWNER

    def give(self, store: str, name: str, owner: str) -> None:
        """The store is this owner's from now on, and his fleet shows it at once."""
        self._table.put({"pk": f"S#{store}", "sk": "STORE", "owner_id": owner})
        self._table.update(f"O#{owner}", f"S#{store}", "SET store_name = :n", {":n": name})

    def store(self, owner: str, store: str) -> Item | None:
        return self._table.get(f"O#{owner}", f"S#{store}")

    def fleet(self, owner: str) -> tuple[StoreRow, ...]:
        """Two queries, whatever others own: his stores, and their days of this week."""
        stores = self._table.query(f"O#{owner}", "S#")
        now = datetime.fromtimestamp(self._wall_s(), UTC)
        since = (now + timedelta(hours=14) - WEEK).date()  # no local date is later than this
        days: dict[str, list[Item]] = {}
        for day in self._table.query_between(f"O#{owner}", f"D#{since - timedelta(days=1)}", "D#~"):
            days.setdefault(day["sk"].split("#", 2)[2], []).append(day)
        rows = (self._row(one, days.get(one["sk"][2:], ()), now) for one in stores)
        return tuple(sorted(rows, key=lambda row: (not row.needs_a_look, row.name, row.id)))

    @staticmethod
    def _row(store: Item, days: Iterable[Item], now: datetime) -> StoreRow:
        today = now.astimezone(zone(store.get("timezone", "Asia/Seoul"))).date()
        week = [d for d in days if _date_of(d) > today - WEEK]
        return StoreRow(
            id=store["sk"][2:],
            name=store.get("store_name", store["sk"][2:]),
            last_seen=store.get("last_seen"),
            silent_since=store.get("silent_since"),
            open_issues=len(store.get("open_ids", ())),
            issues_week=sum(len(_won_of(d)) for d in week),
            loss_won_week=sum(sum(_won_of(d)) for d in week),
            blind_s_week=sum(d.get("blind_s", 0) for d in week),
            blind_since=store.get("blind_since"),
            faults=tuple(json.loads(store.get("faults", "[]"))),
        )

    def seen(self, owner: str, store: str, at: str, told: Mapping[str, Any]) -> None:
        """A sign of life; an older one than the last changes nothing. `told`: by the device."""
        values = {
            ":at": at,
            ":watch": shard_of(store),
            ":name": told["name"],
            ":language": told["language"],
            ":timezone": told["timezone"],
            ":faults": json.dumps(told["faults"], ensure_ascii=False),
            ":blind": told["blind_since"],
            ":waiting": told["waiting"],
        }
        self._table.update_if(
            f"O#{owner}",
            f"S#{store}",
            "SET last_seen = :at, watch = :watch, store_name = :name, #l = :language, "
            "#t = :timezone, faults = :faults, blind_since = :blind, waiting = :waiting "
            "REMOVE silent_since",
            values,
            "attribute_not_exists(last_seen) OR last_seen < :at",
            {"#l": "language", "#t": "timezone"},
        )
        for day, blind_s in told["blind_s"].items():
            self._table.update(
                f"O#{owner}",
                f"D#{day}#{store}",
                "SET blind_s = :s, expires_at = :e",
                {":s": blind_s, ":e": self._expiry()},
            )

    def silent(self, before: str) -> Iterable[Item]:
        """Stores whose last sign of life is older, and of whose silence nobody has been told."""
        for shard in range(SHARDS):
            yield from self._table.pages(
                IndexName="silence",
                KeyConditionExpression="watch = :w AND last_seen < :t",
                ExpressionAttributeValues={":w": f"W#{shard}", ":t": before},
            )

    def mark_silent(self, store: Item) -> None:
        """Unless the store has been heard of meanwhile."""
        self._table.update_if(
            store["pk"],
            store["sk"],
            "SET silent_since = :at REMOVE watch",
            {":at": store["last_seen"]},
            "last_seen = :at",
        )

    # --- issues

    def add(
        self, owner: str, store: str, key: str, manifest: Mapping[str, Any], sent: Mapping[str, Any]
    ) -> None:
        """Indexes an issue once; applies to an earlier one what is about that."""
        notice = manifest.get("notice", "own")
        if notice == "amended":
            self._amend(store, manifest)
        elif notice in ("confirmed", "withdrawn"):
            self._settle(store, manifest)
        elif notice not in SUMS | FAULTS | ABOUT_ANOTHER:
            self._add(owner, store, key, manifest, sent)

    def issue(self, store: str, issue_id: str) -> Item | None:
        return self._table.get(f"S#{store}", f"I#{issue_id}")

    def of_owner(self, owner: str, after: str | None = None, *, is_todo: bool = False) -> Page:
        """His issues of all stores; only undecided ones if `is_todo`. One query."""
        name, field = ("todo", "todo") if is_todo else ("by_owner", "owner_id")
        return Page(*self._table.page(name, field, owner, after))

    def of_store(self, store: str, after: str | None = None) -> Page:
        return Page(*self._table.page("by_time", "pk", f"S#{store}", after))

    def decided(self, store: str, since: str) -> tuple[Item, ...]:
        """What the owner has opened or decided since then, newest first."""
        found = self._table.pages(
            IndexName="by_time",
            KeyConditionExpression="pk = :pk AND #at > :since",
            FilterExpression="attribute_exists(decided_at) OR attribute_exists(opened_at)",
            ExpressionAttributeNames={"#at": "at"},
            ExpressionAttributeValues={":pk": f"S#{store}", ":since": since},
            ScanIndexForward=False,
            ConsistentRead=True,
        )
        return tuple(found)[:MOST_DECISIONS]

    def open_now(self, store: str, issue_id: str) -> bool:
        """Notes that the owner has seen it; False where he had before."""
        return self._table.update_if(
            f"S#{store}",
            f"I#{issue_id}",
            "SET opened_at = :at",
            {":at": self._now()},
            "attribute_exists(pk) AND attribute_not_exists(opened_at)",
        )

    def decide(self, store: str, issue_id: str, decision: str, by: str) -> Item | None:
        """The issue with the decision; None where there is none such. May be repeated."""
        said = {"status": decision, "decided_at": self._now(), "decided_by": by}
        return self._change(store, issue_id, lambda issue: issue | said)

    def _amend(self, store: str, manifest: Mapping[str, Any]) -> None:
        """A payment came late, once. The owner's own word stands where he has given one."""

        def amended(issue: Item) -> Item | None:
            known = json.loads(issue.get("amended_by", "[]"))
            if issue["status"] not in UNDECIDED or manifest["id"] in known:
                return None
            paid_won = issue.get("paid_won", 0) + manifest["loss_won"]
            status = PAID if paid_won >= issue["loss_won"] else issue["status"]
            known = json.dumps([*known, manifest["id"]])
            return issue | {"status": status, "paid_won": paid_won, "amended_by": known}

        self._change(store, manifest["amends"], amended)

    def _settle(self, store: str, manifest: Mapping[str, Any]) -> None:
        """The empty store has confirmed a provisional issue, or has taken it back: then it costs
        nothing, whatever was said of it. Once; the owner's own word stands."""

        def settled(issue: Item) -> Item | None:
            if not issue.get("provisional"):
                return None
            changed = issue | {"provisional": False, "loss_won": 0}
            status = WITHDRAWN
            if manifest["notice"] == "confirmed":
                changed |= {"settled": True, "loss_won": manifest["loss_won"]}
                changed |= {"lines": _lines(manifest)}
                is_paid = changed["loss_won"] and changed.get("paid_won", 0) >= changed["loss_won"]
                status = PAID if is_paid else issue["status"]
            return changed | ({"status": status} if issue["status"] in UNDECIDED else {})

        self._change(store, manifest["amends"], settled)

    def _add(
        self, owner: str, store: str, key: str, manifest: Mapping[str, Any], sent: Mapping[str, Any]
    ) -> None:
        item = _issue_item(owner, store, key, manifest, sent) | {"expires_at": self._expiry()}
        self._table.put_if(item, "attribute_not_exists(pk)")
        self._count(store, item["id"])

    def _change(
        self, store: str, issue_id: str, change: Callable[[Item], Item | None]
    ) -> Item | None:
        """The issue, changed unless `change` gives None; None where there is none such."""
        for _ in range(TRIES):
            issue = self.issue(store, issue_id)
            changed = issue and change(issue)
            if issue is None or changed is None:
                return issue
            changed = _marked_todo(changed) | {"version": issue["version"] + 1}
            if self._table.put_if(changed, "version = :v", {":v": issue["version"]}):
                return self._count(store, issue_id)
        raise BusyIssue(f"{store}/{issue_id}: changed {TRIES} times while it was to be changed")

    def _count(self, store: str, issue_id: str) -> Item | None:
        """Makes the sums of its store and day those of the issue as it is now; may be repeated.

        Sets and one attribute an issue instead of counters: no event, however often it comes,
        counts twice, and no transaction is needed. Done again if the issue changed meanwhile.
        """
        issue = self.issue(store, issue_id)
        for _ in range(TRIES):
            if issue is None:
                return None
            self._write_sums(issue)
            now = self.issue(store, issue_id)
            if now is None or now["version"] == issue["version"]:
                return now
            issue = now
        return issue

    def _write_sums(self, issue: Item) -> None:
        owner, store = issue["owner_id"], issue["store"]
        one = frozenset({issue["id"]})
        if issue["status"] in UNDECIDED and issue["notice"] != TEST:
            said = {":one": one, ":n": issue["store_name"], ":t": issue["timezone"]}
            adding = "SET store_name = :n, #t = :t ADD open_ids :one"
            self._table.update(f"O#{owner}", f"S#{store}", adding, said, {"#t": "timezone"})
        else:
            self._table.update(f"O#{owner}", f"S#{store}", "DELETE open_ids :one", {":one": one})
        if issue["notice"] == TEST:
            return
        self._table.update(
            f"O#{owner}",
            f"D#{issue['local_date']}#{store}",
            "SET expires_at = :e, #i = :won",
            {":e": self._expiry(), ":won": _lost_won(issue)},
            {"#i": f"{OF_ISSUE}{issue['id']}"},
        )

    def _now(self) -> str:
        return datetime.fromtimestamp(self._wall_s(), UTC).isoformat(timespec="seconds")

    def _expiry(self) -> int:
        return int(self._wall_s()) + KEPT_FOR_S


def shard_of(store: str) -> str:
    """Spreads the stores over partitions that the check of their silence reads."""
    return f"W#{hashlib.sha256(store.encode()).digest()[0] % SHARDS}"


def _issue_item(
    owner: str, store: str, key: str, manifest: Mapping[str, Any], sent: Mapping[str, Any]
) -> Item:
    sealed_at = datetime.fromisoformat(manifest["sealed_at"])
    happened = (manifest.get("visit") or {}).get("ended_at") or manifest["sealed_at"]
    local = sealed_at.astimezone(zone(manifest["store"]["timezone"]))
    names = [entry["name"] for entry in manifest["files"]]
    return {
        "pk": f"S#{store}",
        "sk": f"I#{manifest['id']}",
        "at": f"{sealed_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}#{store}#{manifest['id']}"[:300],
        "owner_id": owner,
        "todo": owner,
        "store": store,
        "store_name": manifest["store"]["name"],
        "timezone": manifest["store"]["timezone"],
        "id": manifest["id"],
        "number": manifest["number"],
        "notice": manifest.get("notice", "own"),
        "status": OPEN,
        "version": 1,
        "key": key,
        "happened_at": happened,
        "local_date": f"{local:%Y-%m-%d}",
        "lines": _lines(manifest),
        "loss_won": manifest["loss_won"],
        "paid_won": 0,
        "provisional": manifest.get("provisional") is True,
        "text": sent["text"],
        "picture": next((n for n in names if n.endswith((".jpg", ".jpeg"))), ""),
    }


def _lines(manifest: Mapping[str, Any]) -> str:
    lines = [
        {k: line.get(k, 0) for k in ("product", "missing", "loss", "certainty")}
        | {k: line[k] for k in ("shelf", "kiosk") if isinstance(line.get(k), int)}
        for line in manifest["lines"][:50]
    ]
    return json.dumps(lines, ensure_ascii=False)


def _marked_todo(issue: Item) -> Item:
    rest = {name: value for name, value in issue.items() if name != "todo"}
    return rest | ({"todo": issue["owner_id"]} if issue["status"] in UNDECIDED else {})


def _lost_won(issue: Item) -> int:
    if issue["status"] in NO_LOSS:
        return 0
    return int(max(0, issue["loss_won"] - issue.get("paid_won", 0)))


def _won_of(day: Item) -> list[int]:
    """Won lost by each issue of a day."""
    return [won for name, won in day.items() if name.startswith(OF_ISSUE)]


def _date_of(day: Item) -> date:
    return date.fromisoformat(day["sk"].split("#")[1])
