"""No policy of the templates is left out of the simulation: test_template asks most of them."""

from storeguard.cloud import template

from .conftest import document
from .policies import ACCOUNT, is_allowed, rendered
from .test_template import names

ASKED_THERE = {
    "EvidencePolicy", "NotifierRole", "WatcherRole", "PageRole", "DeviceRole", "DevicePolicy",
}  # fmt: skip
ASKED_HERE = {"CodePolicy", "DeviceIotPolicy"}
KINDS = (
    "AWS::IAM::Role", "AWS::IAM::ManagedPolicy", "AWS::IAM::Policy", "AWS::IAM::User",
    "AWS::IAM::Group", "AWS::IoT::Policy", "AWS::S3::BucketPolicy", "AWS::SNS::TopicPolicy",
    "AWS::SQS::QueuePolicy", "AWS::KMS::Key", "AWS::Lambda::Permission",
)  # fmt: skip


def resources():
    for stack in template.FILES:
        yield from document(stack)["Resources"].items()


def policy(name):
    [found] = [one["Properties"]["PolicyDocument"] for n, one in resources() if n == name]
    return [rendered(found, names(CodeBucketName="code-1"))]


def test_every_policy_is_simulated():
    found = {name: one for name, one in resources() if one["Type"] in KINDS}
    bare = {name for name, one in found.items() if one["Type"].endswith(("::User", "::Permission"))}
    assert set(found) - bare == ASKED_THERE | ASKED_HERE
    for name in bare:
        assert not {"Policies", "ManagedPolicyArns"} & set(found[name].get("Properties", {})), name


def test_who_may_call_a_function_is_a_service_of_ours_or_the_pages_address():
    callers = {
        name: one["Properties"] for name, one in resources() if one["Type"].endswith("::Permission")
    }
    open_to_all = {name for name, said in callers.items() if said["Principal"] == "*"}
    assert open_to_all == {"PageMayBeCalledByItsUrl", "PageMayBeSeen"}
    for name in open_to_all:
        said = callers[name]
        by_url = said.get("InvokedViaFunctionUrl") or said.get("FunctionUrlAuthType") == "NONE"
        assert by_url, name
        assert said["FunctionName"] == {"Fn::GetAtt": ["Page", "Arn"]}, name
    for name in set(callers) - open_to_all:
        assert {"SourceArn", "SourceAccount"} & set(callers[name]), name


def test_the_codes_bucket_takes_nothing_without_tls():
    anybody = {"Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}]}
    for key in ("arn:aws:s3:::code-1", "arn:aws:s3:::code-1/code/x.zip"):
        for is_tls in ("true", "false"):
            context = {"aws:SecureTransport": is_tls}
            documents = [anybody, *policy("CodePolicy")]
            assert is_allowed(documents, "s3:GetObject", key, context) is (is_tls == "true")
            assert not is_allowed(policy("CodePolicy"), "s3:GetObject", key, context)


def test_a_certificate_is_good_for_the_devices_role_and_nothing_else():
    alias = f"arn:aws:iot:ap-northeast-2:{ACCOUNT}:rolealias/"
    documents = policy("DeviceIotPolicy")
    assert is_allowed(documents, "iot:AssumeRoleWithCertificate", f"{alias}storeguard-device")
    assert not is_allowed(documents, "iot:AssumeRoleWithCertificate", f"{alias}admin")
    for action in ("iot:Connect", "iot:Publish", "iot:Subscribe", "iot:GetThingShadow"):
        assert not is_allowed(documents, action, f"{alias}storeguard-device"), action
