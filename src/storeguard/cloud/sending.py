"""One message goes out once: the table remembers each message's id, `sending` and then `sent`.

A function that dies between publishing and recording leaves `sending`, which is tried again
after two minutes: two messages at most then, never none.
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

STALE_AFTER_S = 120
REMEMBERED_FOR_S = 40 * 24 * 3600

FREE = "attribute_not_exists(id) OR (phase = :sending AND since < :stale)"

TRANSACTIONAL = {
    "AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"},
}


class StillSending(Exception):
    """Another run has this message in hand; whoever called has to call again."""


@dataclass(frozen=True, slots=True)
class Sender:
    """`topic_arn` may hold `{owner}`: each owner has a topic. `wall_s`: seconds since 1970."""

    table: str
    topic_arn: str
    dynamodb: Any
    sns: Any
    wall_s: Callable[[], float] = time.time

    def send(self, message_id: str, owner: str, text: str) -> dict[str, Any]:
        """What was sent under this id: now, or before. Raises StillSending, ClientError."""
        return self._claim(message_id) or self._publish(message_id, owner, text)

    def now(self) -> str:
        return datetime.fromtimestamp(self.wall_s(), UTC).isoformat(timespec="seconds")

    def _claim(self, message_id: str) -> dict[str, Any] | None:
        """None when the message is ours to send; what was sent when it was."""
        from botocore.exceptions import ClientError

        now_s = int(self.wall_s())
        try:
            self.dynamodb.put_item(
                TableName=self.table,
                Item={
                    "id": {"S": message_id},
                    "phase": {"S": "sending"},
                    "since": {"N": str(now_s)},
                    "expires_at": {"N": str(now_s + REMEMBERED_FOR_S)},
                },
                ConditionExpression=FREE,
                ExpressionAttributeValues={
                    ":sending": {"S": "sending"},
                    ":stale": {"N": str(now_s - STALE_AFTER_S)},
                },
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
                raise
            return self._sent(message_id)
        return None

    def _sent(self, message_id: str) -> dict[str, Any]:
        found = self.dynamodb.get_item(
            TableName=self.table, Key={"id": {"S": message_id}}, ConsistentRead=True
        ).get("Item", {})
        if "sent" not in found:
            raise StillSending(f"another run has been sending it since {found.get('since')}")
        return dict(json.loads(found["sent"]["S"]))

    def _publish(self, message_id: str, owner: str, text: str) -> dict[str, Any]:
        from botocore.exceptions import ClientError

        try:
            answer = self.sns.publish(
                TopicArn=self.topic_arn.replace("{owner}", owner),
                Message=text,
                MessageAttributes=TRANSACTIONAL,
            )
        except ClientError:  # refused, so nothing went out: the next run need not wait
            self.dynamodb.delete_item(TableName=self.table, Key={"id": {"S": message_id}})
            raise
        sent = {"text": text, "message_id": answer["MessageId"], "sent_at": self.now()}
        self.dynamodb.update_item(
            TableName=self.table,
            Key={"id": {"S": message_id}},
            UpdateExpression="SET phase = :phase, sent = :sent",
            ExpressionAttributeValues={
                ":phase": {"S": "sent"},
                ":sent": {"S": json.dumps(sent, ensure_ascii=False)},
            },
        )
        return sent
