"""`storeguard cloud …` on moto, as it is typed: planned, shown, made, looked after, taken away."""

import json
import threading
import urllib.request

import pytest
from botocore.exceptions import ClientError
from click.testing import CliRunner

from storeguard.cli import main
from storeguard.cloud import template
from storeguard.cloud.clients import Clients
from storeguard.cloud.login import Logins
from storeguard.cloud.notifier import Notifier, Settings
from storeguard.deploying import bucketchecks, status
from storeguard.deploying import stacks as stacks_module
from storeguard.deploying.account import Account
from storeguard.deploying.stacks import Stacks
from storeguard.errors import CloudRefused

from .conftest import REGION, SMS_REGION
from .test_template import bucket_policy

CONFIG = """
store: {id: gangnam-1, name: 강남 1호점}
upload: {bucket: null, region: ap-northeast-2, sms_region: ap-northeast-1}
"""

# moto's CloudFormation says so about what it does not know; test_template names it.
pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse AWS:UserWarning")


@pytest.fixture(autouse=True)
def _no_waiting(monkeypatch):
    monkeypatch.setitem(stacks_module.WAIT, "Delay", 0)


@pytest.fixture
def shop(tmp_path, monkeypatch, moto_url, client):
    """A folder with a configuration, and an account with nothing in it."""
    (tmp_path / "config.yaml").write_text(CONFIG, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_url)
    yield tmp_path
    urllib.request.urlopen(f"{moto_url}/moto-api/reset", b"").close()


def said(*arguments, typed=None):
    return CliRunner().invoke(main, arguments, input=typed)


def stacks(client):
    found = client("cloudformation").describe_stacks()["Stacks"]
    found += client("cloudformation", SMS_REGION).describe_stacks()["Stacks"]
    return {s["StackName"]: s["StackStatus"] for s in found}


def deployed(shop):
    answer = said("cloud", "deploy", "--yes", "--json", "--phone", "+821012345678")
    assert answer.exit_code == 0, answer.output
    return json.loads(answer.stdout.splitlines()[-1])


def test_no_is_an_answer_and_nothing_stays(shop, client):
    answer = said("cloud", "deploy", typed="n\n")
    assert answer.exit_code == 1
    assert "+  storeguard" in answer.stdout
    assert "AWS::S3::Bucket" in answer.stdout
    assert "Make these changes?" in answer.stderr
    assert stacks(client) == {}


def test_without_yes_a_program_only_gets_the_plan(shop, client):
    answer = said("cloud", "deploy", "--json")
    assert answer.exit_code == 1
    changes = [json.loads(line) for line in answer.stdout.splitlines()]
    assert {c["stack"] for c in changes} == {
        "storeguard-code", "storeguard-sms-owner", "storeguard", "storeguard-store-gangnam-1",
    }  # fmt: skip
    assert {c["action"] for c in changes} == {"Add"}
    assert "--yes" in answer.stderr
    assert stacks(client) == {}


def test_a_deployed_store_is_whole_and_says_what_to_write_where(shop, client):
    answer = said("cloud", "deploy", "--yes", "--phone", "+821012345678")
    assert answer.exit_code == 0, answer.output
    assert set(stacks(client).values()) == {"CREATE_COMPLETE"}
    bucket = answer.stdout.split("bucket: ")[1].split(",")[0]
    assert "sms_region: ap-northeast-1" in answer.stdout
    [one] = client("sns", SMS_REGION).list_subscriptions()["Subscriptions"]
    assert one["Endpoint"] == "+821012345678"
    function = client("lambda").list_functions()["Functions"]
    assert {f["Handler"].split(".")[1] for f in function} == {"notifier", "watcher", "page"}
    content = template.code()
    code = client("s3").get_object(Bucket=f"{bucket}-code", Key=template.code_key(content))
    assert code["Body"].read() == content
    owner, password = answer.stdout.split("login: ")[1].split("  ")[0].split(" / ")
    table = Stacks(Account(REGION)).find("storeguard", REGION).resources["Index"]
    logins = Logins(table, client("dynamodb"), lambda: 0)
    assert logins.log_in(owner, password, "here")


