"""Is the bucket still as the template made it? Eight ways in which evidence could get out or go."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from botocore import exceptions as aws

from storeguard.deploying.account import explained


@dataclass(frozen=True, slots=True)
class Check:
    """`problem`: what is wrong, empty where nothing is."""

    name: str
    problem: str


def checks(s3: Any, bucket: str) -> tuple[Check, ...]:
    """Raises CloudRefused where even the questions are not permitted."""
    with explained(f"the bucket {bucket}"):
        return tuple(Check(name, look(s3, bucket)) for name, look in LOOKS.items())


def _asked(call: Callable[..., Any], bucket: str) -> Mapping[str, Any]:
    """Nothing where nothing of this kind is set."""
    try:
        answer: Mapping[str, Any] = call(Bucket=bucket)
    except aws.ClientError as error:
        code = error.response["Error"]["Code"]
        if code.startswith("NoSuch") or "NotFound" in code:
            return {}
        raise
    return answer


def _public(s3: Any, bucket: str) -> str:
    answer = _asked(s3.get_public_access_block, bucket)
    said = answer.get("PublicAccessBlockConfiguration", {})
    names = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    off = [name for name in names if not said.get(name)]
    return f"the public may be let in: {', '.join(off)} off" if off else ""


def _owner(s3: Any, bucket: str) -> str:
    rules = _asked(s3.get_bucket_ownership_controls, bucket).get("OwnershipControls", {})
    found = [rule["ObjectOwnership"] for rule in rules.get("Rules", ())]
    return "" if found == ["BucketOwnerEnforced"] else f"access lists count: ownership is {found}"


def _versions(s3: Any, bucket: str) -> str:
    status = _asked(s3.get_bucket_versioning, bucket).get("Status", "off")
    return "" if status == "Enabled" else f"versioning is {status}: what is deleted is gone"


def _encryption(s3: Any, bucket: str) -> str:
    answer = _asked(s3.get_bucket_encryption, bucket)
    rules = answer.get("ServerSideEncryptionConfiguration", {}).get("Rules", ())
    return "" if rules else "no encryption is set"


def _expiry(s3: Any, bucket: str) -> str:
    rules = _rules(s3, bucket)
    days = [r["Expiration"]["Days"] for r in rules if "Days" in r.get("Expiration", {})]
    return "" if days else "pictures of people are never deleted: no lifecycle rule expires them"


def _parts(s3: Any, bucket: str) -> str:
    found = any("AbortIncompleteMultipartUpload" in rule for rule in _rules(s3, bucket))
    return "" if found else "parts of broken uploads stay and cost: no rule aborts them"


def _rules(s3: Any, bucket: str) -> list[Mapping[str, Any]]:
    rules = _asked(s3.get_bucket_lifecycle_configuration, bucket).get("Rules", ())
    return [rule for rule in rules if rule.get("Status") == "Enabled"]


def _tls(s3: Any, bucket: str) -> str:
    return _denied(s3, bucket, "aws:SecureTransport", "plain HTTP is not refused")


def _once(s3: Any, bucket: str) -> str:
    return _denied(s3, bucket, "s3:if-none-match", "evidence may be overwritten")


def _denied(s3: Any, bucket: str, key: str, problem: str) -> str:
    text = _asked(s3.get_bucket_policy, bucket).get("Policy", "{}")
    statements = json.loads(text).get("Statement", ())
    return "" if any(_denies(one, key) for one in statements) else f"{problem} by its policy"


def _denies(statement: Mapping[str, Any], key: str) -> bool:
    keys: Iterator[str] = (k for test in statement.get("Condition", {}).values() for k in test)
    is_everybody = statement.get("Principal") in ("*", {"AWS": "*"})
    return statement["Effect"] == "Deny" and is_everybody and key in keys


LOOKS: Mapping[str, Callable[[Any, str], str]] = {
    "public access": _public,
    "ownership": _owner,
    "versioning": _versions,
    "encryption": _encryption,
    "expiry": _expiry,
    "broken uploads": _parts,
    "TLS only": _tls,
    "written once": _once,
}
