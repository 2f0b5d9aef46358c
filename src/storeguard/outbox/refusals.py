"""What S3 and botocore say, sorted by what helps: try again, ask the owner, set the clock.

The one place where foreign errors of the upload become ours. An error that is not named
here is judged by its HTTP status; one without any is a configuration that cannot work.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from botocore import exceptions as aws
from botocore.parsers import ResponseParserError

from storeguard.errors import (
    FaultCode,
    UploadClockSkewed,
    UploadFault,
    UploadRefused,
    UploadTransient,
    masked,
)

CLOCK_CODES = frozenset({"RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"})
TRANSIENT_CODES = frozenset(
    {
        "BadDigest",
        "ConditionalRequestConflict",
        "IncompleteBody",
        "InternalError",
        "OperationAborted",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequests",
        "XAmzContentChecksumMismatch",
        "XAmzContentSHA256Mismatch",
    }
)
KEY_CODES = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSecurity",
        "InvalidToken",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
        "UnrecognizedClientException",
    }
)
ACCOUNT_CODES = frozenset({"AccountProblem", "AllAccessDisabled", "NotSignedUp"})
BUCKET_CODES = frozenset(
    {
        "AuthorizationHeaderMalformed",
        "IllegalLocationConstraintException",
        "InvalidBucketName",
        "NoSuchBucket",
        "PermanentRedirect",
        "Redirect",
        "TemporaryRedirect",
    }
)
DENIED_CODES = frozenset({"AccessDenied", "Forbidden", "403"})

TRANSIENT_STATUS = frozenset({404, 407, 408, 409, 425, 429})
"""404 without a code of S3: something else answers here, as with 302, a network's login."""

TRANSIENT_CLASSES: tuple[type[Exception], ...] = (
    aws.HTTPClientError,
    aws.ConnectionError,
    aws.ChecksumError,
    aws.FlexibleChecksumError,
    aws.IncompleteReadError,
    aws.CapacityNotAvailableError,
    # Credentials that are fetched over the network fail with the network.
    aws.CredentialRetrievalError,
    aws.MetadataRetrievalError,
    aws.TokenRetrievalError,
    ResponseParserError,
)
KEY_CLASSES: tuple[type[Exception], ...] = (
    aws.NoCredentialsError,
    aws.PartialCredentialsError,
    aws.ProfileNotFound,
    aws.NoAuthTokenError,
    aws.SSOError,
    aws.LoginError,
    aws.UnknownCredentialError,
    aws.RefreshWithMFAUnsupportedError,
)
FOREIGN = (aws.BotoCoreError, aws.ClientError, ResponseParserError, ValueError, PermissionError)
"""What the client raises; the last two for an endpoint that is no URL and an unreadable
credentials file."""


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked of S3, for the message."""

    action: str
    bucket: str
    key: str
    region: str

    @property
    def where(self) -> str:
        return f"s3://{self.bucket}/{self.key}"

    @property
    def prefix(self) -> str:
        """The part of the key that a policy names: `gangnam-1/*`, `receipts/gangnam-1/*`."""
        parts = self.key.split("/")
        return "/".join(parts[: 2 if parts[0] == "receipts" else 1]) + "/*"


def translated(error: Exception, request: Request) -> UploadFault:
    """The upload's fault for an error out of FOREIGN."""
    if isinstance(error, aws.ClientError):
        return _answered(error, request)
    what = f"{request.where}: {masked(_one_line(error))}"
    if isinstance(error, aws.SSLError):
        untrusted = f"{what}; its certificate is not trusted; check clock and network"
        return UploadTransient(untrusted).coded(FaultCode.CERTIFICATE)
    if isinstance(error, TRANSIENT_CLASSES):
        return UploadTransient(f"{what}; it is tried again")
    if isinstance(error, KEY_CLASSES):
        return UploadRefused(
            f"{what}; give AWS credentials by the environment or ~/.aws/credentials"
        ).coded(FaultCode.CREDENTIALS)
    return UploadRefused(f"{what}; check upload.bucket, upload.region, upload.endpoint_url")


def words_of(error: Exception) -> frozenset[str]:
    """S3's code and its HTTP status, or nothing where S3 has not answered."""
    if not isinstance(error, aws.ClientError):
        return frozenset()
    return frozenset({_code(error), str(_status(error))})


def _answered(error: aws.ClientError, request: Request) -> UploadFault:
    code, status = _code(error), _status(error)
    what = f"{request.where}: {code} (HTTP {status}) on {request.action}"
    if code in CLOCK_CODES:
        served = _date(error)
        return UploadClockSkewed(
            f"{what}; this device's clock is wrong (the server says {served}), waiting for the time"
        )
    if code in TRANSIENT_CODES:
        return UploadTransient(f"{what}; it is tried again")
    refusal = _refusal(code, status, request)
    if refusal is None and (status >= 500 or status in TRANSIENT_STATUS or status < 400):
        return UploadTransient(f"{what}; it is tried again")
    do, kind = refusal or ("check upload.bucket and upload.endpoint_url", FaultCode.UPLOAD_REFUSED)
    return UploadRefused(f"{what}; {do}").coded(kind)


def _code(error: aws.ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _status(error: aws.ClientError) -> int:
    metadata: Mapping[str, Any] = error.response.get("ResponseMetadata", {})
    return int(metadata.get("HTTPStatusCode", 0))


def _date(error: aws.ClientError) -> str:
    headers = error.response.get("ResponseMetadata", {}).get("HTTPHeaders", {})
    return str(headers.get("date", "nothing"))


def _refusal(code: str, status: int, request: Request) -> tuple[str, FaultCode] | None:
    """What the owner has to do about it; None when the code says nothing of the kind."""
    if code in KEY_CODES:
        do = "the AWS key is expired, revoked or mistyped; put a new one in place"
        return do, FaultCode.CREDENTIALS
    if code in ACCOUNT_CODES:
        return "the AWS account is suspended; see its billing page", FaultCode.ACCOUNT
    if code in BUCKET_CODES or status == 301:
        do = f"no such bucket in {request.region}; check upload.bucket and upload.region"
        return do, FaultCode.BUCKET
    if code in DENIED_CODES or status in (401, 403):
        do = f"the key lacks {request.action} on arn:aws:s3:::{request.bucket}/{request.prefix}"
        return do, FaultCode.PERMISSION
    return None


def _one_line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
