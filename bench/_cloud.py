"""The account as the benches play it on moto: bucket with its events, tables, topic, notifier."""

from typing import Any

import boto3

from storeguard.cloud.clients import Clients
from storeguard.cloud.notifier import Notifier, Settings
from storeguard.domain.delivery import NOTICE
from storeguard.domain.issue import MANIFEST

REGION = "ap-northeast-2"


def client(service: str, url: str) -> Any:
    return boto3.client(service, region_name=REGION, endpoint_url=url)  # type: ignore[call-overload]


class Cloud:
    """One bucket and what hangs on it. `sns`: a stand-in; else a topic whose phone is a queue."""

    def __init__(self, url: str, bucket: str, sns: Any = None) -> None:
        self.bucket = bucket
        self.s3, self._sqs = client("s3", url), client("sqs", url)
        self._events, events_arn = self._queue(f"{bucket}-events")
        self._make_bucket(events_arn)
        dynamodb = client("dynamodb", url)
        dynamodb.create_table(
            TableName=bucket,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        )
        topic_arn = "topic"
        if sns is None:
            sns, topic_arn = self._topic(url)
        settings = Settings(bucket, bucket, topic_arn, REGION)
        self.notifier = Notifier(settings, Clients(self.s3, dynamodb, sns))

    def arrived(self) -> list[dict[str, Any]]:
        """Events of the bucket since the last look."""
        return self._drained(self._events)

    def messages(self) -> list[dict[str, Any]]:
        """What has reached the phone since the last look."""
        return self._drained(self._phone)

    def content(self, key: str) -> bytes | None:
        try:
            content: bytes = self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except self.s3.exceptions.NoSuchKey:
            return None
        return content

    def _topic(self, url: str) -> tuple[Any, str]:
        sns = client("sns", url)
        self._phone, phone_arn = self._queue(f"{self.bucket}-phone")
        topic_arn = str(sns.create_topic(Name=self.bucket)["TopicArn"])
        sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=phone_arn)
        return sns, topic_arn

    def _make_bucket(self, events_arn: str) -> None:
        where = {"LocationConstraint": REGION}
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration=where)
        told = [
            {
                "QueueArn": events_arn,
                "Events": ["s3:ObjectCreated:*"],
                "Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": name}]}},
            }
            for name in (MANIFEST, NOTICE)
        ]
        self.s3.put_bucket_notification_configuration(
            Bucket=self.bucket, NotificationConfiguration={"QueueConfigurations": told}
        )

    def _queue(self, name: str) -> tuple[str, str]:
        url = self._sqs.create_queue(QueueName=name)["QueueUrl"]
        answer = self._sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
        return url, answer["Attributes"]["QueueArn"]

    def _drained(self, url: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        ask = {"QueueUrl": url, "MaxNumberOfMessages": 10}
        while batch := self._sqs.receive_message(**ask).get("Messages"):
            for message in batch:
                self._sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found += batch
        return found
