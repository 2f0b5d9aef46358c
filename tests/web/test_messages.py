"""The catalogues say everything in every language, or fail loudly."""

import re
from pathlib import Path

import pytest

import storeguard.web
from storeguard.messages import CATALOGUES, fields, text, texts

WEB = Path(storeguard.web.__file__).parent


def test_every_language_has_the_same_keys():
    assert CATALOGUES["ko"].keys() == CATALOGUES["en"].keys()


@pytest.mark.parametrize("key", CATALOGUES["ko"])
def test_every_language_fills_the_same_fields(key: str):
    assert fields(CATALOGUES["ko"][key]) == fields(CATALOGUES["en"][key])


def test_no_text_accuses_anybody():
    accusing = re.compile("도난|절도|도둑|범인|thief|theft|stolen|steal", re.I)
    everything = " ".join(" ".join(catalogue.values()) for catalogue in CATALOGUES.values())
    assert accusing.search(everything) is None


def test_a_text_is_filled_in():
    assert text("ko", "kiosk.left", count=3) == "3개 남음"
    assert text("en", "kiosk.left", count=3) == "3 left"


def test_a_missing_key_language_or_field_fails_loudly():
    with pytest.raises(KeyError, match=r"no text 'kiosk\.lft'"):
        text("ko", "kiosk.lft")
    with pytest.raises(KeyError, match="no language 'fr'"):
        text("fr", "kiosk.left", count=3)
    with pytest.raises(KeyError, match="count"):
        text("ko", "kiosk.left")


def test_a_page_gets_only_its_own_texts():
    assert {key.split(".")[0] for key in texts("ko", "page.", "kiosk.")} == {"page", "kiosk"}


@pytest.mark.parametrize(
    ("script", "page"), [("kiosk.js", "kiosk."), ("owner.js", "owner."), ("common.js", "page.")]
)
def test_every_text_that_a_script_says_is_in_its_page(script: str, page: str):
    source = (WEB / "static" / script).read_text()
    said = set(re.findall(r'"((?:page|kiosk|owner|web)\.[a-z_.]+)"', source))
    assert said
    assert said <= texts("ko", "page.", page).keys()


def test_every_text_that_a_template_shows_exists():
    for template in (WEB / "templates").glob("*.html"):
        shown = set(re.findall(r"""texts\[["']([a-z_.]+)["']\]""", template.read_text()))
        assert shown <= CATALOGUES["ko"].keys(), template.name
