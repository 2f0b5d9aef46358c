"""An AWS account as the commands see it: clients by service, foreign errors in one line.

Credentials come from the chain of AWS (environment, profile, SSO); none are ever asked for here.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore import exceptions as aws
from botocore.parsers import ResponseParserError

from storeguard.errors import CloudRefused, masked

DENIED = frozenset({"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "403"})
BAD_KEYS = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    }
)
UNANSWERED = (aws.ClientError, aws.BotoCoreError, ResponseParserError)
"""What a question may end in that is nice to have answered."""

LOGIN_HINT = "log in (aws sso login), or set AWS_PROFILE or AWS_ACCESS_KEY_ID"


class Account:
    """Clients are made once each; boto3 is imported with the first."""

    def __init__(self, region: str) -> None:
        self.region = region
        self._clients: dict[tuple[str, str], Any] = {}

    def client(self, service: str, region: str | None = None) -> Any:
        import boto3
        from botocore.config import Config

        key = (service, region or self.region)
        if key not in self._clients:
            patient = Config(retries={"mode": "standard", "total_max_attempts": 5})
            with explained(f"a client of {service} in {key[1]}"):
                session = boto3.session.Session(region_name=key[1])
                make: Any = session.client
                self._clients[key] = make(service, config=patient)
        return self._clients[key]

    def close(self) -> None:
        for client in self._clients.values():
            client.close()
        self._clients.clear()


@contextmanager
def explained(action: str) -> Iterator[None]:
    """What AWS or botocore refuses inside, as CloudRefused: one line that says what to do."""
    try:
        yield
    except (aws.NoCredentialsError, aws.PartialCredentialsError, aws.ProfileNotFound) as error:
        raise CloudRefused(f"{action}: no AWS credentials ({error}); {LOGIN_HINT}") from error
    except (aws.SSOError, aws.CredentialRetrievalError, aws.TokenRetrievalError) as error:
        raise CloudRefused(f"{action}: {_line(error)}; {LOGIN_HINT}") from error
    except (aws.EndpointConnectionError, aws.ConnectionError, aws.HTTPClientError) as error:
        raise CloudRefused(
            f"{action}: AWS is not reached ({_line(error)}); check the network and the region"
        ) from error
    except aws.ClientError as error:
        raise CloudRefused(_of_answer(action, error)) from error
    except (aws.WaiterError, aws.BotoCoreError, ResponseParserError, ValueError) as error:
        raise CloudRefused(f"{action}: {_line(error)}") from error


def _of_answer(action: str, error: aws.ClientError) -> str:
    code, said = error.response["Error"]["Code"], _line(error)
    if code in DENIED or "is not authorized" in said:
        return f"{action}: not permitted ({said}); give this user the right, or use another"
    if code in BAD_KEYS:
        return f"{action}: AWS does not know these credentials ({code}); {LOGIN_HINT}"
    return f"{action}: {said}"


def _line(error: Exception) -> str:
    return masked(" ".join(str(error).split()))
