"""Amazon S3 as the store of delivered issues; boto3 is imported with the first request."""

import base64
import hashlib
import io
import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypedDict

from storeguard.clock import SystemClock, SystemPinClock
from storeguard.config import Upload
from storeguard.domain.delivery import PART_BYTES, Begun
from storeguard.errors import FaultCode, UploadConflict, UploadRefused, UploadTransient
from storeguard.outbox.parts import Parts, bare
from storeguard.outbox.throttle import Throttle

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

CONNECT_TIMEOUT_S = 5
READ_TIMEOUT_S = 30
FROM_S3 = ("x-amz-request-id", "x-amzn-requestid", "x-amz-bucket-region", "x-amz-id-2")
"""One of these is in every answer of S3 and of what speaks like it, in none of a login page."""

PIECE_BYTES = 16 * 1024
"""A slow line takes a second for it: so soon a clip can be put off."""

ATTEMPTS = 2
"""botocore's own retries run dry after eleven failures; ours (delivery.py) do not."""


class Once(TypedDict, total=False):
    """What makes S3 refuse a key that is taken."""

    IfNoneMatch: str


FORGOTTEN = frozenset(
    {
        "ConditionalRequestConflict",
        "EntityTooSmall",
        "InvalidPart",
        "InvalidPartOrder",
        "NoSuchUpload",
    }
)
"""S3 has dropped an upload in parts, or wants all of it anew."""

ClientFactory = Callable[[], "S3Client"]


