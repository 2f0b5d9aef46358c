"""`cloud status` where moto plays nothing: drift, and money spent on SMS."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from storeguard.deploying import status
from storeguard.deploying.stacks import Stacks

NOW = datetime(2026, 11, 20, tzinfo=UTC)
REGION = "ap-northeast-2"


class Answers:
    """A client of AWS that gives each call its answer; one that is an error is raised."""

    def __init__(self, **answers):
        self._answers = answers

    def __getattr__(self, name):
        def call(**_):
            if isinstance(self._answers[name], Exception):
                raise self._answers[name]
            return self._answers[name]

        return call


def account(**clients):
    return SimpleNamespace(client=lambda service, region=None: clients[service])


def formation(state, drift=None):
    found = {"DetectionStatus": state} | ({"StackDriftStatus": drift} if drift else {})
    described = {"Stacks": [{"StackName": "x", "StackStatus": "UPDATE_COMPLETE", "Outputs": []}]}
    return Answers(
        detect_stack_drift={"StackDriftDetectionId": "1"},
        describe_stack_drift_detection_status=found,
        describe_stacks=described,
    )


@pytest.mark.parametrize(
    ("cloudformation", "is_good", "said"),
    [
        (formation("DETECTION_COMPLETE", "IN_SYNC"), True, "drift IN_SYNC"),
        (formation("DETECTION_COMPLETE", "DRIFTED"), False, "somebody changed it by hand"),
        (formation("DETECTION_FAILED"), None, "drift DETECTION_FAILED"),
    ],
)
def test_what_somebody_changed_by_hand_is_told(monkeypatch, cloudformation, is_good, said):
    stacks = Stacks(account(cloudformation=cloudformation))
    monkeypatch.setattr(stacks, "names", lambda *_: ["storeguard-store-gangnam-1"])
    monkeypatch.setattr(stacks, "find", lambda *_: SimpleNamespace(status="UPDATE_COMPLETE"))
    lines = list(status._stacks(stacks, REGION, "ap-northeast-1", "owner"))
    assert len(lines) == 4
    assert {line.is_good for line in lines} == {is_good}
    assert all(line.said.startswith("UPDATE_COMPLETE") and said in line.said for line in lines)


def spending(limit, spent):
    no = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "x")
    points = [{"Timestamp": NOW, "Maximum": spent}] if spent is not None else None
    clients = {
        "sns": Answers(
            get_sms_sandbox_account_status={"IsInSandbox": False},
            get_sms_attributes={"attributes": {"MonthlySpendLimit": limit} if limit else {}},
        ),
        "cloudwatch": Answers(
            get_metric_statistics=no if points is None else {"Datapoints": points}
        ),
    }
    *_, line = status._sms(account(**clients), "ap-northeast-1", NOW)
    return line


def test_the_spend_limit_is_told_before_it_keeps_messages_back():
    assert spending("20", 3.5).is_good
    assert spending("20", 3.5).said == "limit 20.00 USD a month, spent 3.50 USD this month"
    assert not spending("20", 16.5).is_good
    assert "beyond it nothing is sent" in spending("20", 16.5).said
    assert not spending(None, 0.9).is_good, "AWS's own limit is a dollar"
    assert "spent unknown" in spending("20", None).said
