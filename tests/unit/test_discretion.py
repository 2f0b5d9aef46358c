"""Nothing that must not be kept gets into a log, and no name makes a second line in it."""

import logging
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storeguard.discretion import DiscreetFormatter, discreet, has_card, without_cards

CARDS = ("4111111111111111", "4111 1111 1111 1111", "378282246310005", "6221-2612-3456-7890-004")


def with_check_digit(digits: str) -> str:
    return next(f"{digits}{last}" for last in range(10) if has_card(f"{digits}{last}"))


def logged(message: str, *values: object) -> str:
    record = logging.LogRecord("storeguard", logging.INFO, "", 1, message, values, None)
    return DiscreetFormatter("%(levelname)s %(message)s").format(record)


@pytest.mark.parametrize("card", CARDS)
def test_a_card_is_known_however_it_is_written_and_only_its_end_stays(card: str):
    assert has_card(f"pos-{card}-x")
    assert without_cards(f"receipt {card}.") == f"receipt ****{card[-4:]}."


@pytest.mark.parametrize(
    "text", ["4111111111111112", "411111111111", "41111111111111111111", "2026-11-20 22:21:04"]
)
def test_what_is_no_card_stays_as_it_is(text: str):
    assert not has_card(text)
    assert without_cards(text) == text


def test_a_thousand_cards_of_every_length_are_all_known():
    chance = random.Random(1)
    for number in range(1000):
        length = 12 + number % 7
        assert has_card(with_check_digit("".join(chance.choices("0123456789", k=length))))


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("to 01012345678", "to 010****5678"),
        ("to 010-1234-5678", "to 010-****-5678"),
        ("key AKIACANARYCANARY1234", "key AKIA****"),
        ("rtsp://owner:secret@10.0.0.2/1", "rtsp://***@10.0.0.2/1"),
        ("2,500원, 저울 'A'", "2,500원, 저울 'A'"),
    ],
)
def test_passwords_keys_and_telephones_are_masked(said: str, expected: str):
    assert discreet(said) == expected


@given(st.text())
def test_whatever_a_product_is_called_its_log_line_is_one(name: str):
    line = logged("sold %s", name)
    assert line.startswith("INFO sold ")
    assert len(line.splitlines()) == 1
    assert line.isprintable()


def test_a_bugs_trace_keeps_its_lines():
    try:
        raise RuntimeError("a bug")
    except RuntimeError as error:
        record = logging.LogRecord(
            "storeguard", logging.ERROR, "", 1, "x", (), (RuntimeError, error, error.__traceback__)
        )
    assert "\nRuntimeError: a bug" in DiscreetFormatter("%(message)s").format(record)