class S3Store:
    """One bucket. Safe to use from several threads; nothing happens before the first request.

    An upload-only key may be denied what would tell apart "not there" and "not yours": a
    denied read is then no receipt yet, and a denied look at an object that is already there
    leaves the comparison to the notifier, whose receipt lists what differs.
    """

    def __init__(
        self,
        bucket: str,
        region: str,
        endpoint_url: str | None = None,
        client_factory: ClientFactory | None = None,
        *,
        on_bytes: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._bucket = bucket
        self._region = region
        self._make = client_factory or (lambda: make_client(region, endpoint_url, on_bytes))
        self._client: S3Client | None = None
        self._lock = threading.Lock()

    def put(
        self, key: str, content: bytes, *, content_type: str, is_replacing: bool = False
    ) -> None:
        checksum = base64.b64encode(hashlib.sha256(content).digest()).decode()
        once: Once = {} if is_replacing else {"IfNoneMatch": "*"}
        answer = self._ask(
            "s3:PutObject",
            key,
            lambda s3: s3.put_object(
                Bucket=self._bucket,
                Key=key,
                Body=content,
                ContentType=content_type,
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=checksum,
                **once,
            ),
            none_on=("412",),
        )
        if answer is None:
            self._compare(key, len(content), checksum)
        else:
            self._check(key, answer.get("ChecksumSHA256"), checksum)

    def put_in_parts(
        self,
        key: str,
        content: bytes,
        *,
        content_type: str,
        begun: Begun | None,
        on_part: Callable[[Begun | None], None],
    ) -> None:
        parts = Parts(content)
        try:
            upload = begun if begun and parts.fit(begun) else self._begin(key, content_type, parts)
            for number in range(len(upload.etags), len(parts.checksums)):
                etag = self._put_part(key, upload, parts, number)
                upload = replace(upload, etags=(*upload.etags, etag))
                on_part(upload)
            self._complete(key, upload, parts)
        except _Gone as gone:
            on_part(None)
            raise UploadTransient(
                f"s3://{self._bucket}/{key}: S3 has no such parts any more; they are sent again"
            ) from gone

    def _begin(self, key: str, content_type: str, parts: Parts) -> Begun:
        answer = self._ask(
            "s3:PutObject",
            key,
            lambda s3: s3.create_multipart_upload(
                Bucket=self._bucket, Key=key, ContentType=content_type, ChecksumAlgorithm="SHA256"
            ),
        )
        if "UploadId" not in answer:
            self._check(key, None, "an upload's id")
        return Begun(answer["UploadId"], parts.sha256, PART_BYTES)

    def _put_part(self, key: str, upload: Begun, parts: Parts, number: int) -> str:
        checksum = parts.checksums[number]
        answer = self._ask(
            "s3:PutObject",
            key,
            lambda s3: s3.upload_part(
                Bucket=self._bucket,
                Key=key,
                UploadId=upload.upload_id,
                PartNumber=number + 1,
                Body=parts.content(number),
                ChecksumAlgorithm="SHA256",
                ChecksumSHA256=checksum,
            ),
            gone_on=FORGOTTEN,
        )
        self._check(key, answer.get("ChecksumSHA256"), checksum)
        return str(answer["ETag"])

    def _complete(self, key: str, upload: Begun, parts: Parts) -> None:
        """Refused where the key is taken; the parts are then S3's to forget (lifecycle)."""
        answer = self._ask(
            "s3:PutObject",
            key,
            lambda s3: s3.complete_multipart_upload(
                Bucket=self._bucket,
                Key=key,
                UploadId=upload.upload_id,
                MultipartUpload={"Parts": parts.listed(upload.etags)},
                IfNoneMatch="*",
            ),
            none_on=("412",),
            gone_on=FORGOTTEN,
        )
        if answer is None:
            self._compare(key, parts.size_bytes, parts.checksum, parts.checksum_of_parts)
        else:
            # Not all that speaks S3 repeats it; every part was answered with its own.
            whole = parts.checksum_of_parts if "ETag" in answer else None
            said = bare(answer.get("ChecksumSHA256", whole))
            self._check(key, said, parts.checksum_of_parts)

    def _check(self, key: str, said: str | None, expected: str) -> None:
        if said != expected:
            raise UploadTransient(
                f"s3://{self._bucket}/{key}: the answer to the upload was not S3's (its checksum "
                f"is {said!r}, expected {expected!r}); check whether the network asks for a login"
            ).coded(FaultCode.NETWORK_LOGIN)

    def get(self, key: str) -> bytes | None:
        content: bytes | None = self._ask(
            "s3:GetObject",
            key,
            lambda s3: s3.get_object(Bucket=self._bucket, Key=key)["Body"].read(),
            none_on=("NoSuchKey", "AccessDenied"),
        )
        return content

    def close(self) -> None:
        """Closes idle connections; may be called twice."""
        with self._lock:
            if self._client is not None:
                self._client.close()
                self._client = None

    def _compare(self, key: str, size_bytes: int, *checksums: str) -> None:
        """What is there already has one of these: it may have come whole or in parts."""
        there = self._ask(
            "s3:GetObject",
            key,
            lambda s3: s3.head_object(Bucket=self._bucket, Key=key, ChecksumMode="ENABLED"),
            none_on=("403",),
        )
        if there and not is_from_s3(there):  # a login page is no other object
            raise UploadTransient(
                f"s3://{self._bucket}/{key}: the answer was not S3's; check whether the network "
                "asks for a login; it is tried again"
            ).coded(FaultCode.NETWORK_LOGIN)
        found = there and (there["ContentLength"], bare(there.get("ChecksumSHA256")))
        if found and found not in [(size_bytes, one) for one in checksums]:
            raise UploadConflict(
                f"s3://{self._bucket}/{key}: another object is already there (bytes, sha256: "
                f"{found}), expected {(size_bytes, checksums[0])}; nothing was overwritten, "
                "look at both before either is removed"
            )

    def _ask(
        self,
        action: str,
        key: str,
        call: Callable[["S3Client"], Any],
        *,
        none_on: tuple[str, ...] = (),
        gone_on: frozenset[str] = frozenset(),
    ) -> Any:
        """The answer, or None where S3 says one of `none_on` (its codes, HTTP statuses).

        Raises _Gone where it says one of `gone_on`.
        """
        from storeguard.outbox import refusals

        try:
            return call(self._s3())
        except refusals.FOREIGN as error:
            words = refusals.words_of(error)
            if words & set(none_on):
                return None
            if words & gone_on:
                raise _Gone from error
            request = refusals.Request(action, self._bucket, key, self._region)
            fault = refusals.translated(error, request)
            if isinstance(fault, UploadRefused):
                self.close()  # the next probe reads the credentials afresh
            raise fault from error

    def _s3(self) -> "S3Client":
        with self._lock:
            if self._client is None:
                self._client = self._make()
            return self._client


class _Gone(Exception):
    """S3 knows nothing of the upload that was begun."""


def is_from_s3(answer: Mapping[str, Any]) -> bool:
    """Has S3 answered, and no login page that says 200 to everything?"""
    headers = answer.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return any(str(name).lower() in FROM_S3 for name in headers)


def object_store(upload: Upload, on_bytes: Callable[[], None]) -> S3Store | None:
    """The configured bucket; None where there is none. `on_bytes`: called as they leave."""
    if upload.bucket is None:
        return None
    rate = None if upload.max_kbit_s is None else upload.max_kbit_s * 125.0
    throttle = Throttle(rate, SystemClock().now_s, SystemPinClock().sleep)

    def leave(count: int) -> None:
        on_bytes()
        throttle.take(count)

    return S3Store(upload.bucket, upload.region, upload.endpoint_url, on_bytes=leave)


def make_client(
    region: str, endpoint_url: str | None, on_bytes: Callable[[int], None] = lambda _: None
) -> "S3Client":
    """Reads credentials and boto3's models from disk: it blocks for up to a second.

    `on_bytes`: called in the sending thread with the number of bytes that are about to leave;
    it may pause that thread.
    """
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_TIMEOUT_S,
        read_timeout=READ_TIMEOUT_S,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
    )
    # A session of its own: boto3's default one keeps the credentials it has found first.
    session = boto3.session.Session(region_name=region)
    client = session.client("s3", endpoint_url=endpoint_url, config=config)
    client.meta.events.register("before-call.s3", _mark_redirected)

    def watch(request: Any, **_: object) -> None:
        on_bytes(0)
        if isinstance(request.body, io.BytesIO):  # what botocore makes of bytes
            request.body = _Watched(request.body.getvalue(), on_bytes)

    client.meta.events.register("before-send.s3", watch)
    return client


class _Watched(io.BytesIO):
    """A request's body that says whenever the socket takes more of it: a small piece each time."""

    def __init__(self, content: bytes, on_bytes: Callable[[int], None]) -> None:
        super().__init__(content)
        self._on_bytes = on_bytes

    def read(self, size: int | None = -1, /) -> bytes:
        taken = super().read(PIECE_BYTES if size is None or size < 0 else min(size, PIECE_BYTES))
        self._on_bytes(len(taken))
        return taken


def _mark_redirected(context: dict[str, Any], **_: object) -> None:
    """Keeps botocore from following S3's redirects: it sent 81 requests, then recursed."""
    context.setdefault("s3_redirect", {})["redirected"] = True
