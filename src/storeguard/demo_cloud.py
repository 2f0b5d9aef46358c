"""AWS on loopback for the demo, in a child process: moto, and the real functions on it.

The child prints one JSON line when it is ready (`endpoint`, the `page` behind the SMS, and the
owner's `password` for it), and one for each SMS that would reach the owner's phone. It ends when
its standard input is closed.
"""

import json
import logging
import os
import secrets
import sys
import threading
from collections.abc import Mapping
from typing import Any

from storeguard.clock import SystemClock
from storeguard.cloud import template
from storeguard.demo_page import PageServer

BUCKET, TABLE, TOPIC = "storeguard-demo", "storeguard-demo-sent", "storeguard-demo-notices"
INDEX, OWNER = "storeguard-demo-index", "owner"
S3_REGION, SMS_REGION = "ap-northeast-2", "ap-northeast-1"
POLL_S = 0.05

CREDENTIALS: Mapping[str, str] = {
    "AWS_ACCESS_KEY_ID": "demo",
    "AWS_SECRET_ACCESS_KEY": "demo",
    "AWS_DEFAULT_REGION": S3_REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""What the demo signs with; nothing leaves this machine."""


def serve(language: str = "ko") -> None:
    """Runs the cloud until standard input ends. `language`: of the page."""
    from moto.server import ThreadedMotoServer

    logging.disable(logging.WARNING)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    os.environ.update(CREDENTIALS, AWS_ENDPOINT_URL=f"http://{host}:{port}")
    cloud = _Cloud(language)
    page = PageServer(cloud.page)
    endpoint = os.environ["AWS_ENDPOINT_URL"]
    _say({"endpoint": endpoint, "page": page.url, "password": cloud.password})
    ended = threading.Event()
    threading.Thread(target=_wait_for_end, args=(ended,), daemon=True).start()
    while not ended.wait(POLL_S):
        cloud.deliver()
    page.close()
    server.stop()


class _Cloud:
    """The parts that the CloudFormation template describes, put together by hand."""

    def __init__(self, language: str) -> None:
        import boto3

        self._sqs = boto3.client("sqs")
        self._events, self._beats = (
            self._sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("events", "beats")
        )
        topic_arn = self._make_topic(boto3.client("sns", region_name=SMS_REGION))
        self._make_bucket(boto3.client("s3"))
        os.environ.update(
            BUCKET=BUCKET,
            TABLE=TABLE,
            INDEX=INDEX,
            TOPIC_ARN=topic_arn,
            SMS_REGION=SMS_REGION,
            LANGUAGE=language,
            SILENT_AFTER_MIN="20",
        )
        self.password = secrets.token_urlsafe(9)
        self._make_tables(boto3.client("dynamodb"))

    def deliver(self) -> None:
        """S3's events to the functions' handlers, their messages to the phone."""
        from storeguard.cloud import notifier, watcher

        for event in self._take(self._sqs, self._events):
            notifier.handler(event, None)
        for event in self._take(self._sqs, self._beats):
            if "Records" in event:
                watcher.handler(event, None)
        for notice in self._take(self._phone_sqs, self._phone):
            _say({"sms": notice["Message"]})

    @staticmethod
    def page(event: Mapping[str, Any]) -> Mapping[str, Any]:
        from storeguard.cloud.page import handler

        return handler(event, None)

    @staticmethod
    def _take(sqs: Any, queue: str) -> list[dict[str, Any]]:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=0)
        messages = answer.get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
        return [json.loads(message["Body"]) for message in messages]

    def _make_tables(self, dynamodb: Any) -> None:
        from storeguard.cloud.login import Logins

        clock = SystemClock()
        for name, kind in ((TABLE, "Sent"), (INDEX, "Index")):
            dynamodb.create_table(TableName=name, **template.table(kind))
        Logins(INDEX, dynamodb, lambda: clock.utc().timestamp()).set_password(OWNER, self.password)

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
        told = {"issue.json": self._events, "notice.json": self._events, "hb.json": self._beats}
        rules = [
            {
                "QueueArn": self._arn(self._sqs, queue),
                "Events": ["s3:ObjectCreated:*"],
                "Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": name}]}},
            }
            for name, queue in told.items()
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
    serve(*sys.argv[1:])
