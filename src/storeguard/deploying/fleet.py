"""`storeguard fleet`: an owner's stores and their issues, from the index."""

from collections.abc import Iterator
from typing import Any

from storeguard.cloud.evidence import Evidence
from storeguard.cloud.index import Index, StoreRow
from storeguard.deploying.account import Account, explained
from storeguard.deploying.deployment import deployed_account


class Fleet:
    """`wall_s` gives seconds since 1970."""

    def __init__(self, account: Account, owner: str, wall_s: Any) -> None:
        self._owner = owner
        resources = deployed_account(account).resources
        self._table = resources["Index"]
        self._index = Index(self._table, account.client("dynamodb"), wall_s)
        self._evidence = Evidence(resources["Evidence"], account.client("s3"), self._index, wall_s)

    def stores(self, part: str, *, is_attention: bool) -> Iterator[dict[str, Any]]:
        """Those whose name or id has `part` in it; only those that need a look, on wish."""
        with explained(f"the table {self._table}"):
            rows = self._index.fleet(self._owner)
        for row in rows:
            if part.lower() in f"{row.name} {row.id}".lower() and (
                row.needs_a_look or not is_attention
            ):
                yield _record(row)

    def issues(self, store: str) -> Iterator[dict[str, Any]]:
        """The last issues of one store, with addresses that are good for a quarter of an hour."""
        with explained(f"the table {self._table}"):
            page = self._index.of_store(store)
        for issue in page.issues:
            if issue["owner_id"] == self._owner:
                yield {
                    "id": issue["id"],
                    "number": issue["number"],
                    "happened_at": issue["happened_at"],
                    "status": issue["status"],
                    "loss_won": issue["loss_won"],
                    "text": issue["text"],
                    "picture": self._evidence.picture(issue) or None,
                }


def _record(row: StoreRow) -> dict[str, Any]:
    return {
        "store": row.id,
        "name": row.name,
        "last_seen": row.last_seen,
        "silent_since": row.silent_since,
        "open_issues": row.open_issues,
        "issues_week": row.issues_week,
        "loss_won_week": row.loss_won_week,
        "blind_s_week": row.blind_s_week,
        "blind_since": row.blind_since,
        "faults": list(row.faults),
    }
