"""`cloud status`: stacks and drift, bucket, receipts, dead letters, SMS sandbox and spend, page."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from storeguard.cloud import template
from storeguard.cloud.login import Logins
from storeguard.config import Config
from storeguard.deploying.account import UNANSWERED, Account, explained
from storeguard.deploying.bucketchecks import checks
from storeguard.deploying.deployment import (
    ACCOUNT,
    CODE,
    STORE_PREFIX,
    deployed_account,
    page_url,
    sms_stack,
)
from storeguard.deploying.stacks import Deployed, Stacks

LEAVE_SANDBOX = (
    "in the sandbox only verified numbers get messages; to leave it: SNS console of {region}, "
    "'Text messaging (SMS)', 'Exit SMS sandbox' (a day or two), or verify the phone there: "
    "aws sns create-sms-sandbox-phone-number --region {region} --phone-number +82…"
)
LAST_RECEIPTS = 5
DEFAULT_SPEND_USD = "1.00"


@dataclass(frozen=True, slots=True)
class Line:
    """One thing looked at. `is_good` is None where nobody can say."""

    part: str
    is_good: bool | None
    said: str

    def as_json(self) -> dict[str, Any]:
        return {"part": self.part, "good": self.is_good, "said": self.said}


def lines(config: Config, account: Account, owner: str, now: datetime) -> Iterator[Line]:
    """Raises CloudRefused where nothing is deployed."""
    deployed = deployed_account(account)
    stacks = Stacks(account)
    sms_region = config.upload.sms_region
    yield from _stacks(stacks, account.region, sms_region, owner)
    yield _code(deployed)
    for check in checks(account.client("s3"), deployed.resources["Evidence"]):
        yield Line(f"bucket: {check.name}", not check.problem, check.problem or "in order")
    yield from _receipts(account, deployed.resources["Evidence"], config.store.id)
    yield _dead_letters(account, deployed)
    yield from _sms(account, sms_region, now)
    yield _page(account, deployed, owner, now)


def _stacks(stacks: Stacks, region: str, sms_region: str, owner: str) -> Iterator[Line]:
    stores = stacks.names(region, STORE_PREFIX)
    named = [(CODE, region), (sms_stack(owner), sms_region), (ACCOUNT, region)]
    for name, where in [*named, *((store, region) for store in stores)]:
        found = stacks.find(name, where)
        if found is None:
            yield Line(f"stack {name}", False, f"not there in {where}; storeguard cloud deploy")
            continue
        drift = stacks.drift(name, where)
        is_known = drift in ("IN_SYNC", "DRIFTED")
        is_good = found.status.endswith("_COMPLETE") and drift != "DRIFTED"
        said = f"{found.status}, drift {drift}"
        if drift == "DRIFTED":
            said += "; somebody changed it by hand: see its drift in the CloudFormation console"
        yield Line(f"stack {name}", is_good if is_known or not is_good else None, said)


def _code(deployed: Deployed) -> Line:
    is_current = deployed.parameters.get("CodeKey") == template.code_key(template.code())
    said = (
        "as this storeguard's" if is_current else "of another storeguard; storeguard cloud deploy"
    )
    return Line("code", is_current, said)


def _receipts(account: Account, bucket: str, store: str) -> Iterator[Line]:
    """The last ones. A bucket lists by name, so a store's few hundred of 30 days are read."""
    found: list[tuple[datetime, str]] = []
    with explained(f"the receipts in {bucket}"):
        pages = account.client("s3").get_paginator("list_objects_v2")
        for page in pages.paginate(Bucket=bucket, Prefix=f"receipts/{store}/"):
            found += [(o["LastModified"], o["Key"]) for o in page.get("Contents", ())]
    if not found:
        yield Line("receipts", None, f"none of {store} yet; try: storeguard cloud test-notice")
    for at, key in sorted(found)[-LAST_RECEIPTS:]:
        name = key.rpartition("/")[2].removesuffix(".json")
        yield Line("receipts", True, f"{name} at {at:%Y-%m-%d %H:%M:%S} UTC")


def _dead_letters(account: Account, deployed: Deployed) -> Line:
    with explained("the dead-letter queue"):
        answer = account.client("sqs").get_queue_attributes(
            QueueUrl=deployed.resources["DeadLetters"],
            AttributeNames=["ApproximateNumberOfMessages"],
        )
    waiting = int(answer["Attributes"]["ApproximateNumberOfMessages"])
    said = f"{waiting} events given up on; the functions' logs say why" if waiting else "none"
    return Line("dead letters", not waiting, said)


def _sms(account: Account, region: str, now: datetime) -> Iterator[Line]:
    sns = account.client("sns", region)
    yield _sandbox(sns, region)
    with explained(f"SNS in {region}"):
        answer = sns.get_sms_attributes(attributes=["MonthlySpendLimit"])
    limit = answer["attributes"].get("MonthlySpendLimit", DEFAULT_SPEND_USD)
    spent = _spent(account, region, now)
    said = f"limit {float(limit):.2f} USD a month, spent {spent} this month"
    is_near = spent[0].isdigit() and float(spent.split()[0]) > 0.8 * float(limit)
    if is_near:
        said += "; beyond it nothing is sent: ask AWS for more (Service Quotas, SNS)"
    yield Line("SMS spend", not is_near, said)


def _sandbox(sns: Any, region: str) -> Line:
    try:
        is_in = sns.get_sms_sandbox_account_status()["IsInSandbox"]
    except UNANSWERED as error:
        return Line("SMS sandbox", None, f"unknown ({' '.join(str(error).split())[:80]})")
    return Line("SMS sandbox", not is_in, LEAVE_SANDBOX.format(region=region) if is_in else "left")


def _spent(account: Account, region: str, now: datetime) -> str:
    try:
        answer = account.client("cloudwatch", region).get_metric_statistics(
            Namespace="AWS/SNS",
            MetricName="SMSMonthToDateSpentUSD",
            StartTime=now - timedelta(days=2),
            EndTime=now,
            Period=3600,
            Statistics=["Maximum"],
        )
    except UNANSWERED:
        return "unknown"
    points = sorted(answer["Datapoints"], key=lambda point: point["Timestamp"])
    return f"{points[-1]['Maximum']:.2f} USD" if points else "0.00 USD"


def _page(account: Account, deployed: Deployed, owner: str, now: datetime) -> Line:
    url = page_url(account, deployed)
    with explained("the index"):
        logins = Logins(
            deployed.resources["Index"], account.client("dynamodb"), now.timestamp
        )  # fmt: skip
        has_password = logins.has_password(owner)
    if not has_password:
        return Line("page", False, f"{owner} has no password; storeguard cloud owner")
    return Line("page", bool(url), url or "its function has no URL; storeguard cloud deploy")
