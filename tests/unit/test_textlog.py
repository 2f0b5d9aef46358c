"""The text logs' blocks, to the letter."""

from datetime import UTC, datetime
from pathlib import Path

from storeguard.books.textlog import TextLog

AT = datetime(2026, 11, 20, 13, 21, 4, 123456, tzinfo=UTC)


def test_a_changed_count_is_the_agreed_block_in_local_time(tmp_path: Path):
    path = tmp_path / "weight_log.txt"
    TextLog(path, "Asia/Seoul").changed(AT, {"바나나우유": (5, 4)})
    assert path.read_text(encoding="utf-8") == (
        "\n"
        "------2026-11-20 22:21:04.123456------\n"
        "상품명 : 바나나우유\n"
        "개수 변경 ( 5 -> 4 )\n"
        "------------end------------\n"
    )


def test_blocks_are_appended(tmp_path: Path):
    path = tmp_path / "store_log.txt"
    path.write_text("before\n", encoding="utf-8")
    log = TextLog(path, "UTC", fsync=False)
    log.changed(AT, {"a": (1, 0)})
    log.changed(AT, {"b": (2, 3)})
    text = path.read_text(encoding="utf-8")
    assert text.startswith("before\n\n------2026-11-20 13:21:04.123456------\n")
    assert text.count("------------end------------\n") == 2


def test_an_issue_is_one_block_with_a_line_a_product(tmp_path: Path):
    path = tmp_path / "event.txt"
    TextLog(path, "Asia/Seoul").missing(AT, {"바나나우유": 1, "콜라": 2})
    assert path.read_text(encoding="utf-8") == (
        "\n"
        "------2026-11-20 22:21:04.123456------\n"
        "바나나우유1개 도난 발생\n"
        "콜라2개 도난 발생\n"
        "weight_csv 기준으로 조율\n"
        "------------end------------\n"
    )


def test_a_whole_second_has_its_microseconds(tmp_path: Path):
    path = tmp_path / "store_log.txt"
    TextLog(path, "Asia/Seoul").changed(AT.replace(microsecond=0), {"a": (1, 0)})
    assert "------2026-11-20 22:21:04.000000------" in path.read_text(encoding="utf-8")


def test_a_log_that_has_grown_goes_on_in_a_new_file_and_keeps_one_older(tmp_path):
    path = tmp_path / "store_log.txt"
    text_log = TextLog(path, "Asia/Seoul", largest_bytes=500)
    for count in range(100):
        text_log.changed(AT, {"바나나우유": (count, count + 1)})
    older = tmp_path / "store_log.old.txt"
    assert sorted(tmp_path.iterdir()) == [older, path]
    assert path.stat().st_size + older.stat().st_size < 2 * 700
    assert "개수 변경 ( 99 -> 100 )" in path.read_text(encoding="utf-8")
    whole = older.read_text(encoding="utf-8") + path.read_text(encoding="utf-8")
    assert whole.count("------------end------------") == whole.count("상품명")
