"""The template: clean, deployable as it stands, and what it allows the device."""

import ast
import json
import urllib.request
from collections import Counter
from pathlib import Path

import boto3
import pytest
import yaml
from botocore.exceptions import ClientError
from cfnlint.api import ManualArgs, lint

from storeguard.cloud import template
from storeguard.outbox.s3 import S3Store

REGION = "ap-northeast-2"
TOKYO_TOPIC = "arn:aws:sns:ap-northeast-1:123456789012:storeguard"
NOT_KNOWN_TO_MOTO = {"EvidencePolicy"}

# moto says so about bucket policies; the policy is put through S3's own API below.
pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse AWS..S3..BucketPolicy:UserWarning")


class Tagged(yaml.SafeLoader):
    """Reads `!Ref x` as {"Ref": "x"}, and so on."""


def _tagged(loader, suffix, node):
    value = {
        yaml.ScalarNode: loader.construct_scalar,
        yaml.SequenceNode: lambda n: loader.construct_sequence(n, deep=True),
        yaml.MappingNode: lambda n: loader.construct_mapping(n, deep=True),
    }[type(node)](node)
    return {suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}": value}


Tagged.add_multi_constructor("!", _tagged)


@pytest.fixture(scope="module")
def document():
    return yaml.load(template.store_template(), Tagged)


@pytest.fixture
def stack(client):
    """Creates the stack; gives its parts' names and its outputs."""
    formation = client("cloudformation")

    def create(name, **parameters):
        formation.create_stack(
            StackName=name,
            TemplateBody=template.store_template(),
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value}
                for key, value in ({"StoreId": "gangnam-1"} | parameters).items()
            ],
        )
        [found] = formation.describe_stacks(StackName=name)["Stacks"]
        assert found["StackStatus"] == "CREATE_COMPLETE"
        summaries = formation.list_stack_resources(StackName=name)["StackResourceSummaries"]
        parts = {
            s["LogicalResourceId"]: s["ResourceType"] for s in summaries if "ResourceType" in s
        }
        return parts, {o["OutputKey"]: o["OutputValue"] for o in found["Outputs"]}

    return create


@pytest.mark.parametrize("text", [template.store_template(), template.sms_template()])
@pytest.mark.parametrize("region", [REGION, "ap-northeast-1", "us-east-1"])
def test_cfn_lint_has_nothing_to_say(text, region):
    assert lint(text, regions=[region], config=ManualArgs(include_checks=["I"])) == []


def test_the_template_can_be_sent_as_it_is():
    """CloudFormation takes a body of 51,200 bytes without a bucket of its own."""
    assert len(template.store_template().encode()) < 51_200
    assert "NOTIFIER_SOURCE" not in template.store_template()


def test_the_functions_source_is_one_module_without_doubles(document):
    code = document["Resources"]["Notifier"]["Properties"]["Code"]["ZipFile"]
    assert code.strip() == template.notifier_source().strip()
    tree = ast.parse(code)
    names = Counter(node.name for node in tree.body if hasattr(node, "name"))
    assert [name for name, times in names.items() if times > 1] == []
    assert names["handler"] == 1
    relative = [n for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.level]
    assert relative == []


