"""AWS as moto plays it, over HTTP on loopback; nothing of this machine's AWS set-up is used."""

import importlib
import io
import itertools
import json
import sys
import zipfile
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import boto3
import botocore.session
import pytest
import yaml
from botocore import loaders
from moto.server import ThreadedMotoServer

from storeguard.cloud import notifier, template
from storeguard.domain.issue import Issue, IssueLine, IssueStore
from storeguard.domain.notice import Telling
from storeguard.outbox import folder as outbox
from storeguard.outbox.s3 import S3Store

REGION = "ap-northeast-2"
SMS_REGION = "ap-northeast-1"
AT = datetime(2026, 11, 20, 13, 21, 4, tzinfo=UTC)
STORE = IssueStore("gangnam-1", "강남 1호점", "ko", "Asia/Seoul")

_serial = itertools.count(1)


class Tagged(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
    """Reads `!Ref x` as {"Ref": "x"}, and so on."""


def _tagged(loader, suffix, node):
    value = {
        yaml.ScalarNode: loader.construct_scalar,
        yaml.SequenceNode: lambda n: loader.construct_sequence(n, deep=True),
        yaml.MappingNode: lambda n: loader.construct_mapping(n, deep=True),
    }[type(node)](node)
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Tagged.add_multi_constructor("!", _tagged)


def document(stack):
    """A template as CloudFormation reads it."""
    return yaml.load(template.template(stack), Tagged)


def make_index(dynamodb, name):
    """The table of the template, by DynamoDB's own API."""
    dynamodb.create_table(TableName=name, **template.table("Index"))


@pytest.fixture(autouse=True)
def _no_aws_of_this_machine(monkeypatch, tmp_path):
    for name, value in {
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_CONFIG_FILE": str(tmp_path / "no-config"),
        "AWS_SHARED_CREDENTIALS_FILE": str(tmp_path / "no-credentials"),
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_DEFAULT_REGION": REGION,
    }.items():
        monkeypatch.setenv(name, value)
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_REGION"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session", autouse=True)
def _models_of_aws_are_read_once():
    """Each session of boto3 reads its megabytes of JSON anew: a third of what a client costs."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(botocore.session, "create_loader", cache(loaders.create_loader))
        yield


@pytest.fixture(scope="session")
def moto_url():
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@dataclass
class Cloud:
    """A bucket that tells a queue of new manifests, a topic with a reader, a table."""

    url: str
    bucket: str
    table: str
    index: str
    topic_arn: str
    events_url: str
    phone_url: str
    s3: Any
    sqs: Any
    phone: Any
    dynamodb: Any

    def events(self):
        """The S3 events that have arrived since the last look, as SQS messages."""
        return self._drained(self.sqs, self.events_url)

    def messages(self):
        """The texts that went out since the last look."""
        return [m["Body"] for m in self._drained(self.phone, self.phone_url)]

    def objects(self):
        found = self.s3.list_objects_v2(Bucket=self.bucket).get("Contents", [])
        return [entry["Key"] for entry in found]

    def receipt(self, issue_id, store="gangnam-1"):
        key = f"receipts/{store}/{issue_id}.json"
        return json.loads(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())

    def store(self):
        return S3Store(self.bucket, REGION, self.url)

    @staticmethod
    def _drained(sqs, url):
        found = []
        while batch := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in batch:
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found += batch
        return found


@pytest.fixture
def client(moto_url):
    """Makes boto3 clients for moto and closes them."""
    made = []

    def make(service, region=REGION, **options):
        made.append(boto3.client(service, region_name=region, endpoint_url=moto_url, **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


@pytest.fixture
def cloud(moto_url, client, monkeypatch):
    name = f"store-{next(_serial)}"
    s3, sqs, dynamodb = client("s3"), client("sqs"), client("dynamodb")
    sns, phone = client("sns", SMS_REGION), client("sqs", SMS_REGION)
    events_url, events_arn = _queue(sqs, f"{name}-events")
    phone_url, phone_arn = _queue(phone, f"{name}-phone")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    _tell_of_manifests(s3, name, events_arn)
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )
    make_index(dynamodb, f"{name}-index")
    topic_arn = sns.create_topic(Name=name)["TopicArn"]
    raw = {"RawMessageDelivery": "true"}
    sns.subscribe(TopicArn=topic_arn, Protocol="sqs", Endpoint=phone_arn, Attributes=raw)
    for key, value in {
        "BUCKET": name,
        "TABLE": name,
        "INDEX": f"{name}-index",
        "TOPIC_ARN": topic_arn,
        "SMS_REGION": SMS_REGION,
        "AWS_ENDPOINT_URL": moto_url,
    }.items():
        monkeypatch.setenv(key, value)
    return Cloud(
        url=moto_url,
        bucket=name,
        table=name,
        index=f"{name}-index",
        topic_arn=topic_arn,
        events_url=events_url,
        phone_url=phone_url,
        s3=s3,
        sqs=sqs,
        phone=phone,
        dynamodb=dynamodb,
    )


def _queue(sqs, name):
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    return url, attributes["QueueArn"]


def _tell_of_manifests(s3, bucket, queue_arn):
    told = [
        {
            "QueueArn": queue_arn,
            "Events": ["s3:ObjectCreated:*"],
            "Filter": {"Key": {"FilterRules": [{"Name": "suffix", "Value": name}]}},
        }
        for name in ("issue.json", "notice.json")
    ]
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration={"QueueConfigurations": told}
    )


@pytest.fixture(scope="session")
def deployed(tmp_path_factory):
    """The modules of the zip that is deployed, unpacked: `deployed("notifier")`."""
    folder = tmp_path_factory.mktemp("code")
    zipfile.ZipFile(io.BytesIO(template.code())).extractall(folder)
    sys.path.insert(0, str(folder))
    yield lambda name: importlib.import_module(f"{template.PACKAGE}.{name}")
    sys.path.remove(str(folder))


@pytest.fixture(params=["module", "deployed"])
def lambda_module(request, cloud, deployed):
    """The notifier as a module, and as it comes out of the zip that is deployed."""
    module = notifier if request.param == "module" else deployed("notifier")
    module.notifier.cache_clear()
    yield module
    if module.notifier.cache_info().currsize:
        clients = module.notifier()._clients
        for one in (clients.s3, clients.dynamodb, clients.sns):
            one.close()
    module.notifier.cache_clear()


@pytest.fixture
def sealed(tmp_path):
    """Seals an issue with a picture and two clips; `seal(id)` gives its folder."""
    for name in ("picture", "one", "two"):
        (tmp_path / name).write_bytes(name.encode() * 100)

    def seal(
        issue_id="2026-11-20_22-21-04.123456", product="바나나우유", telling=Telling.OWN
    ) -> Path:
        lines = (IssueLine(product, 4, 5, 1, 1500, 1.0),)
        why = {"ko": ("이유",)}
        issue = Issue(issue_id, 7, STORE, AT, True, AT, AT, lines, why, telling=telling)
        clips = [tmp_path / "one", tmp_path / "two"]
        return outbox.seal(
            tmp_path / "issue_data", issue, tmp_path / "picture", clips, picture_time_label="at"
        )

    return seal
