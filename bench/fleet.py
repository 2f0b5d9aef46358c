"""What one look at the owner's page reads, and what it costs, while others' stores grow in number.

One owner with 50 stores and 10,000 issues in the index, on moto's DynamoDB; then three others
beside him with as many each. One store is filled by the index itself, all others are copies of its
items: moto takes a tenth of a second for an issue that the index adds. Each view (what is to
decide, all issues, fleet, one store) is asked for through the page's own function, and every item
that DynamoDB hands over is counted and turned into read units as AWS counts them: 4 KB a unit for
strong reads, 8 KB for others, by query.
Ends with 1 where a view reads more because of others, or more than its bound.

    python bench/fleet.py [--stores N] [--issues N]
"""

import argparse
import json
import logging
import os
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
from moto import mock_aws

from _report import report
from storeguard.cloud import template
from storeguard.cloud.index import Index
from storeguard.cloud.login import Logins
from storeguard.cloud.page import COOKIE, Page, Settings

REGION, TABLE, BUCKET = "ap-northeast-2", "index", "evidence"
USD_A_MILLION_UNITS = 0.1425
NOW = datetime(2026, 11, 20, 14, tzinfo=UTC)
MOST_UNITS = 80.0
OTHERS = 3
OWNER, STORE = "pattern-owner", "pattern-store"
Item = Mapping[str, Any]
SENT = {"text": "[강남 1호점] 재고 불일치: 바나나우유 1 (-1,500원) 22:21 #7"}


class Counted:
    """DynamoDB, and what it has handed over: items, bytes, read units."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self.items, self.units, self.calls = 0, 0.0, 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def query(self, **asked: Any) -> Any:
        answer = self._real.query(**asked)
        self._count(answer["Items"], is_strong=bool(asked.get("ConsistentRead")))
        return answer

    def get_item(self, **asked: Any) -> Any:
        answer = self._real.get_item(**asked)
        self._count([answer.get("Item", {})], is_strong=bool(asked.get("ConsistentRead")))
        return answer

    def _count(self, items: list[Mapping[str, Any]], *, is_strong: bool) -> None:
        size = sum(map(_bytes, items))
        blocks = max(1, -(-size // 4096))
        self.items += len(items)
        self.units += blocks if is_strong else blocks / 2
        self.calls += 1


def _bytes(item: Mapping[str, Any]) -> int:
    """As AWS sizes an item: names and values in UTF-8."""
    return sum(
        len(name.encode()) + len(str(next(iter(v.values()))).encode()) for name, v in item.items()
    )


def main() -> int:
    wanted = _arguments()
    logging.disable(logging.WARNING)
    os.environ |= {"AWS_ACCESS_KEY_ID": "bench", "AWS_SECRET_ACCESS_KEY": "bench"}
    with mock_aws():
        dynamodb = boto3.client("dynamodb", region_name=REGION)
        dynamodb.create_table(TableName=TABLE, **template.table("Index"))
        pattern = _pattern(dynamodb, -(-wanted.issues // wanted.stores))
        _open(dynamodb, "owner", wanted.stores, pattern)
        alone = _views(dynamodb)
        for number in range(OTHERS):
            _open(dynamodb, f"other-{number}", wanted.stores, pattern)
        beside = _views(dynamodb)
        held = sum(item["sk"]["S"].startswith("I#") for item in _items(dynamodb))
    size = {"stores": wanted.stores, "issues": wanted.issues, "issues_of_all_owners": held}
    for name, (calls, items, units) in beside.items():
        report(
            f"fleet view: {name}",
            **size,
            calls=calls,
            items=items,
            read_units=units,
            read_units_alone=alone[name][2],
            usd_a_million_views=round(units * USD_A_MILLION_UNITS, 2),
        )
    is_good = beside == alone and all(units <= MOST_UNITS for _, _, units in beside.values())
    return 0 if is_good else 1


def _views(dynamodb: Any) -> dict[str, tuple[int, int, float]]:
    s3 = boto3.client("s3", region_name=REGION)
    logins = Logins(TABLE, dynamodb, NOW.timestamp)
    logins.set_password("owner", "a password of the bench")
    token = logins.log_in("owner", "a password of the bench", "203.0.113.7")
    found = {}
    for name, path, query in (
        ("to decide", "/", ""),
        ("all issues", "/", "show=all"),
        ("fleet", "/stores", ""),
        ("one store", "/stores/owner-0", ""),
    ):
        counted = Counted(dynamodb)
        page = Page(Settings(BUCKET, TABLE, "ko"), s3, counted, NOW.timestamp)
        answer = page.handle(
            {
                "rawPath": path,
                "rawQueryString": query,
                "headers": {},
                "cookies": [f"{COOKIE}={token}"],
                "requestContext": {"http": {"method": "GET", "sourceIp": "203.0.113.7"}},
            }
        )
        assert answer["statusCode"] == 200, answer
        found[name] = (counted.calls, counted.items, counted.units)
    return found


def _pattern(dynamodb: Any, issues: int) -> list[Item]:
    """A store as the index writes it: nine in ten issues decided, as by an owner who looks."""
    index = Index(TABLE, dynamodb, NOW.timestamp)
    index.give(STORE, STORE, OWNER)
    for number in range(issues):
        one = _manifest(STORE, number, NOW - timedelta(days=30) * number / issues)
        index.add(OWNER, STORE, f"{STORE}/2026/11/{one['id']}/issue.json", one, SENT)
        if number % 10:
            index.decide(STORE, one["id"], "confirm", OWNER)
    return _items(dynamodb)


def _open(dynamodb: Any, owner: str, stores: int, pattern: list[Item]) -> None:
    """Stores of this owner, each as the pattern is, item by item."""
    told = json.dumps(pattern, ensure_ascii=False).replace(OWNER, owner)
    for number in range(stores):
        copies = json.loads(told.replace(STORE, f"{owner}-{number}"))
        for some in (copies[at : at + 25] for at in range(0, len(copies), 25)):
            asked = [{"PutRequest": {"Item": item}} for item in some]
            answer = dynamodb.batch_write_item(RequestItems={TABLE: asked})
            assert not answer["UnprocessedItems"]


def _items(dynamodb: Any) -> list[Item]:
    pages = dynamodb.get_paginator("scan").paginate(TableName=TABLE)
    return [item for page in pages for item in page["Items"]]


def _manifest(store: str, number: int, at: datetime) -> dict[str, Any]:
    line = {"product": "바나나우유", "shelf": 4, "kiosk": 5, "missing": 1}
    return {
        "id": f"{at:%Y-%m-%d_%H-%M-%S}.{number:06}",
        "number": number,
        "store": {"id": store, "name": store, "language": "ko", "timezone": "Asia/Seoul"},
        "sealed_at": at.isoformat(),
        "visit": None,
        "lines": [line | {"loss": 1500, "certainty": 1.0}],
        "loss_won": 1500,
        "files": [{"name": "at.jpg", "bytes": 1, "sha256": "0" * 64}],
    }


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stores", type=int, default=50)
    parser.add_argument("--issues", type=int, default=10_000)
    return parser.parse_args()


if __name__ == "__main__":
    raise SystemExit(main())
