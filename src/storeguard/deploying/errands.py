"""What is done with a cloud that is deployed: a test message, a device's key, an end."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from botocore import exceptions as aws

from storeguard import durable
from storeguard.config import Config
from storeguard.deploying.account import Account, explained
from storeguard.deploying.deployment import (
    ACCOUNT,
    CODE,
    SMS_PREFIX,
    STORE_PREFIX,
    deployed_account,
    store_stack,
)
from storeguard.deploying.stacks import Stacks
from storeguard.errors import CloudRefused

RECEIPT_WAIT = {"Delay": 1, "MaxAttempts": 60}
PRIVATE_MODE = 0o600
MOST_KEYS = 2
"""IAM gives a user no more."""


def test_notice(config: Config, account: Account, now: datetime) -> dict[str, Any]:
    """The whole way: a manifest in the bucket, an SMS, its receipt. Waits a minute at most."""
    bucket, s3 = deployed_account(account).resources["Evidence"], account.client("s3")
    name = f"test-{now.astimezone(UTC):%Y-%m-%d_%H-%M-%S}"
    store_id = config.store.id
    receipt = f"receipts/{store_id}/{name}.json"
    with explained(f"the test notice in {bucket}"):
        s3.put_object(
            Bucket=bucket,
            Key=f"{store_id}/{now.astimezone(UTC):%Y/%m}/{name}/issue.json",
            Body=_test_manifest(config, name, now),
            ContentType="application/json",
            IfNoneMatch="*",
        )
        try:
            s3.get_waiter("object_exists").wait(
                Bucket=bucket, Key=receipt, WaiterConfig=RECEIPT_WAIT
            )
        except aws.WaiterError as error:
            raise CloudRefused(
                f"test notice {name}: no receipt within a minute; see the notifier's log, or: "
                "storeguard cloud status"
            ) from error
        content = s3.get_object(Bucket=bucket, Key=receipt)["Body"].read()
    return dict(json.loads(content))


def _test_manifest(config: Config, name: str, now: datetime) -> bytes:
    store = config.store
    manifest = {
        "schema": 1,
        "id": name,
        "number": 0,
        "store": {
            "id": store.id,
            "name": store.name,
            "language": store.language,
            "timezone": str(store.timezone),
        },
        "sealed_at": now.isoformat(),
        "visit": None,
        "lines": [],
        "loss_won": 0,
        "notice": "test",
        "files": [],
    }
    return json.dumps(manifest, ensure_ascii=False).encode()


def make_key(config: Config, account: Account, path: Path) -> str:
    """Writes a new key of this store's device to `path`, as AWS' credentials files are; its id."""
    if path.exists():
        raise CloudRefused(f"{path}: is there already and is not overwritten; name another file")
    user, iam = _device_user(config, account), account.client("iam")
    with explained(f"a key of {user}"):
        keys = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
        if len(keys) >= MOST_KEYS:
            raise CloudRefused(
                f"{user}: has {len(keys)} keys, more are not given; take back the old ones with: "
                "storeguard cloud revoke"
            )
        key = iam.create_access_key(UserName=user)["AccessKey"]
    content = (
        f"[default]\naws_access_key_id = {key['AccessKeyId']}\n"
        f"aws_secret_access_key = {key['SecretAccessKey']}\n"
    )
    durable.publish(path, content.encode(), mode=PRIVATE_MODE)
    return str(key["AccessKeyId"])


def revoke_keys(config: Config, account: Account) -> int:
    """The device was stolen: none of its keys works any more. How many there were."""
    user, iam = _device_user(config, account), account.client("iam")
    with explained(f"the keys of {user}"):
        keys = iam.list_access_keys(UserName=user)["AccessKeyMetadata"]
        for key in keys:
            iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
    return len(keys)


def _device_user(config: Config, account: Account) -> str:
    found = Stacks(account).find(store_stack(config.store.id), account.region)
    if found is None or "Device" not in found.resources:
        raise CloudRefused(
            f"store {config.store.id}: has no device's user in {account.region}; deploy with: "
            "storeguard cloud deploy"
        )
    return found.resources["Device"]


class Ending:
    """Takes a store's part away, or all of it. Evidence stays unless that is said."""

    def __init__(self, config: Config, account: Account) -> None:
        self._config = config
        self._account = account
        self._stacks = Stacks(account)

    def plan(self, *, is_whole: bool) -> tuple[tuple[str, str], ...]:
        """Name and region of every stack that goes, in order."""
        region, own = self._account.region, store_stack(self._config.store.id)
        if not is_whole:
            found = self._stacks.find(own, region)
            return ((own, region),) if found else ()
        sms_region = self._config.upload.sms_region
        stores = [(name, region) for name in self._stacks.names(region, STORE_PREFIX)]
        topics = [(name, sms_region) for name in self._stacks.names(sms_region, SMS_PREFIX)]
        rest = [(name, region) for name in (ACCOUNT, CODE) if self._stacks.find(name, region)]
        return (*stores, *topics, *rest)

    def evidence(self) -> int:
        """How many objects, old versions among them, the bucket holds."""
        return sum(len(batch) for batch in self._versions(self._bucket()))

    def apply(self, *, is_whole: bool, deletes_evidence: bool) -> None:
        stacks = self.plan(is_whole=is_whole)
        bucket = self._bucket() if is_whole and deletes_evidence else None
        self._take_keys(stacks)
        for name, region in stacks:
            if name == CODE:
                self._empty(self._stacks.find(name, region))
            self._stacks.delete(name, region)
        if bucket is not None:
            self._delete_bucket(bucket)

    def _bucket(self) -> str:
        return deployed_account(self._account).resources["Evidence"]

    def _take_keys(self, stacks: tuple[tuple[str, str], ...]) -> None:
        """IAM deletes no user that still has a key or a policy."""
        iam = self._account.client("iam")
        for name, region in stacks:
            found = self._stacks.find(name, region)
            user = found.resources.get("Device") if found else None
            if user is None:
                continue
            with explained(f"the keys of {user}"):
                for key in iam.list_access_keys(UserName=user)["AccessKeyMetadata"]:
                    iam.delete_access_key(UserName=user, AccessKeyId=key["AccessKeyId"])
                attached = iam.list_attached_user_policies(UserName=user)["AttachedPolicies"]
                for policy in attached:
                    iam.detach_user_policy(UserName=user, PolicyArn=policy["PolicyArn"])

    def _empty(self, found: Any) -> None:
        if found is None:
            return
        s3, bucket = self._account.client("s3"), found.resources["Code"]
        with explained(f"the code in {bucket}"):
            for batch in self._versions(bucket):
                s3.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})

    def _delete_bucket(self, bucket: str) -> None:
        s3 = self._account.client("s3")
        with explained(f"the evidence in {bucket}"):
            for batch in self._versions(bucket):
                s3.delete_objects(Bucket=bucket, Delete={"Objects": batch, "Quiet": True})
            s3.delete_bucket(Bucket=bucket)

    def _versions(self, bucket: str) -> Iterator[list[dict[str, str]]]:
        """Batches of 1,000 at most, as S3 deletes them."""
        with explained(f"the objects in {bucket}"):
            pages = self._account.client("s3").get_paginator("list_object_versions")
            for page in pages.paginate(Bucket=bucket):
                every = [*page.get("Versions", ()), *page.get("DeleteMarkers", ())]
                if every:
                    yield [{"Key": o["Key"], "VersionId": o["VersionId"]} for o in every]
