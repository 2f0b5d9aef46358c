"""The characters that every Korean phone shows: ASCII and the 2,350 syllables of KS X 1001."""

import unicodedata

LEAD_BYTES = range(0xB0, 0xC9)
TRAIL_BYTES = range(0xA1, 0xFF)

# Not all that Python's euc_kr encodes: it has the other 8,822 syllables as eight bytes each.
SYLLABLES = frozenset(
    bytes((lead, trail)).decode("euc_kr") for lead in LEAD_BYTES for trail in TRAIL_BYTES
)
SENDABLE = SYLLABLES | frozenset(map(chr, range(0x20, 0x7F)))


def sendable(text: str) -> str:
    """`text` with a '?' for other syllables, without what no phone is sure to show.

    Full-width letters and the like become their plain forms; runs of blanks become one.
    """
    shown = "".join(map(_shown, unicodedata.normalize("NFC", text)))
    return " ".join(shown.split())


def _shown(character: str) -> str:
    if character in SENDABLE:
        return character
    if "가" <= character <= "힣":
        return "?"
    plain = unicodedata.normalize("NFKC", character)
    if character.isspace():
        return " "
    return plain if set(plain) <= SENDABLE else ""
