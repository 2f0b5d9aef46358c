"""The way to the owner's phone: credentials, bucket, receipts. Nothing is changed anywhere."""

import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from botocore import exceptions as aws

from storeguard.errors import UploadClockSkewed, masked
from storeguard.outbox import refusals
from storeguard.outbox.s3 import FROM_S3, make_client
from storeguard.upkeep.checks.finding import Finding, Site

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CLOUD_WITHIN_S = 12.0
SKEW_WARN_S, SKEW_FAIL_S = 60.0, 15 * 60.0
"""S3 refuses a request whose time is a quarter of an hour off."""

RECEIPT_AFTER = timedelta(minutes=10)


def credentials(site: Site) -> Iterator[Finding]:
    """Where they come from; never what they are."""
    topic, say = site.topic("credentials"), site.say
    if site.config.upload.bucket is None:
        yield topic.skip(say("doctor.no_bucket"))
        return
    try:
        method = _method(site.config.upload.region)
    except refusals.FOREIGN as error:
        yield topic.fail(masked(" ".join(str(error).split())), say("doctor.credentials.do"))
        return
    if method is None:
        yield topic.fail(say("doctor.credentials.none"), say("doctor.credentials.do"))
    else:
        yield topic.ok(say("doctor.credentials.from", source=method))


def _method(region: str) -> str | None:
    import boto3

    found = boto3.session.Session(region_name=region).get_credentials()
    return None if found is None else str(found.method)


@dataclass(frozen=True, slots=True)
class Answer:
    """`headers` in small letters; `words`: S3's code and the HTTP status of a refusal."""

    headers: Mapping[str, str]
    words: frozenset[str]

    @property
    def is_from_s3(self) -> bool:
        return any(name in self.headers for name in FROM_S3)


def bucket(site: Site) -> Iterator[Finding]:
    """One HEAD of the bucket, which a least-privilege key may be denied, one GET it is allowed."""
    topic, say, upload = site.topic("bucket"), site.say, site.config.upload
    if upload.bucket is None:
        yield topic.skip(say("doctor.no_bucket"))
        return
    try:
        client = make_client(upload.region, upload.endpoint_url)
    except refusals.FOREIGN as error:
        yield topic.fail(masked(str(error)), say("doctor.bucket.config_do"))
        return
    try:
        yield _asked(site, client, upload.bucket)
    finally:
        client.close()


def _asked(site: Site, client: "S3Client", name: str) -> Finding:
    host = urlsplit(client.meta.endpoint_url).hostname or ""
    try:
        socket.getaddrinfo(host, 443)
    except OSError:
        return site.topic("bucket").fail(
            site.say("doctor.bucket.dns", host=host), site.say("doctor.bucket.network_do")
        )
    # No object has this name: a HEAD says where the bucket is, the GET whether the key is good.
    receipt = f"receipts/{site.config.store.id}/doctor.json"
    try:
        seen = _answer(lambda: client.head_bucket(Bucket=name))
        if (found := _of_the_place(site, name, seen)) is not None:
            return found
        asked = _answer(lambda: client.get_object(Bucket=name, Key=receipt))
    except refusals.FOREIGN as error:
        return _unreached(site, name, error)
    return _of_the_key(site, name, asked)


def _answer(call: Callable[[], Any]) -> Answer:
    """Raises what is no answer of a server."""
    try:
        response = call()
    except refusals.FOREIGN as error:
        if not refusals.words_of(error):
            raise
        response = getattr(error, "response", {})
        return Answer(_headers(response), refusals.words_of(error))
    return Answer(_headers(response), frozenset())


def _headers(response: Mapping[str, Any]) -> dict[str, str]:
    headers = response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return {str(name).lower(): str(value) for name, value in headers.items()}


def _of_the_place(site: Site, name: str, seen: Answer) -> Finding | None:
    """What the HEAD tells; None where the rest is in order as far as it can."""
    topic, say, region = site.topic("bucket"), site.say, site.config.upload.region
    if not seen.is_from_s3:
        return topic.fail(say("doctor.bucket.portal"), say("doctor.bucket.portal_do"))
    skew_s = _skew_s(seen, site.clock.utc())
    if abs(skew_s) > SKEW_FAIL_S:
        minutes = f"{abs(skew_s) / 60:.0f}"
        return topic.fail(say("doctor.bucket.skewed", minutes=minutes), say("doctor.clock.do"))
    real = seen.headers.get("x-amz-bucket-region", region)
    if real != region:
        return topic.fail(
            say("doctor.bucket.region", bucket=name, real=real, region=region),
            say("doctor.bucket.region_do", real=real),
        )
    if "404" in seen.words or "NoSuchBucket" in seen.words:
        return topic.fail(
            say("doctor.bucket.none", bucket=name, region=region), say("doctor.bucket.config_do")
        )
    if abs(skew_s) > SKEW_WARN_S:
        return topic.warn(say("doctor.bucket.off", seconds=f"{skew_s:.0f}"), say("doctor.clock.do"))
    return None


