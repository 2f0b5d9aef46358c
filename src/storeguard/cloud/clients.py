"""What notifier and watcher are made of alike: AWS' services, and where their message goes."""

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Clients:
    """boto3 clients; the topic may be in another region than the rest."""

    s3: Any
    dynamodb: Any
    sns: Any


def clients(sms_region: str) -> Clients:
    import boto3

    sns = boto3.client("sns", region_name=sms_region)
    return Clients(boto3.client("s3"), boto3.client("dynamodb"), sns)
