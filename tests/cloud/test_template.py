"""The templates: clean, deployable as they stand, and what they allow whom."""

import ast
import io
import json
import re
import urllib.request
import zipfile
from pathlib import Path

import boto3
import pytest
from botocore.exceptions import ClientError
from cfnlint.api import ManualArgs, lint

from storeguard.cloud import template
from storeguard.outbox.s3 import S3Store

from .conftest import document
from .policies import ACCOUNT, is_allowed, rendered

REGION = "ap-northeast-2"
BUCKET = "evidence-1"
NOT_KNOWN_TO_MOTO = {
    "account": {"EvidencePolicy", "MessagesFail", "PageUrl", "Budget"},
    "code": {"CodePolicy"},
    "sms": set(),
    "store": set(),
}

# moto says so about what it does not know; the policy is put through S3's own API below.
pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse AWS:UserWarning")


@pytest.fixture
def stack(client):
    """Creates a stack; gives its parts' names and its outputs."""

    def create(kind, name, region=REGION, **parameters):
        formation = client("cloudformation", region)
        formation.create_stack(
            StackName=name,
            TemplateBody=template.template(kind),
            Capabilities=["CAPABILITY_IAM"],
            Parameters=[
                {"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()
            ],
        )
        [found] = formation.describe_stacks(StackName=name)["Stacks"]
        assert found["StackStatus"] == "CREATE_COMPLETE"
        summaries = formation.list_stack_resources(StackName=name)["StackResourceSummaries"]
        parts = {s["LogicalResourceId"] for s in summaries if "ResourceType" in s}
        return parts, {o["OutputKey"]: o["OutputValue"] for o in found.get("Outputs", ())}

    return create


@pytest.fixture
def coded(client):
    """The zip in a bucket; gives the parameters that name it."""

    def put(name):
        s3 = client("s3")
        s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
        content = template.code()
        s3.put_object(Bucket=name, Key=template.code_key(content), Body=content)
        return {"CodeBucket": name, "CodeKey": template.code_key(content)}

    return put


# --- the documents


@pytest.mark.parametrize("kind", template.FILES)
def test_cfn_lint_has_nothing_to_say(kind):
    regions = [REGION, "ap-northeast-1", "us-east-1"]
    everything = ManualArgs(include_checks=["I"])
    assert lint(template.template(kind), regions=regions, config=everything) == []


@pytest.mark.parametrize("kind", template.FILES)
def test_a_template_can_be_sent_as_it_is(kind):
    """CloudFormation takes a body of 51,200 bytes without a bucket of its own."""
    assert len(template.template(kind).encode()) < 51_200


def test_the_code_is_the_same_bytes_each_time_and_complete():
    assert template.code() == template.code()
    names = zipfile.ZipFile(io.BytesIO(template.code())).namelist()
    modules = {p.name for p in Path(template.__file__).parent.glob("*.py")} - {"template.py"}
    assert {Path(n).name for n in names} == modules | {"page.css"}


def test_every_function_is_in_the_code(deployed):
    for resource in document("account")["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            package, module, name = resource["Properties"]["Handler"].split(".")
            assert package == template.PACKAGE
            assert callable(getattr(deployed(module), name))


def test_every_variable_that_a_function_reads_is_given_to_it():
    for resource in document("account")["Resources"].values():
        if resource["Type"] == "AWS::Lambda::Function":
            module = resource["Properties"]["Handler"].split(".")[1]
            source = (Path(template.__file__).parent / f"{module}.py").read_text()
            read = set(re.findall(r'os\.environ(?:\[|\.get\()"(\w+)"', source)) - {
                "AWS_ENDPOINT_URL"
            }
            assert read == set(resource["Properties"]["Environment"]["Variables"]), module


def test_the_cloud_imports_nothing_of_storeguard():
    for path in Path(template.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            modules = [a.name for a in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                assert node.level <= 1
                modules = [node.module or ""]
            assert not [m for m in modules if m.startswith("storeguard")]


# --- on moto


def test_everything_of_the_account_is_created(stack, client, coded):
    parts, outputs = stack("account", "whole", BucketName="whole-1", **coded("whole-code"))
    named = set(document("account")["Resources"])
    assert named - parts <= NOT_KNOWN_TO_MOTO["account"]
    function = client("lambda").get_function(FunctionName=outputs["NotifierFunction"])
    assert function["Configuration"]["Environment"]["Variables"] == {
        "BUCKET": "whole-1",
        "TABLE": outputs["SentTable"],
        "INDEX": outputs["IndexTable"],
        "TOPIC_ARN": f"arn:aws:sns:ap-northeast-1:{ACCOUNT}:storeguard-{{owner}}",
        "SMS_REGION": "ap-northeast-1",
        "PAGE_ADDRESS": "",
    }
    [rule] = [
        r for r in client("events").list_rules()["Rules"] if "EveryFiveMinutes" in r["Name"]
    ]  # fmt: skip
    [target] = client("events").list_targets_by_rule(Rule=rule["Name"])["Targets"]
    assert target["Arn"].endswith(outputs["WatcherFunction"])
    table = client("dynamodb").describe_table(TableName=outputs["IndexTable"])["Table"]
    indexes = [*table["GlobalSecondaryIndexes"], *table["LocalSecondaryIndexes"]]
    assert {i["IndexName"] for i in indexes} == {"by_owner", "todo", "silence", "by_time"}


def test_what_moto_leaves_out_stands_in_the_template():
    resources = document("account")["Resources"]
    for table in ("Sent", "Index"):
        ttl = resources[table]["Properties"]["TimeToLiveSpecification"]
        assert ttl == {"AttributeName": "expires_at", "Enabled": True}
    alarm = resources["MessagesFail"]["Properties"]
    assert alarm["Dimensions"][0]["Value"] == {"Fn::GetAtt": ["DeadLetters", "QueueName"]}
    assert alarm["AlarmActions"] == [{"Ref": "AlarmTopic"}]
    for function in ("Notifier", "Watcher"):
        dead = resources[function]["Properties"]["DeadLetterConfig"]["TargetArn"]
        assert dead == {"Fn::GetAtt": ["DeadLetters", "Arn"]}


def test_the_topics_of_an_owner_are_created_in_the_region_that_sends_sms(stack, client):
    phones = {"OwnerPhone": "+821012345678", "SecondPhone": "+821087654321"}
    _, outputs = stack("sms", "sms", "ap-northeast-1", OwnerId="kim", **phones)
    assert outputs["Topic"] == f"arn:aws:sns:ap-northeast-1:{ACCOUNT}:storeguard-kim"
    sns = client("sns", "ap-northeast-1")
    for output, phone in (("Topic", "+821012345678"), ("SecondTopic", "+821087654321")):
        [one] = sns.list_subscriptions_by_topic(TopicArn=outputs[output])["Subscriptions"]
        assert (one["Protocol"], one["Endpoint"]) == ("sms", phone)


def test_an_sms_that_is_not_delivered_is_told_by_mail(stack):
    """Fault 66: publishing succeeds, and nothing arrives."""
    stack("sms", "mail", "ap-northeast-1", OwnerId="lee", AlarmEmail="lee@example.com")
    resources = document("sms")["Resources"]
    alarm, topic = (resources[name]["Properties"] for name in ("SmsFail", "SmsAlarm"))
    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/SNS", "NumberOfNotificationsFailed")
    assert alarm["Dimensions"][0]["Value"] == {"Fn::GetAtt": ["NoticeTopic", "TopicName"]}
    assert alarm["AlarmActions"] == [{"Ref": "SmsAlarm"}]
    assert topic["Subscription"] == [{"Protocol": "email", "Endpoint": {"Ref": "AlarmEmail"}}]


def test_the_bucket_is_private_encrypted_versioned_and_forgets(client):
    """What moto's CloudFormation leaves out, S3's own API takes as it stands."""
    bucket = document("account")["Resources"]["Evidence"]["Properties"]
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
    assert document("account")["Parameters"]["KeepEvidenceDays"]["Default"] == 30
    assert people["NoncurrentVersionExpiration"] == {"NoncurrentDays": 1}
    assert people["AbortIncompleteMultipartUpload"] == {"DaysAfterInitiation": 2}
    assert markers["ExpiredObjectDeleteMarker"] is True
    told = bucket["NotificationConfiguration"]["LambdaConfigurations"]
    suffixes = [t["Filter"]["S3Key"]["Rules"][0]["Value"] for t in told]
    assert suffixes == ["issue.json", "notice.json", "hb.json"]


# --- what is allowed


def names(**more):
    return {
        "AWS::Partition": "aws",
        "AWS::AccountId": ACCOUNT,
        "AWS::Region": REGION,
        "BucketName": BUCKET,
        "StoreId": "gangnam-1",
        "SmsRegion": "ap-northeast-1",
        **{f"{part}.Arn": f"arn:{part}" for part in ("Sent", "Index", "DeadLetters")},
        **{f"{part}Log.Arn": f"arn:{part}Log" for part in ("Notifier", "Watcher", "Page")},
    } | more


def bucket_policy():
    policy = document("account")["Resources"]["EvidencePolicy"]["Properties"]["PolicyDocument"]
    return rendered(policy, names())


def role(name):
    [policy] = document("account")["Resources"][name]["Properties"]["Policies"]
    return [rendered(policy["PolicyDocument"], names()), bucket_policy()]


def device():
    policy = document("store")["Resources"]["DevicePolicy"]["Properties"]["PolicyDocument"]
    return [rendered(policy, names()), bucket_policy()]


OBJECT = f"arn:aws:s3:::{BUCKET}/"
TLS = {"aws:SecureTransport": "true"}
CREATING = TLS | {"s3:ObjectCreationOperation": "true"}
ONCE = CREATING | {"s3:if-none-match": "*"}
THING = {"credentials-iot:ThingName": "gangnam-1"}


def test_the_bucket_policy_is_one_that_s3_takes(client):
    s3 = client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(bucket_policy()))


@pytest.mark.parametrize("who", ["key", "certificate"])
def test_what_a_device_may_do(who):
    documents, thing = (device(), {}) if who == "key" else (role("DeviceRole"), THING)
    for action, key, context in (
        ("s3:PutObject", "gangnam-1/2026/11/x/issue.json", ONCE),
        ("s3:PutObject", "gangnam-1/hb.json", CREATING),
        ("s3:GetObject", "receipts/gangnam-1/x.json", TLS),
        ("s3:GetObject", "decisions/gangnam-1.json", TLS),
    ):
        assert is_allowed(documents, action, OBJECT + key, context | thing), (action, key)


PART = TLS | {"s3:ObjectCreationOperation": "false"}


@pytest.mark.parametrize("who", ["key", "certificate"])
def test_a_device_may_put_parts_of_a_large_clip_and_end_them_once(who):
    """Parts create no object and carry no If-None-Match; what ends them does both."""
    documents, thing = (device(), {}) if who == "key" else (role("DeviceRole"), THING)
    own, other = (f"{OBJECT}{store}/2026/11/x/clip-1.mp4" for store in ("gangnam-1", "gangnam-2"))
    assert is_allowed(documents, "s3:PutObject", own, PART | thing)
    assert is_allowed(documents, "s3:PutObject", own, ONCE | thing)
    assert not is_allowed(documents, "s3:PutObject", own, CREATING | thing)
    assert not is_allowed(documents, "s3:PutObject", other, PART | thing)
    assert not is_allowed(
        documents, "s3:PutObject", own, PART | thing | {"aws:SecureTransport": "false"}
    )
    for action in ("s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"):
        assert not is_allowed(documents, action, own, TLS | thing), action


@pytest.mark.parametrize("who", ["key", "certificate", "certificate of another"])
def test_what_a_thief_of_a_devices_key_may_not_do(who):
    """T13, T14: read, list, delete, overwrite, forge a receipt or a decision, another store."""
    documents = device() if who == "key" else role("DeviceRole")
    thing = {"key": {}, "certificate": THING}.get(who, {"credentials-iot:ThingName": "gangnam-2"})
    keys = [
        "gangnam-1/2026/11/x/a.jpg",
        "gangnam-10/2026/11/x/a.jpg",
        "other/2026/11/x/a.jpg",
        "receipts/gangnam-1/x.json",
        "receipts/other/x.json",
        "decisions/gangnam-1.json",
        "decisions/other.json",
        "x",
    ]
    own = "gangnam-2" if "another" in who else "gangnam-1"
    for key in keys:
        may_read = key in (f"receipts/{own}/x.json", f"decisions/{own}.json")
        assert is_allowed(documents, "s3:GetObject", OBJECT + key, TLS | thing) is may_read, key
        for action in ("s3:DeleteObject", "s3:DeleteObjectVersion", "s3:GetObjectVersion"):
            assert not is_allowed(documents, action, OBJECT + key, TLS | thing), (action, key)
        for action in ("s3:PutObjectAcl", "s3:PutObjectRetention", "s3:RestoreObject"):
            assert not is_allowed(documents, action, OBJECT + key, TLS | thing), (action, key)
        is_own = key.startswith(f"{own}/")
        assert is_allowed(documents, "s3:PutObject", OBJECT + key, ONCE | thing) is is_own, key
        # Overwriting has no If-None-Match; without TLS nothing goes.
        assert not is_allowed(documents, "s3:PutObject", OBJECT + key, CREATING | thing), key
        plain = ONCE | thing | {"aws:SecureTransport": "false"}
        assert not is_allowed(documents, "s3:PutObject", OBJECT + key, plain), key
    whole = f"arn:aws:s3:::{BUCKET}"
    for action in (
        "s3:ListBucket", "s3:ListBucketVersions", "s3:PutBucketPolicy", "s3:DeleteBucket",
        "s3:PutLifecycleConfiguration", "s3:PutBucketPublicAccessBlock", "s3:CreateBucket",
        "s3:PutBucketVersioning", "s3:PutBucketNotification", "iam:CreateAccessKey",
    ):  # fmt: skip
        assert not is_allowed(documents, action, whole, TLS | thing), action
    for action, what in (
        ("sns:Publish", f"arn:aws:sns:ap-northeast-1:{ACCOUNT}:storeguard-owner"),
        ("dynamodb:PutItem", "arn:Sent"),
        ("dynamodb:Query", "arn:Index"),
        ("lambda:InvokeFunction", "arn:Notifier"),
    ):
        assert not is_allowed(documents, action, what, TLS | thing), action


@pytest.mark.parametrize(
    ("who", "allowed", "denied"),
    [
        (
            "NotifierRole",
            [
                ("s3:GetObject", OBJECT + "s/2026/11/x/issue.json"),
                ("s3:PutObject", OBJECT + "receipts/s/x.json"),
                ("dynamodb:DeleteItem", "arn:Sent"),
                ("dynamodb:UpdateItem", "arn:Index"),
                ("sns:Publish", f"arn:aws:sns:ap-northeast-1:{ACCOUNT}:storeguard-kim"),
                ("sqs:SendMessage", "arn:DeadLetters"),
                ("logs:PutLogEvents", "arn:NotifierLog"),
            ],
            [
                ("s3:PutObject", OBJECT + "s/2026/11/x/issue.json"),
                ("s3:PutObject", OBJECT + "decisions/s.json"),
                ("s3:DeleteObject", OBJECT + "receipts/s/x.json"),
                ("dynamodb:Scan", "arn:Index"),
                ("dynamodb:DeleteItem", "arn:Index"),
                ("sns:Publish", f"arn:aws:sns:ap-northeast-1:{ACCOUNT}:another"),
                ("sns:Publish", "+821012345678"),
                ("logs:PutLogEvents", "arn:PageLog"),
            ],
        ),
        (
            "WatcherRole",
            [
                ("s3:GetObject", OBJECT + "s/hb.json"),
                ("dynamodb:Query", "arn:Index/index/silence"),
                ("dynamodb:UpdateItem", "arn:Index"),
                ("dynamodb:PutItem", "arn:Sent"),
            ],
            [
                ("s3:GetObject", OBJECT + "s/2026/11/x/a.jpg"),
                ("s3:PutObject", OBJECT + "s/hb.json"),
                ("dynamodb:Scan", "arn:Index"),
                ("dynamodb:Query", "arn:Index/index/by_owner"),
            ],
        ),
        (
            "PageRole",
            [
                ("s3:GetObject", OBJECT + "s/2026/11/x/clip-1.mp4"),
                ("s3:PutObject", OBJECT + "decisions/s.json"),
                ("dynamodb:Query", "arn:Index/index/todo"),
                ("dynamodb:PutItem", "arn:Index"),
            ],
            [
                ("s3:PutObject", OBJECT + "s/2026/11/x/clip-1.mp4"),
                ("s3:PutObject", OBJECT + "receipts/s/x.json"),
                ("s3:DeleteObject", OBJECT + "s/2026/11/x/clip-1.mp4"),
                ("sns:Publish", f"arn:aws:sns:ap-northeast-1:{ACCOUNT}:storeguard-kim"),
                ("dynamodb:PutItem", "arn:Sent"),
                ("dynamodb:Scan", "arn:Index"),
            ],
        ),
    ],
)
def test_what_a_function_may_do_and_no_more(who, allowed, denied):
    documents = role(who)
    context = {"s3:PutObject": lambda r: CREATING if "/decisions/" in r or "hb.json" in r else ONCE}
    for action, resource in allowed:
        with_it = context.get(action, lambda _: TLS)(resource)
        assert is_allowed(documents, action, resource, with_it), (action, resource)
    for action, resource in denied:
        for with_it in (TLS, CREATING, ONCE):
            assert not is_allowed(documents, action, resource, with_it), (action, resource)


def test_no_policy_of_ours_names_everything():
    """No `*` alone as what an Allow is about, and no `service:*`."""
    for kind in template.FILES:
        for name, resource in document(kind)["Resources"].items():
            inside = json.dumps(resource["Properties"]) if "Properties" in resource else ""
            if resource["Type"].startswith("AWS::IAM"):
                assert '"Resource": "*"' not in inside, name
                assert not re.search(r'"Action": "[a-z0-9]+:\*"', inside), name


def test_every_function_asks_only_for_what_its_code_calls():
    """A right that no module of the function uses is one too many."""
    calls = {"NotifierRole": "notifier", "WatcherRole": "watcher", "PageRole": "page"}
    source = "".join(
        p.read_text() for p in Path(template.__file__).parent.glob("*.py")
    )  # fmt: skip
    for name in calls:
        [policy] = document("account")["Resources"][name]["Properties"]["Policies"]
        for statement in policy["PolicyDocument"]["Statement"]:
            actions = statement["Action"]
            for action in [actions] if isinstance(actions, str) else actions:
                service, verb = action.split(":")
                if service == "dynamodb":
                    method = re.sub(r"(?<!^)(?=[A-Z])", "_", verb).lower()
                    assert f".{method}(" in source, action


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
    """T13 as moto judges it, with the uploader's own code."""
    s3 = client("s3")
    s3.create_bucket(Bucket="device-1", CreateBucketConfiguration={"LocationConstraint": REGION})
    _, outputs = stack("store", "device", BucketName="device-1", StoreId="gangnam-1")
    for key in ("gangnam-1/a", "receipts/gangnam-1/a.json", "receipts/other/a.json", "other/a"):
        s3.put_object(Bucket="device-1", Key=key, Body=b"x")
    s3.put_object(Bucket="device-1", Key="decisions/gangnam-1.json", Body=b"d")
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
    for key, content in (("receipts/gangnam-1/a.json", b"x"), ("decisions/gangnam-1.json", b"d")):
        assert device.get_object(Bucket="device-1", Key=key)["Body"].read() == content
    denied = {
        "get evidence": lambda: device.get_object(Bucket="device-1", Key="gangnam-1/a"),
        "get receipt": lambda: device.get_object(Bucket="device-1", Key="receipts/other/a.json"),
        "forge receipt": lambda: device.put_object(Bucket="device-1", Key="receipts/gangnam-1/b"),
        "forge": lambda: device.put_object(Bucket="device-1", Key="decisions/gangnam-1.json"),
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


CERTIFICATE = f"arn:aws:iot:{REGION}:{ACCOUNT}:cert/{'a' * 64}"


def test_a_store_with_a_certificate_has_a_thing_of_its_name_and_no_user():
    """moto's CloudFormation knows no attachments: the document is what can be looked at."""
    resources = document("store")["Resources"]
    with_key = {n for n, r in resources.items() if r["Condition"] == "HasKey"}
    assert with_key == {"Device", "DevicePolicy"}
    assert resources["Thing"]["Properties"]["ThingName"] == {"Ref": "StoreId"}
    trust = document("account")["Resources"]["DeviceRole"]["Properties"]["AssumeRolePolicyDocument"]
    assert trust["Statement"][0]["Principal"] == {"Service": "credentials.iot.amazonaws.com"}