def test_deploying_again_changes_nothing_and_keeps_all(shop, client):
    first = deployed(shop)
    again = deployed(shop)
    assert again["bucket"] == first["bucket"]
    assert (first["password"] is None, again["password"]) == (False, None)
    assert (
        "OwnerPhone"
        in Stacks(Account(SMS_REGION)).find("storeguard-sms-owner", SMS_REGION).parameters
    )


def test_a_second_store_joins_the_account(shop, client):
    first = deployed(shop)
    (shop / "config.yaml").write_text(CONFIG.replace("gangnam-1", "mapo_2"), encoding="utf-8")
    second = deployed(shop)
    assert second["bucket"] == first["bucket"]
    assert second["device_user"] != first["device_user"]
    rows = [json.loads(line) for line in said("fleet", "--json").stdout.splitlines()]
    assert {row["store"] for row in rows} == {"gangnam-1", "mapo_2"}


def test_another_bucket_than_the_deployed_one_is_refused(shop):
    deployed(shop)
    (shop / "config.yaml").write_text(CONFIG.replace("null", "another"), encoding="utf-8")
    answer = said("cloud", "deploy", "--yes")
    assert answer.exit_code == 1
    [line] = answer.stderr.splitlines()
    assert "upload.bucket is 'another', but the deployed bucket is" in line


def test_the_devices_key_is_written_once_for_its_eyes_only_and_taken_back(shop, client):
    user = deployed(shop)["device_user"]
    assert said("cloud", "key", "device.key").exit_code == 0
    path = shop / "device.key"
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.read_text().startswith("[default]\naws_access_key_id = ")
    again = said("cloud", "key", "device.key")
    assert (again.exit_code, "is there already" in again.stderr) == (1, True)
    assert said("cloud", "revoke", "--yes").stdout.startswith("gangnam-1: 1 keys taken back")
    assert client("iam").list_access_keys(UserName=user)["AccessKeyMetadata"] == []


def test_a_new_password_ends_old_sessions(shop, client):
    deployed(shop)
    table = Stacks(Account(REGION)).find("storeguard", REGION).resources["Index"]
    logins = Logins(table, client("dynamodb"), lambda: 0)
    assert said("cloud", "owner", typed="short\nshort\n").exit_code == 1
    assert said("cloud", "owner", typed="바나나우유 좋아\n바나나우유 좋아\n").exit_code == 0
    token = logins.log_in("owner", "바나나우유 좋아", "here")
    assert logins.owner_of(token) == "owner"
    answer = said("cloud", "owner", "--generate")
    assert answer.stdout.startswith("login: owner / ")
    assert logins.owner_of(token) is None
    assert logins.log_in("owner", "바나나우유 좋아", "here") is None


def test_a_test_notice_goes_the_whole_way(shop, client, moto_url):
    bucket = deployed(shop)["bucket"]
    names = Stacks(Account(REGION)).find("storeguard", REGION).resources
    s3 = client("s3")
    clients = Clients(s3, client("dynamodb"), client("sns", SMS_REGION))
    topic = "arn:aws:sns:ap-northeast-1:123456789012:storeguard-{owner}"
    settings = Settings(bucket, names["Sent"], topic, SMS_REGION, names["Index"])
    stopped = threading.Event()

    def play_s3():
        """moto's Lambda needs Docker: the event is handed over here."""
        while not stopped.wait(0.1):
            found = s3.list_objects_v2(Bucket=bucket, Prefix="gangnam-1/").get("Contents", ())
            for one in found:
                s3_part = {"bucket": {"name": bucket}, "object": {"key": one["Key"]}}
                Notifier(settings, clients).handle({"Records": [{"s3": s3_part}]})

    thread = threading.Thread(target=play_s3)
    thread.start()
    try:
        answer = said("cloud", "test-notice", "--json")
    finally:
        stopped.set()
        thread.join()
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout)["text"].startswith("[강남 1호점] 시험 문자입니다.")
    receipts = said("cloud", "status", "--json").stdout.splitlines()
    assert [r for r in map(json.loads, receipts) if r["part"] == "receipts" and r["good"]]


