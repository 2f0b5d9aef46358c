"""config.yaml changed from a page: what is not changed stays as its owner wrote it."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from storeguard import config as cfg
from storeguard.configfile import ConfigFile, edited
from storeguard.errors import ConfigInvalid, StoreguardError

ROOT = Path(__file__).parents[2]
TEXT = """\
# 우리 매장
store: {id: shop-1, name: 강남 1호점}   # 이름은 여기

visits:
  empty_for_s: 5      # 초
  payment_grace_s: 10

law:
scales:
  - id: A             # 왼쪽 위
    backend: sim
    products:
      - 우유
      - 콜라          # 같은 선반
  - {id: B, backend: sim}
kiosk: {}
"""


@pytest.mark.parametrize(
    ("place", "value", "line"),
    [
        (
            ("store", "name"),
            "역삼점: #2",
            'store: {id: shop-1, name: "역삼점: #2"}   # 이름은 여기',
        ),
        (("visits", "empty_for_s"), 7.5, "  empty_for_s: 7.5      # 초"),
        (("visits", "clip_s"), 20, "  clip_s: 20"),
        (("law", "phone"), "010-1234-5678", 'law: {phone: "010-1234-5678"}'),
        (("kiosk", "oversell"), "refuse", 'kiosk: {oversell: "refuse"}'),
        (
            ("notices", "quiet_hours"),
            ["23:00", "07:00"],
            'notices: {quiet_hours: ["23:00", "07:00"]}',
        ),
        (("scales", 1, "capacity_g"), 5000, "  - {id: B, backend: sim, capacity_g: 5000}"),
        (("scales", 0, "products"), ["콜라"], '    products: ["콜라"]          # 같은 선반'),
    ],
)
def test_only_the_line_of_the_value_changes(place: Any, value: Any, line: str):
    after = edited(TEXT, {place: value})
    assert yaml.safe_load(after)
    assert [one for one in after.splitlines() if one not in TEXT.splitlines()] == [line]


def test_an_empty_file_gets_its_first_key():
    assert edited("# nothing yet\n", {("store", "name"): "가게"}) == (
        '# nothing yet\nstore: {name: "가게"}\n'
    )


def test_windows_line_ends_and_a_missing_last_one_do_no_harm():
    text = "visits:\r\n  clip_s: 20"
    after = edited(text, {("visits", "empty_for_s"): 4, ("web", "port"): 80})
    assert yaml.safe_load(after) == {
        "visits": {"clip_s": 20, "empty_for_s": 4},
        "web": {"port": 80},
    }


def test_a_value_that_stands_in_two_places_is_not_touched():
    text = "store: &one {name: a}\nlaw: *one\n"
    with pytest.raises(ConfigInvalid, match=r"store\.name: cannot be changed from here"):
        edited(text, {("store", "name"): "b"})


KEYS = {
    ("store", "name"): st.text(st.characters(exclude_categories=["C"]), min_size=1, max_size=12),
    ("visits", "clip_s"): st.integers(2, 600),
    ("law", "manager"): st.text(st.characters(exclude_categories=["C"]), max_size=12),
    ("notices", "min_won"): st.integers(0, 10**6),
    ("cameras", 0, "ignore_areas"): st.lists(
        st.lists(st.lists(st.floats(0, 1), min_size=2, max_size=2), min_size=3, max_size=5),
        max_size=3,
    ),
}


@settings(max_examples=15, deadline=None)
@given(st.fixed_dictionaries({}, optional=KEYS))
def test_the_example_says_exactly_what_was_put_into_it(changes: dict[Any, Any]):
    text = (ROOT / "config.yaml").read_text(encoding="utf-8")
    config = cfg.parse(edited(text, changes))
    dumped = config.model_dump(mode="json")
    for place, value in changes.items():
        found: Any = dumped
        for part in place:
            found = found[part]
        assert found == value
    comments = [line for line in text.splitlines() if line.startswith("#")]
    assert [line for line in edited(text, changes).splitlines() if line.startswith("#")] == comments


def test_a_wrong_value_leaves_the_file_as_it_is(tmp_path: Path):
    path = tmp_path / "config.yaml"
    path.write_text(TEXT.replace("law:\n", ""), encoding="utf-8")
    before = path.read_bytes()
    with pytest.raises(ConfigInvalid, match=r"visits\.clip_s"):
        ConfigFile(path).change({("visits", "clip_s"): 1})
    assert path.read_bytes() == before

    def refuse(_config: cfg.Config) -> None:
        raise ConfigInvalid("config.yaml", ("no",))

    with pytest.raises(ConfigInvalid, match="no"):
        ConfigFile(path, refuse).change({("visits", "clip_s"): 20})
    assert path.read_bytes() == before


def test_a_change_is_on_disk_with_the_files_own_rights(tmp_path: Path):
    path = tmp_path / "config.yaml"
    path.write_bytes(b"\xef\xbb\xbfstore: {name: a}\n")
    path.chmod(0o600)
    assert ConfigFile(path).change({("store", "name"): "b"}).store.name == "b"
    assert cfg.load(path).store.name == "b"
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_whole_new_file_keeps_the_one_before_it(tmp_path: Path):
    path = tmp_path / "config.yaml"
    file = ConfigFile(path)
    file.put("store: {name: a}\n")
    file.put("store: {name: b}\n")
    assert file.load().store.name == "b"
    assert (tmp_path / "config.yaml.before").read_text() == "store: {name: a}\n"


def test_a_file_that_cannot_be_read_says_so(tmp_path: Path):
    with pytest.raises(StoreguardError, match="cannot be read"):
        ConfigFile(tmp_path / "none.yaml").change({("store", "name"): "b"})
    (tmp_path / "odd.yaml").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigInvalid, match="UTF-8"):
        ConfigFile(tmp_path / "odd.yaml").change({("store", "name"): "b"})