def test_the_cloud_imports_nothing_of_storeguard():
    for path in Path(template.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level <= 1
                modules = [node.module or ""]
            assert not [m for m in modules if m.startswith("storeguard")]


def test_everything_is_created(stack, client, document):
    parts, outputs = stack("whole", BucketName="whole-1", OwnerPhone="+821012345678")
    named = {n: r["Type"] for n, r in document["Resources"].items()}
    assert named.keys() - parts.keys() == NOT_KNOWN_TO_MOTO
    sns = client("sns")
    [phone] = sns.list_subscriptions_by_topic(TopicArn=outputs["Topic"])["Subscriptions"]
    assert (phone["Protocol"], phone["Endpoint"]) == ("sms", "+821012345678")
    function = client("lambda").get_function(FunctionName=outputs["NotifierFunction"])
    assert function["Configuration"]["Environment"]["Variables"] == {
        "BUCKET": "whole-1",
        "TABLE": outputs["SentTable"],
        "TOPIC_ARN": outputs["Topic"],
        "SMS_REGION": REGION,
    }
    # moto's CloudFormation leaves the table's TTL out.
    ttl = document["Resources"]["Sent"]["Properties"]["TimeToLiveSpecification"]
    assert ttl == {"AttributeName": "expires_at", "Enabled": True}


def test_the_topic_may_be_in_the_region_that_sends_sms(stack, client):
    parts, outputs = stack("tokyo", BucketName="tokyo-1", SmsTopicArn=TOKYO_TOPIC)
    assert "NoticeTopic" not in parts
    assert outputs["Topic"] == TOKYO_TOPIC
    function = client("lambda").get_function(FunctionName=outputs["NotifierFunction"])
    assert function["Configuration"]["Environment"]["Variables"]["SMS_REGION"] == "ap-northeast-1"


def test_the_topic_of_the_sms_region_is_created(client):
    formation = client("cloudformation", "ap-northeast-1")
    formation.create_stack(
        StackName="sms",
        TemplateBody=template.sms_template(),
        Parameters=[{"ParameterKey": "OwnerPhone", "ParameterValue": "+821012345678"}],
    )
    [found] = formation.describe_stacks(StackName="sms")["Stacks"]
    assert found["Outputs"][0]["OutputValue"].startswith("arn:aws:sns:ap-northeast-1:")


def test_the_bucket_is_private_encrypted_versioned_and_forgets(document, client):
    """What moto's CloudFormation leaves out, S3's own API takes as it stands."""
    bucket = document["Resources"]["Evidence"]["Properties"]
    s3 = client("s3")
    where = {"LocationConstraint": REGION}
    s3.create_bucket(Bucket="private-1", CreateBucketConfiguration=where)
    public = bucket["PublicAccessBlockConfiguration"]
    assert all(public.values())
    assert len(public) == 4
    s3.put_public_access_block(Bucket="private-1", PublicAccessBlockConfiguration=public)
    s3.put_bucket_versioning(
        Bucket="private-1", VersioningConfiguration=bucket["VersioningConfiguration"]
    )
    assert s3.get_bucket_versioning(Bucket="private-1")["Status"] == "Enabled"
    people, markers = bucket["LifecycleConfiguration"]["Rules"]
    assert people["ExpirationInDays"] == {"Ref": "KeepEvidenceDays"}
    assert people["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    assert markers["ExpiredObjectDeleteMarker"] is True
    [told] = bucket["NotificationConfiguration"]["LambdaConfigurations"]
    assert told["Event"] == "s3:ObjectCreated:*"
    assert told["Filter"]["S3Key"]["Rules"] == [{"Name": "suffix", "Value": "issue.json"}]


def test_the_bucket_takes_tls_only_and_writes_once(document, client):
    policy = document["Resources"]["EvidencePolicy"]["Properties"]["PolicyDocument"]
    text = json.dumps(policy).replace("${AWS::Partition}", "aws").replace("${BucketName}", "tls-1")
    plain = json.loads(text, object_hook=lambda o: o.get("Fn::Sub", o))
    s3 = client("s3")
    s3.create_bucket(Bucket="tls-1", CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_policy(Bucket="tls-1", Policy=json.dumps(plain))
    tls, once = plain["Statement"]
    assert (tls["Effect"], tls["Condition"]) == (
        "Deny",
        {"Bool": {"aws:SecureTransport": "false"}},
    )
    assert (once["Effect"], once["Action"]) == ("Deny", "s3:PutObject")
    assert once["Resource"] == "arn:aws:s3:::tls-1/*"
    assert once["Condition"]["Null"] == {"s3:if-none-match": "true"}


@pytest.fixture
def enforced(moto_url):
    """moto checks rights from here on."""

    def switch(free_calls):
        url, plain = f"{moto_url}/moto-api/reset-auth", {"Content-Type": "text/plain"}
        request = urllib.request.Request(url, str(free_calls).encode(), plain, method="POST")
        urllib.request.urlopen(request).close()

    yield lambda: switch(0)
    switch("inf")


def test_the_devices_key_may_put_its_evidence_and_read_its_receipts_only(
    stack, client, moto_url, enforced
):
    """T13: what a thief of the device can do with its key."""
    _, outputs = stack("device", BucketName="device-1")
    s3 = client("s3")
    for key in ("gangnam-1/a", "receipts/gangnam-1/a.json", "receipts/other/a.json", "other/a"):
        s3.put_object(Bucket="device-1", Key=key, Body=b"x")
    keys = client("iam").create_access_key(UserName=outputs["DeviceUser"])["AccessKey"]
    device = boto3.client(
        "s3",
        region_name=REGION,
        endpoint_url=moto_url,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
    )
    enforced()
    device.put_object(Bucket="device-1", Key="gangnam-1/b", Body=b"x", IfNoneMatch="*")
    receipt = device.get_object(Bucket="device-1", Key="receipts/gangnam-1/a.json")
    assert receipt["Body"].read() == b"x"
    denied = {
        "get evidence": lambda: device.get_object(Bucket="device-1", Key="gangnam-1/a"),
        "get receipt": lambda: device.get_object(Bucket="device-1", Key="receipts/other/a.json"),
        "forge receipt": lambda: device.put_object(Bucket="device-1", Key="receipts/gangnam-1/b"),
        "put elsewhere": lambda: device.put_object(Bucket="device-1", Key="other/b", Body=b"x"),
        "list": lambda: device.list_objects_v2(Bucket="device-1"),
        "list all": device.list_buckets,
        "delete": lambda: device.delete_object(Bucket="device-1", Key="gangnam-1/a"),
        "make": lambda: device.create_bucket(Bucket="device-2"),
    }
    for name, ask in denied.items():
        with pytest.raises(ClientError) as caught:
            ask()
        assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 403, name
    store = S3Store("device-1", REGION, client_factory=lambda: device)
    for _ in range(2):  # the second is there already, and the key may not look at it
        store.put("gangnam-1/c", b"x", content_type="text/plain")
    assert store.get("receipts/gangnam-1/none.json") is None
    store.close()