def test_status_says_what_is_wrong_and_how_to_mend_it(shop, client):
    bucket = deployed(shop)["bucket"]
    client("s3").delete_bucket_policy(Bucket=bucket)
    answer = said("cloud", "status", "--json")
    assert answer.stderr == ""
    lines = {r["part"]: r for r in map(json.loads, answer.stdout.splitlines())}
    assert answer.exit_code == 1
    assert lines["stack storeguard"]["said"].startswith("CREATE_COMPLETE, drift unknown")
    assert (lines["code"]["good"], lines["dead letters"]["good"]) == (True, True)
    assert lines["bucket: written once"]["said"] == "evidence may be overwritten by its policy"
    assert lines["SMS spend"]["said"] == "limit 1.00 USD a month, spent 0.00 USD this month"


@pytest.mark.parametrize("is_in", [True, False])
def test_the_sandbox_is_told_and_how_to_leave_it(is_in):
    class Sns:
        def get_sms_sandbox_account_status(self):
            return {"IsInSandbox": is_in}

    line = status._sandbox(Sns(), "ap-northeast-1")
    assert line.is_good is not is_in
    assert ("Exit SMS sandbox" in line.said) is is_in


def test_evidence_is_not_destroyed_by_the_way(shop, client):
    bucket = deployed(shop)["bucket"]
    s3 = client("s3")
    s3.put_object(Bucket=bucket, Key="gangnam-1/a", Body=b"x")
    refused = said("cloud", "destroy", "--all", "--yes")
    assert refused.exit_code == 1
    assert "1 objects of evidence; say --keep-evidence" in refused.stderr
    assert len(stacks(client)) == 4
    kept = said("cloud", "destroy", "--all", "--yes", "--keep-evidence")
    assert (kept.exit_code, stacks(client)) == (0, {}), kept.output


def test_what_is_destroyed_with_the_evidence_is_gone(shop, client):
    bucket = deployed(shop)["bucket"]
    said("cloud", "key", "device.key")
    client("s3").put_object(Bucket=bucket, Key="gangnam-1/a", Body=b"x")
    gone = said("cloud", "destroy", "--all", "--yes", "--delete-evidence")
    assert (gone.exit_code, stacks(client)) == (0, {}), gone.output
    with pytest.raises(ClientError, match="404"):
        client("s3").head_bucket(Bucket=bucket)
    assert "nothing is there" in said("cloud", "destroy", "--all", "--yes").stdout


def test_one_store_leaves_and_the_others_stay(shop, client):
    deployed(shop)
    assert said("cloud", "destroy", typed="n\n").exit_code == 1
    assert said("cloud", "destroy", "--yes").exit_code == 0
    assert set(stacks(client)) == {"storeguard-code", "storeguard-sms-owner", "storeguard"}


@pytest.mark.parametrize(
    "arguments",
    [("status",), ("test-notice",), ("owner", "--generate"), ("key", "f"), ("revoke", "--yes")],
    ids=lambda a: a[0],
)
def test_where_nothing_is_deployed_it_is_said_in_one_line(shop, arguments):
    answer = said("cloud", *arguments)
    assert answer.exit_code == 1
    [line] = answer.stderr.splitlines()
    assert "storeguard cloud deploy" in line


