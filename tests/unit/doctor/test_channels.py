"""A line of `doctor` for each of the owner's channels; no address stands in it."""

import pytest

from storeguard.upkeep import doctor
from storeguard.upkeep.checks.finding import State

# Apprise looks for it on import.
pytestmark = pytest.mark.filterwarnings("ignore:'imghdr' is deprecated:DeprecationWarning")

CONFIG = """
store: {id: gangnam-1, name: 강남 1호점}
scales: [{id: A, products: [바나나우유], backend: sim}]
notices: {channels: [{id: family-mail}, {id: sms}]}
"""
MAIL, SMS = "STOREGUARD_CHANNEL_FAMILY_MAIL", "STOREGUARD_CHANNEL_SMS"
GOOD_MAIL, GOOD_SMS = "ntfys://canary-secret@ntfy.sh/shop", "solapi://KEY:canary-secret@0101/0102"


@pytest.fixture
def examine(make_site, lay_out):
    """Channel → its finding, in that environment."""

    def found(environ, packages=("apprise",)):
        site = make_site(CONFIG, machine=lay_out(packages=packages, environ=environ))
        checks = [one for one in doctor.checks_of(site) if one.topics[0].check.startswith("chan")]
        findings = [*doctor.Examination(checks, site.clock, site.say).findings()]
        assert "canary-secret" not in str(findings)
        return {one.check.removeprefix("channel."): one for one in findings}

    return found


def test_each_channel_with_its_address_is_in_order(examine):
    found = examine({MAIL: GOOD_MAIL, SMS: GOOD_SMS})
    assert {name: one.state for name, one in found.items()} == {
        "family-mail": State.OK,
        "sms": State.OK,
    }
    assert MAIL in found["family-mail"].measured
    assert "알림 sms" in found["sms"].what


@pytest.mark.parametrize("environ", [{SMS: GOOD_SMS}, {SMS: GOOD_SMS, MAIL: "  "}])
def test_a_channel_without_address_names_its_variable(examine, environ):
    found = examine(environ)
    assert found["family-mail"].state is State.FAIL
    assert MAIL in found["family-mail"].measured
    assert MAIL in found["family-mail"].do
    assert found["sms"].state is State.OK


def test_a_missing_package_comes_with_its_pip_line(examine):
    found = examine({MAIL: GOOD_MAIL, SMS: GOOD_SMS}, packages=())
    assert found["family-mail"].state is State.FAIL
    assert found["family-mail"].do == "pip install 'storeguard[notify]'"
    assert found["sms"].state is State.OK, "Solapi needs none"


@pytest.mark.parametrize(
    ("name", "variable", "address"),
    [
        ("family-mail", MAIL, "nothing://canary-secret"),
        ("family-mail", MAIL, "canary-secret"),
        ("sms", SMS, "solapi://KEY:canary-secret@0101"),
    ],
)
def test_an_address_that_is_none_is_said_without_its_secret(examine, name, variable, address):
    found = examine({MAIL: GOOD_MAIL, SMS: GOOD_SMS} | {variable: address})
    assert found[name].state is State.FAIL
    assert variable in found[name].do
    assert sum(one.state is State.OK for one in found.values()) == 1