def _skew_s(answer: Answer, now: datetime) -> float:
    """Our clock less the server's; 0 where it does not say."""
    try:
        served = parsedate_to_datetime(answer.headers["date"])
    except (KeyError, ValueError):
        return 0.0
    return (now - served.replace(tzinfo=served.tzinfo or UTC)).total_seconds()


def _of_the_key(site: Site, name: str, asked: Answer) -> Finding:
    """A key that may only upload is denied to hear that an object is missing: that is in order."""
    topic, say, words = site.topic("bucket"), site.say, asked.words
    values = {"bucket": name, "region": site.config.upload.region}
    if words & refusals.KEY_CODES:
        code = min(words & refusals.KEY_CODES)
        return topic.fail(say("doctor.bucket.key", code=code), say("doctor.bucket.key_do"))
    if words & refusals.ACCOUNT_CODES:
        return topic.fail(say("doctor.bucket.account"), say("doctor.bucket.account_do"))
    if words & refusals.CLOCK_CODES:
        return topic.fail(say("doctor.bucket.clock"), say("doctor.clock.do"))
    if words & refusals.BUCKET_CODES:
        return topic.fail(say("doctor.bucket.none", **values), say("doctor.bucket.config_do"))
    if not words or "NoSuchKey" in words:
        return topic.ok(say("doctor.bucket.ok", **values))
    if words & refusals.DENIED_CODES:
        return topic.ok(say("doctor.bucket.least", **values))
    codes = " ".join(sorted(words - {""}))
    return topic.warn(say("doctor.bucket.odd", code=codes), say("doctor.bucket.network_do"))


def _unreached(site: Site, name: str, error: Exception) -> Finding:
    topic, say = site.topic("bucket"), site.say
    request = refusals.Request("s3:GetObject", name, "", site.config.upload.region)
    fault = refusals.translated(error, request)
    if isinstance(error, refusals.KEY_CLASSES):
        return topic.fail(say("doctor.credentials.none"), say("doctor.credentials.do"))
    if isinstance(error, aws.SSLError) or isinstance(fault, UploadClockSkewed):
        return topic.fail(say("doctor.bucket.certificate"), say("doctor.bucket.certificate_do"))
    if isinstance(error, refusals.TRANSIENT_CLASSES):
        return topic.fail(
            say("doctor.bucket.unreached", why=type(error).__name__),
            say("doctor.bucket.network_do"),
        )
    return topic.fail(str(fault), say("doctor.bucket.config_do"))


def notices(site: Site) -> Iterator[Finding]:
    """What the issues on disk tell: when a message was confirmed last, what still waits."""
    from storeguard.outbox.delivery import DeliveryState, kept_receipt, state_of
    from storeguard.outbox.folder import read_manifest, sealed_issues

    topic, say = site.topic("notices"), site.say
    if site.config.upload.bucket is None:
        yield topic.skip(say("doctor.no_bucket"))
        return
    folders = sealed_issues(site.folders.issue_data)
    states = {folder: state_of(folder) for folder in folders}
    receipts = [receipt for folder in folders if (receipt := kept_receipt(folder))]
    waiting = [f for f in folders if states[f] is not DeliveryState.CONFIRMED]
    last = max((receipt.sent_at for receipt in receipts), default=None)
    if not folders:
        yield topic.skip(say("doctor.notices.none"))
    elif not waiting:
        yield topic.ok(say("doctor.notices.last", at=_local(site, str(last))))
    else:
        sealed = datetime.fromisoformat(read_manifest(waiting[0])["sealed_at"])
        unsent = sum(not states[f].is_sent for f in waiting)
        yield _of_waiting(site, unsent, len(waiting) - unsent, sealed, last)


def _of_waiting(
    site: Site, unsent: int, unconfirmed: int, oldest: datetime, last: str | None
) -> Finding:
    topic, say = site.topic("notices"), site.say
    measured = say(
        "doctor.notices.waiting",
        unsent=unsent,
        unconfirmed=unconfirmed,
        oldest=_local(site, oldest.isoformat()),
        last=_local(site, last) if last else "-",
    )
    if site.clock.utc() - oldest < RECEIPT_AFTER:
        return topic.ok(measured)
    kind = "unsent" if unsent else "unconfirmed"
    return topic.warn(measured, say(f"doctor.notices.{kind}_do"))


def _local(site: Site, instant: str) -> str:
    from zoneinfo import ZoneInfo

    try:
        moment = datetime.fromisoformat(instant)
    except ValueError:
        return instant
    return f"{moment.astimezone(ZoneInfo(site.config.store.timezone)):%Y-%m-%d %H:%M}"