@pytest.mark.parametrize(
    ("environment", "said_of_it"),
    [
        ({"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}, "no AWS credentials"),
        ({"AWS_PROFILE": "nobody"}, "nobody"),
        ({"AWS_ENDPOINT_URL": "http://127.0.0.1:9"}, "AWS is not reached"),
    ],
)
def test_what_keeps_us_from_aws_is_one_line(shop, monkeypatch, environment, said_of_it):
    for name, value in environment.items():
        monkeypatch.delenv(name) if value is None else monkeypatch.setenv(name, value)
    answer = said("cloud", "deploy", "--yes")
    assert answer.exit_code == 1
    [line] = answer.stderr.splitlines()
    assert said_of_it in line


@pytest.mark.parametrize(
    ("code", "hint"),
    [
        ("AccessDenied", "not permitted"),
        ("ExpiredToken", "does not know these credentials"),
        ("AlreadyExistsException", "AlreadyExistsException"),
    ],
)
def test_a_refusal_says_what_to_do(code, hint):
    from storeguard.deploying.account import explained

    with pytest.raises(CloudRefused, match=hint), explained("stack x"):
        raise ClientError({"Error": {"Code": code, "Message": "no"}}, "CreateStack")


# --- the bucket, misconfigured in eight ways (T15)


@pytest.fixture
def good_bucket(client):
    s3 = client("s3")
    name = "evidence-1"
    for existing in s3.list_buckets()["Buckets"]:
        if existing["Name"] == name:
            s3.delete_bucket(Bucket=name)
    where = {"LocationConstraint": REGION}
    s3.create_bucket(
        Bucket=name, CreateBucketConfiguration=where, ObjectOwnership="BucketOwnerEnforced"
    )
    every = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    s3.put_public_access_block(
        Bucket=name, PublicAccessBlockConfiguration=dict.fromkeys(every, True)
    )
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    sse = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    s3.put_bucket_encryption(Bucket=name, ServerSideEncryptionConfiguration={"Rules": [sse]})
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps(bucket_policy()))
    rules(s3, {"Expiration": {"Days": 30}}, {"AbortIncompleteMultipartUpload": PARTS})
    yield s3, name
    s3.delete_bucket(Bucket=name)


PARTS = {"DaysAfterInitiation": 2}


def rules(s3, *actions):
    every = [
        {"ID": str(i), "Status": "Enabled", "Filter": {"Prefix": ""}} | action
        for i, action in enumerate(actions)
    ]
    s3.put_bucket_lifecycle_configuration(
        Bucket="evidence-1", LifecycleConfiguration={"Rules": every}
    )


def without(sid):
    policy = bucket_policy()
    policy["Statement"] = [s for s in policy["Statement"] if s["Sid"] != sid]
    return json.dumps(policy)


SPOILED = {
    "public access": lambda s3, b: s3.delete_public_access_block(Bucket=b),
    "ownership": lambda s3, b: s3.delete_bucket_ownership_controls(Bucket=b),
    "versioning": lambda s3, b: s3.put_bucket_versioning(
        Bucket=b, VersioningConfiguration={"Status": "Suspended"}
    ),
    "encryption": lambda s3, b: s3.delete_bucket_encryption(Bucket=b),
    "expiry": lambda s3, _: rules(s3, {"AbortIncompleteMultipartUpload": PARTS}),
    "broken uploads": lambda s3, _: rules(s3, {"Expiration": {"Days": 30}}),
    "TLS only": lambda s3, b: s3.put_bucket_policy(Bucket=b, Policy=without("OnlyTls")),
    "written once": lambda s3, b: s3.put_bucket_policy(Bucket=b, Policy=without("WriteOnce")),
}


def test_a_bucket_in_order_has_no_problem(good_bucket):
    assert [c for c in bucketchecks.checks(*good_bucket) if c.problem] == []


@pytest.mark.parametrize("name", bucketchecks.LOOKS)
def test_each_way_to_spoil_a_bucket_is_found_and_named(good_bucket, name):
    SPOILED[name](*good_bucket)
    assert [c.name for c in bucketchecks.checks(*good_bucket) if c.problem] == [name]
