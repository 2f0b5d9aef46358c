"""A content in parts as S3 takes them, and the checksums by which it answers."""

import base64
import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING

from storeguard.domain.delivery import PART_BYTES, Begun

if TYPE_CHECKING:
    from mypy_boto3_s3.type_defs import CompletedPartTypeDef


class Parts:
    """Cut the same way each time, so that an upload can go on after a restart.

    S3 keeps no SHA-256 over an object that came in parts, only one over those of its parts.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.size_bytes = len(content)
        whole = hashlib.sha256(content)
        self.sha256, self.checksum = whole.hexdigest(), _base64(whole.digest())
        starts = range(0, len(content), PART_BYTES)
        digests = [hashlib.sha256(self.content(n)).digest() for n in range(len(starts))]
        self.checksums = tuple(map(_base64, digests))
        self.checksum_of_parts = _base64(hashlib.sha256(b"".join(digests)).digest())

    def content(self, number: int) -> bytes:
        return self._content[number * PART_BYTES : (number + 1) * PART_BYTES]

    def fit(self, begun: Begun) -> bool:
        """Is what was begun of this content, and cut as this is?"""
        is_same = (begun.sha256, begun.part_bytes) == (self.sha256, PART_BYTES)
        return is_same and len(begun.etags) <= len(self.checksums)

    def listed(self, etags: Sequence[str]) -> "list[CompletedPartTypeDef]":
        """What S3 is to put together."""
        return [
            {"PartNumber": number, "ETag": etag, "ChecksumSHA256": checksum}
            for number, (etag, checksum) in enumerate(zip(etags, self.checksums, strict=True), 1)
        ]


def bare(checksum: str | None) -> str | None:
    """Without `-5`, by which S3 says that it is one over five parts."""
    return checksum and checksum.partition("-")[0]


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
