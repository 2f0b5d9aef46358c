"""The four stacks of a store's cloud, what is in them, and in which order they are made."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore import exceptions as aws

from storeguard.cloud import template
from storeguard.cloud.index import OWNER, Index
from storeguard.cloud.login import Logins
from storeguard.config import Config
from storeguard.deploying.account import UNANSWERED, Account, explained
from storeguard.deploying.stacks import Change, Deployed, Stack, Stacks
from storeguard.errors import CloudRefused

ACCOUNT, CODE = "storeguard", "storeguard-code"
STORE_PREFIX, SMS_PREFIX = "storeguard-store-", "storeguard-sms-"


def store_stack(store_id: str) -> str:
    """CloudFormation's names have no `_`."""
    return STORE_PREFIX + store_id.replace("_", "--")


def sms_stack(owner: str) -> str:
    return SMS_PREFIX + owner


@dataclass(frozen=True, slots=True)
class Wishes:
    """What the command line says; None keeps what is deployed, or the template's default."""

    owner: str = OWNER
    phone: str | None = None
    second_phone: str | None = None
    alarm_email: str | None = None
    page_address: str | None = None
    keep_days: int | None = None
    certificate_arn: str | None = None


@dataclass(frozen=True, slots=True)
class Result:
    """What was made. `password`: the page's first one, told once; None where there was one."""

    bucket: str
    page_url: str
    owner: str
    password: str | None
    device_user: str | None


class Deployment:
    """`wall_s` gives seconds since 1970."""

    def __init__(self, config: Config, account: Account, wishes: Wishes, wall_s: Any) -> None:
        self._config = config
        self._account = account
        self._wishes = wishes
        self._wall_s = wall_s
        self._stacks = Stacks(account)
        self._code = template.code()
        self._planned: tuple[Stack, ...] = ()
        self._changed: frozenset[str] = frozenset()

    def plan(self) -> tuple[Change, ...]:
        """Every resource that would change; nothing is made yet."""
        self._planned = self._wanted()
        changes = [change for stack in self._planned for change in self._stacks.plan(stack)]
        self._changed = frozenset(change.stack for change in changes)
        return tuple(changes)

    def discard(self) -> None:
        for stack in self._planned:
            self._stacks.discard(stack)

    def apply(self) -> Result:
        """Makes what `plan` has shown, waits, and says whose store it is. May be repeated."""
        made: dict[str, Deployed] = {}
        for stack in self._planned:
            if stack.name == ACCOUNT:
                self._upload(stack.parameters)
            if stack.name in self._changed:
                made[stack.name] = self._stacks.apply(stack)
            else:
                self._stacks.discard(stack)
                made[stack.name] = self._found(stack)
        account = made[ACCOUNT]
        store = made[store_stack(self._config.store.id)]
        return Result(
            bucket=account.resources["Evidence"],
            page_url=page_url(self._account, account),
            owner=self._wishes.owner,
            password=self._hand_over(account.resources["Index"]),
            device_user=store.resources.get("Device"),
        )

    def _found(self, stack: Stack) -> Deployed:
        found = self._stacks.find(stack.name, stack.region)
        if found is None:
            raise CloudRefused(f"stack {stack.name}: gone since it was planned; deploy again")
        return found

    def _wanted(self) -> tuple[Stack, ...]:
        upload, wishes, store = self._config.upload, self._wishes, self._config.store
        region = upload.region
        deployed = self._stacks.find(ACCOUNT, region)
        is_there = deployed is not None and bool(deployed.resources)
        known = deployed.parameters if deployed is not None and is_there else {}
        bucket = _bucket(known, upload.bucket)
        code_bucket = known.get("CodeBucket", f"{bucket[:58]}-code")
        account = {
            "BucketName": bucket,
            "CodeBucket": code_bucket,
            "CodeKey": template.code_key(self._code),
            "SmsRegion": upload.sms_region,
            "PageLanguage": None if is_there else store.language,
            "PageAddress": wishes.page_address,
            "AlarmEmail": wishes.alarm_email,
            "KeepEvidenceDays": None if wishes.keep_days is None else str(wishes.keep_days),
        }
        phones = {
            "OwnerId": wishes.owner,
            "OwnerPhone": wishes.phone,
            "SecondPhone": wishes.second_phone,
            "AlarmEmail": wishes.alarm_email,
        }
        device = {
            "StoreId": store.id,
            "BucketName": bucket,
            "CertificateArn": wishes.certificate_arn,
        }
        return (
            Stack(CODE, region, template.template("code"), {"CodeBucketName": code_bucket}),
            Stack(
                sms_stack(wishes.owner), upload.sms_region, template.template("sms"), phones
            ),
            Stack(ACCOUNT, region, template.template("account"), account),
            Stack(store_stack(store.id), region, template.template("store"), device),
        )  # fmt: skip

    def _upload(self, parameters: Mapping[str, str | None]) -> None:
        """The same code has the same key, so that what is there is the right one."""
        s3 = self._account.client("s3")
        named = {"Bucket": parameters["CodeBucket"], "Key": parameters["CodeKey"]}
        with explained(f"the code in s3://{named['Bucket']}"):
            try:
                s3.head_object(**named)
            except aws.ClientError as error:
                if error.response["ResponseMetadata"]["HTTPStatusCode"] not in (403, 404):
                    raise
                s3.put_object(**named, Body=self._code, ContentType="application/zip")

    def _hand_over(self, table: str) -> str | None:
        """The store to its owner; his first password where he has none."""
        dynamodb = self._account.client("dynamodb")
        store, owner = self._config.store, self._wishes.owner
        with explained(f"the table {table}"):
            index = Index(table, dynamodb, self._wall_s)
            index.give(store.id, store.name, owner)
            logins = Logins(table, dynamodb, self._wall_s)
            if logins.has_password(owner):
                return None
            password = new_password()
            logins.set_password(owner, password)
        return password


def new_password() -> str:
    """Sixteen letters and digits that nobody mixes up, in groups: 80 bits."""
    alphabet = "abcdefghjkmnpqrstuvwxyz23456789"
    letters = [secrets.choice(alphabet) for _ in range(16)]
    return "-".join("".join(letters[i : i + 4]) for i in range(0, 16, 4))


def page_url(account: Account, deployed: Deployed) -> str:
    """Empty where the function has no URL."""
    name = deployed.resources["Page"]
    try:
        answer = account.client("lambda").get_function_url_config(FunctionName=name)
    except UNANSWERED:
        return ""
    return str(answer["FunctionUrl"])


def deployed_account(account: Account) -> Deployed:
    """Raises CloudRefused where nothing is deployed."""
    found = Stacks(account).find(ACCOUNT, account.region)
    if found is None or not found.resources:
        raise CloudRefused(
            f"nothing is deployed in {account.region} (no stack {ACCOUNT!r}); check upload.region, "
            "or deploy with: storeguard cloud deploy"
        )
    return found


def _bucket(known: Mapping[str, str], configured: str | None) -> str:
    """The deployed one, the configured one, or a new one with an end that nobody guesses."""
    if known and configured not in (None, known["BucketName"]):
        raise CloudRefused(
            f"upload.bucket is {configured!r}, but the deployed bucket is "
            f"{known['BucketName']!r}; put that into config.yaml"
        )
    return known.get("BucketName") or configured or f"storeguard-{secrets.token_hex(6)}"
