"""Whose a data folder is: another store's, or an empty mount point, is refused."""

import json
import shutil

import pytest

from storeguard import config as cfg
from storeguard import marker
from storeguard.errors import ForeignFolder
from storeguard.lock import FolderLock
from storeguard.marker import MARKER
from storeguard.recovery import prepare_folders

DATA = ("inventory", "record", "issue_data")


@pytest.fixture
def folders(tmp_path):
    return cfg.Folders.of(cfg.Config(), tmp_path)


def start(folders, store="gangnam-1"):
    lock = FolderLock(folders.state)
    try:
        prepare_folders(folders, lock, store)
    finally:
        lock.release()


def test_the_first_start_marks_every_folder_and_the_next_ones_find_it_so(folders, tmp_path):
    start(folders)
    assert {marker.store_of(tmp_path / name) for name in (*DATA, "state")} == {"gangnam-1"}
    before = {name: (tmp_path / name / MARKER).stat().st_mtime_ns for name in DATA}
    start(folders)
    assert {name: (tmp_path / name / MARKER).stat().st_mtime_ns for name in DATA} == before


def test_an_installation_without_markers_gets_them(folders, tmp_path):
    for name in (*DATA, "state"):
        (tmp_path / name).mkdir()
    (tmp_path / "inventory" / "inventory_store.csv").write_text("상품명, 개수, 가격, 무게\n")
    start(folders)
    assert marker.store_of(tmp_path / "inventory") == "gangnam-1"


@pytest.mark.parametrize("name", DATA)
@pytest.mark.parametrize("is_there", [True, False])
def test_an_unmounted_disk_is_refused_and_nothing_is_written_in_its_place(
    folders, tmp_path, name, is_there
):
    start(folders)
    shutil.rmtree(tmp_path / name)
    if is_there:
        (tmp_path / name).mkdir()
    with pytest.raises(ForeignFolder, match=rf"D309 .*{name}.*mount its disk") as refused:
        start(folders)
    assert "\n" not in str(refused.value)
    assert (tmp_path / name).exists() == is_there
    assert not is_there or not list((tmp_path / name).iterdir())


def test_a_folder_emptied_on_purpose_is_taken_again_as_the_message_says(folders, tmp_path):
    start(folders)
    shutil.rmtree(tmp_path / "record")
    (tmp_path / "state" / MARKER).unlink()
    start(folders)
    assert marker.store_of(tmp_path / "record") == "gangnam-1"


@pytest.mark.parametrize("name", [*DATA, "state"])
def test_another_stores_folder_is_refused_by_name(folders, tmp_path, name):
    start(folders)
    content = {"store": "hongdae-2", "marked": []}
    (tmp_path / name / MARKER).write_text(json.dumps(content))
    with pytest.raises(ForeignFolder, match=rf"D310 .*{name} \(store 'hongdae-2'\).*'gangnam-1'"):
        start(folders)


def test_a_copied_installation_with_another_id_is_refused(folders):
    start(folders)
    with pytest.raises(ForeignFolder, match="D310"):
        start(folders, "hongdae-2")


def test_a_moved_installation_is_the_same_store(folders, tmp_path):
    start(folders)
    moved = tmp_path / "moved"
    moved.mkdir()
    for name in (*DATA, "state"):
        shutil.copytree(tmp_path / name, moved / name)
    start(cfg.Folders.of(cfg.Config(), moved))


@pytest.mark.parametrize("content", [b"", b"\xff\x00", b"[]", b"{}", b"[" * 100_000, b"x" * 2**21])
@pytest.mark.parametrize("name", [*DATA, "state"])
def test_a_damaged_marker_is_kept_aside_and_made_again(folders, tmp_path, content, name):
    start(folders)
    (tmp_path / name / MARKER).write_bytes(content)
    start(folders)
    [kept] = (tmp_path / name).glob(f"{MARKER}.corrupt-*")
    assert kept.read_bytes() == content
    assert marker.store_of(tmp_path / name) == "gangnam-1"
