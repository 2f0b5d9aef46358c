"""AWS on loopback for the demo, in a child process: moto's S3, and the real notifier.

The child prints one JSON line when it is ready (`endpoint`), and one for each SMS that would
reach the owner's phone. It ends when its standard input is closed.
"""

import json
import logging
import os
import sys
import threading
from collections.abc import Mapping
from typing import Any

BUCKET, TABLE, TOPIC = "storeguard-demo", "storeguard-demo-sent", "storeguard-demo-notices"
S3_REGION, SMS_REGION = "ap-northeast-2", "ap-northeast-1"
POLL_S = 0.05

CREDENTIALS: Mapping[str, str] = {
    "AWS_ACCESS_KEY_ID": "demo",
    "AWS_SECRET_ACCESS_KEY": "demo",
    "AWS_DEFAULT_REGION": S3_REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""What the demo signs with; nothing leaves this machine."""


def serve() -> None:
    """Runs the cloud until standard input ends."""
    from moto.server import ThreadedMotoServer

    logging.disable(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    os.environ.update(CREDENTIALS, AWS_ENDPOINT_URL=f"http://{host}:{port}")
    cloud = _Cloud()
    _say({"endpoint": os.environ["AWS_ENDPOINT_URL"]})
    ended = threading.Event()
    threading.Thread(target=_wait_for_end, args=(ended,), daemon=True).start()
    while not ended.wait(POLL_S):
        cloud.deliver()
    server.stop()


class _Cloud:
    """The parts that the CloudFormation template describes, put together by hand."""

    def __init__(self) -> None:
        import boto3

        self._sqs = boto3.client("sqs")
        self._events = self._sqs.create_queue(QueueName="events")["QueueUrl"]
        self._make_table(boto3.client("dynamodb"))
        topic_arn = self._make_topic(boto3.client("sns", region_name=SMS_REGION))
        self._make_bucket(boto3.client("s3"))
        os.environ.update(BUCKET=BUCKET, TABLE=TABLE, TOPIC_ARN=topic_arn, SMS_REGION=SMS_REGION)

    def deliver(self) -> None:
        """S3's events to the notifier's handler, its messages to the phone."""
        from storeguard.cloud.notifier import handler

        for event in self._take(self._sqs, self._events):
            handler(event, None)
        for notice in self._take(self._phone_sqs, self._phone):
            _say({"sms": notice["Message"]})

    @staticmethod
    def _take(sqs: Any, queue: str) -> list[dict[str, Any]]:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=0)
        messages = answer.get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in messages]

    def _make_table(self, dynamodb: Any) -> None:
        dynamodb.create_table(
            TableName=TABLE,
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            BillingMode="PAY_PER_REQUEST",
        )

    def _make_topic(self, sns: Any) -> str:
        """The owner's phone is a queue here: SNS hands it what it would send as an SMS."""
        import boto3

        topic_arn = str(sns.create_topic(Name=TOPIC)["TopicArn"])
        self._phone_sqs = boto3.client("sqs", region_name=SMS_REGION)
        self._phone = self._phone_sqs.create_queue(QueueName="phone")["QueueUrl"]
        sns.subscribe(
            TopicArn=topic_arn, Protocol="sqs", Endpoint=self._arn(self._phone_sqs, self._phone)
        )
        return topic_arn

    def _make_bucket(self, s3: Any) -> None:
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": S3_REGION})
        queue = self._arn(self._sqs, self._events)
        rules = [
            {
                "QueueArn": queue,
                "Events": ["s3:ObjectCreated:*"],
                "Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": name}]}},
            }
            for name in ("issue.json", "notice.json")
        ]
        s3.put_bucket_notification_configuration(
            Bucket=BUCKET, NotificationConfiguration={"QueueConfigurations": rules}
        )

    @staticmethod
    def _arn(sqs: Any, queue: str) -> str:
        answer = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])
        return str(answer["Attributes"]["QueueArn"])


def _say(record: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def _wait_for_end(ended: threading.Event) -> None:
    sys.stdin.read()
    ended.set()


if __name__ == "__main__":
    serve()
