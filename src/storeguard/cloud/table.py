"""One DynamoDB table in plain values: strings and sets of them, whole numbers, yes, no, nothing."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

PAGE = 30
TRIES = 8
"""Two writers of one item may meet; the condition then holds for one of them."""

Item = dict[str, Any]

PLAIN: Mapping[str, Callable[[Any], Any]] = {
    "N": int,
    "BOOL": bool,
    "NULL": lambda _: None,
    "SS": frozenset,
}


class Table:
    """Raises botocore's ClientError, but for a condition that does not hold."""

    def __init__(self, name: str, dynamodb: Any) -> None:
        self._table = name
        self._dynamodb = dynamodb

    def get(self, pk: str, sk: str) -> Item | None:
        answer = self._dynamodb.get_item(
            TableName=self._table, Key=_raw({"pk": pk, "sk": sk}), ConsistentRead=True
        )
        return _plain(answer["Item"]) if "Item" in answer else None

    def put(self, item: Item) -> None:
        self._dynamodb.put_item(TableName=self._table, Item=_raw(item))

    def put_if(self, item: Item, condition: str, values: Mapping[str, Any] | None = None) -> bool:
        """False where the condition does not hold."""
        put = {"TableName": self._table, "Item": _raw(item), "ConditionExpression": condition}
        more = {"ExpressionAttributeValues": _raw(values)} if values else {}
        return _holds(lambda: self._dynamodb.put_item(**put, **more))

    def delete(self, pk: str, sk: str) -> None:
        self._dynamodb.delete_item(TableName=self._table, Key=_raw({"pk": pk, "sk": sk}))

    def count(self, pk: str, sk: str, expires_at: int) -> int:
        """How often this has been called for the item, this time included."""
        answer = self._dynamodb.update_item(
            TableName=self._table,
            Key=_raw({"pk": pk, "sk": sk}),
            UpdateExpression="SET expires_at = :e ADD times :one",
            ExpressionAttributeValues=_raw({":e": expires_at, ":one": 1}),
            ReturnValues="UPDATED_NEW",
        )
        return int(answer["Attributes"]["times"]["N"])

    def update(
        self,
        pk: str,
        sk: str,
        expression: str,
        values: Mapping[str, Any],
        names: Mapping[str, str] | None = None,
    ) -> None:
        self._dynamodb.update_item(**self._updating(pk, sk, expression, values, names))

    def update_if(
        self,
        pk: str,
        sk: str,
        expression: str,
        values: Mapping[str, Any],
        condition: str,
        names: Mapping[str, str] | None = None,
    ) -> bool:
        """False where the condition does not hold."""
        update = self._updating(pk, sk, expression, values, names)
        return _holds(lambda: self._dynamodb.update_item(**update, ConditionExpression=condition))

    def _updating(
        self,
        pk: str,
        sk: str,
        expression: str,
        values: Mapping[str, Any],
        names: Mapping[str, str] | None,
    ) -> Item:
        named = {"ExpressionAttributeNames": dict(names)} if names else {}
        return {
            "TableName": self._table,
            "Key": _raw({"pk": pk, "sk": sk}),
            "UpdateExpression": expression,
            "ExpressionAttributeValues": _raw(values),
            **named,
        }

    def query(self, pk: str, prefix: str) -> tuple[Item, ...]:
        return tuple(
            self.pages(
                KeyConditionExpression="pk = :pk AND begins_with(sk, :sk)",
                ExpressionAttributeValues={":pk": pk, ":sk": prefix},
            )
        )

    def query_between(self, pk: str, first: str, last: str) -> tuple[Item, ...]:
        return tuple(
            self.pages(
                KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
                ExpressionAttributeValues={":pk": pk, ":first": first, ":last": last},
            )
        )

    def pages(self, **query: Any) -> Iterable[Item]:
        query["ExpressionAttributeValues"] = _raw(query["ExpressionAttributeValues"])
        while True:
            answer = self._dynamodb.query(TableName=self._table, **query)
            yield from map(_plain, answer["Items"])
            if "LastEvaluatedKey" not in answer:
                return
            query["ExclusiveStartKey"] = answer["LastEvaluatedKey"]

    def page(
        self, index: str, field: str, value: str, after: str | None
    ) -> tuple[tuple[Item, ...], str | None]:
        """Reads PAGE items, not one more: what lies before them costs nothing."""
        condition, values = "#f = :v", {":v": value}
        if after is not None:
            condition, values = condition + " AND #at < :after", values | {":after": after}
        names = {"#f": field} | ({"#at": "at"} if after is not None else {})
        answer = self._dynamodb.query(
            TableName=self._table,
            IndexName=index,
            KeyConditionExpression=condition,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=_raw(values),
            ScanIndexForward=False,
            Limit=PAGE,
        )
        issues = tuple(map(_plain, answer["Items"]))
        return issues, issues[-1]["at"] if "LastEvaluatedKey" in answer else None


def _holds(write: Callable[[], object]) -> bool:
    from botocore.exceptions import ClientError

    try:
        write()
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False
    return True


def _raw(item: Mapping[str, Any]) -> dict[str, Any]:
    """As DynamoDB takes it."""
    return {name: _typed(value) for name, value in item.items()}


def _typed(value: Any) -> dict[str, Any]:
    if value is None:
        return {"NULL": True}
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, frozenset):
        return {"SS": sorted(value)}
    return {"N": str(value)} if isinstance(value, int) else {"S": value}


def _plain(item: Mapping[str, Any]) -> Item:
    plain: Item = {}
    for name, typed in item.items():
        [(kind, value)] = typed.items()
        plain[name] = PLAIN.get(kind, str)(value)
    return plain
