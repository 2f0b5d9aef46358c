"""Every fault has a sentence for the owner; the device's own text is for the log."""

import errno

import pytest

from storeguard import errors
from storeguard.errors import FaultCode, code_of
from storeguard.messages import CATALOGUES, fault_text, fault_title, fields
from storeguard.messages.faults import PARTS, SAME_WORDS, keys_of
from storeguard.outbox import refusals

VALUES = {"grams": "12", "product": "P", "seconds": "6", "minutes": "61"}
CODES = [code for code in FaultCode if code is not FaultCode.OTHER]


@pytest.mark.parametrize("code", CODES)
@pytest.mark.parametrize("language", sorted(CATALOGUES))
def test_every_code_has_a_sentence(language, code):
    said = fault_text(language, code, "the device's own", **VALUES)
    assert said.endswith(".")
    assert "the device's own" not in said
    assert "{" not in said


def test_every_sentence_has_a_code():
    used = {key for code in FaultCode for key in keys_of(code)}
    used |= {
        f"fault.part.{key}"
        for key in ("scale", "camera", "sight", "channel", "records", *PARTS.values())
    }
    there = {key for key in CATALOGUES["ko"] if key.startswith("fault.")}
    assert there == {key for key in used if key.startswith("fault.")}


def test_what_doctor_says_in_the_same_words_needs_no_values():
    for keys in SAME_WORDS.values():
        assert all(not fields(CATALOGUES["ko"][key]) for key in keys)


def test_what_has_no_code_explains_itself():
    why = "inventory_store.csv:3: 개수 '12개'"
    assert fault_text("ko", FaultCode.OTHER, why) == why


@pytest.mark.parametrize(
    ("part", "kind", "title"),
    [
        ("A", "scale", "저울 A"),
        ("door", "camera", "카메라 door"),
        ("door", "sight", "사람 감지 door"),
        ("kiosk book", "", "판매 재고표"),
        ("test notice", "", "시험 알림"),
        ("reconciling", "", "기록"),
    ],
)
def test_every_part_has_a_title_in_the_owners_words(part, kind, title):
    assert fault_title("ko", part, kind) == title


@pytest.mark.parametrize(
    ("cause", "code"),
    [
        (errno.ENOSPC, FaultCode.DISK_FULL),
        (errno.EROFS, FaultCode.DISK_READ_ONLY),
        (errno.EIO, FaultCode.DISK_FAILING),
        (errno.EACCES, FaultCode.NOT_SAVED),
    ],
)
def test_an_error_of_the_disk_has_the_code_of_its_cause(cause, code):
    fault = errors.JournalFault("the journal cannot be written")
    fault.errno = cause
    assert code_of(fault) is code


def test_a_plain_text_has_no_code():
    assert code_of("something is wrong") is FaultCode.OTHER


@pytest.mark.parametrize(
    ("said", "status", "code"),
    [
        ("RequestTimeTooSkewed", 403, FaultCode.CLOCK_SKEWED),
        ("ExpiredToken", 400, FaultCode.CREDENTIALS),
        ("AccessDenied", 403, FaultCode.PERMISSION),
        ("NoSuchBucket", 404, FaultCode.BUCKET),
        ("AccountProblem", 403, FaultCode.ACCOUNT),
        ("SlowDown", 503, FaultCode.NETWORK),
        ("NotImplemented", 451, FaultCode.UPLOAD_REFUSED),
    ],
)
def test_what_s3_refuses_has_a_code_of_its_own(said, status, code):
    answer = {"Error": {"Code": said}, "ResponseMetadata": {"HTTPStatusCode": status}}
    error = refusals.aws.ClientError(answer, "PutObject")  # type: ignore[arg-type]
    request = refusals.Request("s3:PutObject", "bucket", "gangnam-1/x", "ap-northeast-2")
    assert code_of(refusals.translated(error, request)) is code


REMARKS = {
    code for code in FaultCode if any(fields(CATALOGUES["ko"][key]) for key in keys_of(code))
}
"""What is only ever remarked, with figures of its own."""


@pytest.mark.parametrize("language", CATALOGUES)
def test_what_a_part_fails_with_needs_no_values(language):
    """A page and an alarm know the code alone: a sentence that wanted more would end the daemon."""
    assert not REMARKS & {FaultCode.DETECTOR_SLOW, FaultCode.CAMERA_BLIND, FaultCode.SCALE_STUCK}
    for code in set(FaultCode) - REMARKS:
        assert fault_text(language, code, "its own words")
