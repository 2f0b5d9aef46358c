"""What must not be kept by accident: card numbers anywhere, keys and telephones in logs.

A card's number is 13 to 19 digits of which the last is Luhn's check digit; one number of ten of
that length has it by chance, so what is found is masked and never refused.
"""

import logging
import re

from storeguard.errors import masked

DIGITS = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])")
PHONE = re.compile(r"(?<![0-9])(01[016-9])([ -]?)[0-9]{3,4}([ -]?)([0-9]{4})(?![0-9])")
AWS_KEY = re.compile(r"\b(AKIA|ASIA)[0-9A-Z]{12,16}\b")


def has_card(text: str) -> bool:
    return any(_is_card(found[0]) for found in DIGITS.finditer(text))


def without_cards(text: str) -> str:
    """The last four digits stay, as on a receipt."""
    return DIGITS.sub(lambda found: _starred(found[0]) if _is_card(found[0]) else found[0], text)


def _starred(number: str) -> str:
    return f"****{number[-4:]}"


def _is_card(number: str) -> bool:
    digits = [int(sign) for sign in number if sign.isdigit()]
    doubled = [2 * one - 9 * (one > 4) for one in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def discreet(text: str) -> str:
    """Fit for a log that is passed on: one line, no password, key, card or telephone."""
    text = without_cards(masked(text))
    text = PHONE.sub(r"\1\2****\3\4", AWS_KEY.sub(r"\1****", text))
    return "".join(sign if sign.isprintable() else _escaped(sign) for sign in text)


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape").decode()


class DiscreetFormatter(logging.Formatter):
    """Each record is one line, whatever a product is called; only a bug's trace has more."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's own name
        record.message = discreet(record.message)
        return super().formatMessage(record)
