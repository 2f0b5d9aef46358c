"""One inventory with its CSV: what is edited, sold and broken, and what is in force then."""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from storeguard import durable
from storeguard.books.book import CsvBook
from storeguard.books.journal import Journal
from storeguard.books.textlog import TextLog
from storeguard.clock import LoopClock, SimLoop, run_simulated
from storeguard.domain.events import BookEdited
from storeguard.domain.product import Product
from storeguard.errors import BookMalformed, BookMissing, SaleRefused

HEADER = "상품명, 개수, 가격, 무게\n"
TEXT = HEADER + "바나나우유,30,1700,95\n콜라,50,1800,340\n과자,20,2000,24\n"
STARTED = datetime(2026, 11, 20, 13, 21, tzinfo=UTC)


class Shop:
    """A folder with one book; the clock is simulated, the file system is not."""

    def __init__(self, folder: Path, loop: SimLoop) -> None:
        self.clock = LoopClock(loop, STARTED)
        self.path = folder / "inventory_store.csv"
        self.log = folder / "store_log.txt"
        self.journal = Journal.in_folder(folder / "state", fsync=False)
        self.journal.open()
        self.book = self.reopened()

    def reopened(self) -> CsvBook:
        """The book as a daemon that has just started has it."""
        log = TextLog(self.log, "Asia/Seoul", fsync=False)
        return CsvBook("kiosk", self.path, self.journal, self.clock, changes=log, fsync=False)

    def save(self, text: str, encoding: str = "utf-8") -> None:
        """As Excel saves: another file, deleted and renamed."""
        copy = self.path.with_name("7A3F01BC")
        copy.write_bytes(text.encode(encoding))
        self.path.unlink(missing_ok=True)
        copy.rename(self.path)

    @property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    async def watch(self, seconds: float) -> list[BookEdited]:
        """Polls as the service does."""
        edits = []
        until_s = self.clock.now_s() + seconds
        while self.clock.now_s() < until_s:
            await asyncio.sleep(0.4)
            edit = await self.book.poll(self.clock.now_s())
            if edit is not None:
                edits.append(edit)
        return edits


@asynccontextmanager
async def shop(folder: Path, loop: SimLoop, text: str | None = TEXT) -> AsyncIterator[Shop]:
    place = Shop(folder, loop)
    if text is not None:
        place.save(text)
        await place.book.load()
    try:
        yield place
    finally:
        await place.book.close()
        place.journal.close()


def keeps_access_times(folder: Path) -> bool:
    path = folder / "probe"
    path.write_text("x", encoding="utf-8")
    os.utime(path, (1, 1))
    path.read_bytes()
    seen_s = path.stat().st_atime
    path.unlink()
    return seen_s != 1


Scene = Callable[[Shop], Coroutine[None, None, None]]


@pytest.fixture
def play(tmp_path: Path) -> Callable[..., None]:
    """Runs a scene in a shop whose book is loaded from `text`."""

    def run(scene: Scene, text: str | None = TEXT) -> None:
        async def main(loop: SimLoop) -> None:
            async with shop(tmp_path, loop, text) as place:
                await scene(place)

        run_simulated(main)

    return run


def test_a_sale_is_in_the_csv_the_text_log_and_the_journal(play):
    async def scene(shop: Shop) -> None:
        assert await shop.book.add({"콜라": -2}, why="sale", key="s1")
        assert shop.book.counts == {"바나나우유": 30, "콜라": 48, "과자": 20}
        assert shop.text == TEXT.replace("50", "48")
        assert "상품명 : 콜라\n개수 변경 ( 50 -> 48 )" in shop.log.read_text(encoding="utf-8")
        [change] = shop.journal.recent_changes()
        assert (change.book, change.before, change.after, change.why) == ("kiosk", 50, 48, "sale")

    play(scene)


def test_a_key_is_applied_once_also_after_a_restart(play):
    async def scene(shop: Shop) -> None:
        assert await shop.book.add({"콜라": -2}, why="sale", key="s1")
        assert not await shop.book.add({"콜라": -2}, why="sale", key="s1")
        again = shop.reopened()
        await again.load()
        assert not await again.add({"콜라": -2}, why="sale", key="s1")
        assert not await again.set("콜라", 7, why="issue", key="s1")
        assert again.counts["콜라"] == 48
        await again.close()

    play(scene)


def test_set_writes_a_count_once(play):
    async def scene(shop: Shop) -> None:
        assert await shop.book.set("콜라", 48, why="weight")
        assert not await shop.book.set("콜라", 48, why="weight")
        assert len(shop.journal.versions("kiosk")) == 2

    play(scene)


def test_an_unknown_product_is_refused_and_changes_nothing(play):
    async def scene(shop: Shop) -> None:
        with pytest.raises(SaleRefused, match="kiosk book: no product '사이다'; known: 바나나"):
            await shop.book.add({"콜라": -1, "사이다": -1}, why="sale", key="s1")
        assert shop.book.counts["콜라"] == 50
        assert await shop.book.add({"콜라": -1}, why="sale", key="s1")

    play(scene)


def test_a_count_never_falls_below_zero(play):
    async def scene(shop: Shop) -> None:
        await shop.book.add({"과자": -21}, why="sale")
        assert shop.book.counts["과자"] == 0
        assert "과자,0,2000,24" in shop.text

    play(scene)


def test_an_edit_is_taken_when_two_looks_agree_and_within_two_seconds(play):
    async def scene(shop: Shop) -> None:
        shop.save(TEXT.replace("50,1800", "60,1900"))
        now_s = shop.clock.now_s()
        assert await shop.book.poll(now_s) is None
        assert await shop.book.poll(now_s + 0.2) is None
        assert shop.book.counts["콜라"] == 50
        edit = await shop.book.poll(now_s + 0.3)
        assert edit is not None
        assert (edit.book, edit.counts, edit.products_changed) == (
            "kiosk",
            {"콜라": (50, 60)},
            True,
        )
        assert shop.book.products[1].price_won == 1900
        assert await shop.book.poll(now_s + 0.6) is None

    play(scene)


def test_a_file_that_goes_on_growing_is_not_read_yet(play):
    async def scene(shop: Shop) -> None:
        content = TEXT.replace("30", "33").encode()
        for end in range(40, len(content), 3):
            shop.path.write_bytes(content[:end])
            await shop.watch(0.3)
            assert shop.book.counts["바나나우유"] == 30
        shop.path.write_bytes(content)
        [edit] = await shop.watch(1)
        assert edit.counts == {"바나나우유": (30, 33)}

    play(scene)


def test_an_edit_of_an_old_copy_keeps_the_sale(play):
    async def scene(shop: Shop) -> None:
        opened = shop.text
        await shop.book.add({"콜라": -2, "과자": -1}, why="sale")
        shop.save(opened.replace("30,1700", "40,1700"))
        [edit] = await shop.watch(2)
        assert edit.counts == {"바나나우유": (30, 40)}
        assert shop.text == TEXT.replace("30,", "40,").replace("50,", "48,").replace("20,2", "19,2")

    play(scene)


def test_a_sold_product_restocked_on_a_copy_from_before_the_sale_keeps_the_sale(play):
    """Nobody has opened the file since the sale was written to it, so the copy is older."""

    async def scene(shop: Shop) -> None:
        opened = shop.text
        await shop.book.add({"콜라": -2}, why="sale")
        if not keeps_access_times(shop.path.parent):
            pytest.skip("this file system keeps no access times (noatime)")
        shop.save(opened.replace("50,1800", "60,1800"))
        await shop.watch(1)
        assert shop.book.counts["콜라"] == 58

    play(scene)


def test_a_sold_product_counted_after_the_sale_was_seen_is_taken_as_it_stands(play):
    async def scene(shop: Shop) -> None:
        await shop.book.add({"콜라": -2}, why="sale")
        shop.save(shop.text.replace("48,1800", "60,1800"))
        await shop.watch(1)
        assert shop.book.counts["콜라"] == 60

    play(scene)


def test_a_sale_between_an_edit_and_our_look_is_merged_and_not_written_over_it(play):
    async def scene(shop: Shop) -> None:
        edited = shop.text.replace("30,1700", "40,1700")
        shop.save(edited)
        await shop.book.add({"콜라": -1}, why="sale")
        assert shop.text == edited
        await shop.watch(1)
        assert shop.book.counts == {"바나나우유": 40, "콜라": 49, "과자": 20}
        assert "바나나우유,40,1700,95\n콜라,49,1800,340\n" in shop.text

    play(scene)


def test_an_edit_that_lands_while_we_write_is_put_back_and_merged(play, monkeypatch):
    """Excel saves after we have looked and before we have swapped our text in."""

    async def scene(shop: Shop) -> None:
        exchange = durable.exchange
        edited = shop.text.replace("30,1700", "40,1700")

        def late(temporary: Path, path: Path) -> bool:
            monkeypatch.setattr(durable, "exchange", exchange)
            shop.save(edited)
            return exchange(temporary, path)

        monkeypatch.setattr(durable, "exchange", late)
        await shop.book.add({"콜라": -1}, why="sale")
        assert shop.text == edited
        await shop.watch(1)
        assert shop.book.counts == {"바나나우유": 40, "콜라": 49, "과자": 20}
        assert list(shop.path.parent.glob(".*")) == []

    play(scene)


def test_an_edit_overtaken_while_we_put_it_back_is_merged_too(play, monkeypatch):
    """Two saves within one swap; the second does not know of the first."""

    async def scene(shop: Shop) -> None:
        exchange = durable.exchange
        opened = shop.text
        saves = iter([opened.replace("30,1700", "40,1700"), opened.replace("20,2000", "25,2000")])

        def late(temporary: Path, path: Path) -> bool:
            for save in saves:
                shop.save(save)
                break
            return exchange(temporary, path)

        monkeypatch.setattr(durable, "exchange", late)
        await shop.book.add({"콜라": -1}, why="sale")
        await shop.watch(1)
        assert shop.book.counts == {"바나나우유": 40, "콜라": 49, "과자": 25}

    play(scene)


def test_a_save_that_another_replaces_before_it_was_taken_is_merged(play):
    async def scene(shop: Shop) -> None:
        opened = shop.text
        shop.save(opened.replace("30,1700", "40,1700"))
        await shop.book.poll(shop.clock.now_s())
        shop.save(opened.replace("20,2000", "25,2000"))
        edits = await shop.watch(1)
        assert [edit.counts for edit in edits] == [{"바나나우유": (30, 40)}, {"과자": (20, 25)}]
        assert shop.book.counts == {"바나나우유": 40, "콜라": 50, "과자": 25}

    play(scene)


def test_without_an_atomic_swap_an_unread_edit_is_still_not_written_over(play, monkeypatch):
    async def scene(shop: Shop) -> None:
        monkeypatch.setattr(durable, "exchange", lambda temporary, path: False)
        await shop.book.add({"콜라": -1}, why="sale")
        assert "콜라,49" in shop.text
        shop.save(edited := shop.text.replace("30,1700", "40,1700"))
        await shop.book.add({"콜라": -1}, why="sale")
        assert shop.text == edited
        await shop.watch(1)
        assert shop.book.counts == {"바나나우유": 40, "콜라": 48, "과자": 20}
        assert "콜라,48" in shop.text

    play(scene)


def test_a_file_gone_for_a_moment_is_waited_for(play):
    async def scene(shop: Shop) -> None:
        shop.path.unlink()
        await shop.watch(2)
        assert shop.book.status.kind == "missing"
        await shop.book.add({"콜라": -1}, why="sale")
        assert not shop.path.exists()
        shop.save(TEXT.replace("30,1700", "40,1700"))
        await shop.watch(1)
        assert shop.book.status.kind == "ok"
        assert shop.book.counts == {"바나나우유": 40, "콜라": 49, "과자": 20}

    play(scene)


def test_a_file_gone_for_ten_seconds_is_written_again_and_said_once(play, caplog):
    async def scene(shop: Shop) -> None:
        await shop.book.add({"콜라": -1}, why="sale")
        shop.path.unlink()
        await shop.watch(9.5)
        assert not shop.path.exists()
        await shop.watch(2)
        assert shop.text == TEXT.replace("50", "49")
        assert shop.book.status.kind == "ok"
        await shop.watch(20)

    play(scene)
    assert [r.message for r in caplog.records if "I804" in r.message] == [
        "inventory_store.csv: I804 재고 파일이 없음. 이전 재고를 씁니다.; written again"
    ]


def test_a_malformed_file_is_named_once_left_alone_and_merged_when_mended(play, caplog):
    async def scene(shop: Shop) -> None:
        broken = TEXT.replace("30,1700", "40개,1700")
        shop.save(broken)
        await shop.watch(5)
        assert shop.book.status.kind == "malformed"
        assert shop.book.status.text.startswith("inventory_store.csv:2 개수: I807 '40개'")
        await shop.book.add({"콜라": -3}, why="sale")
        await shop.watch(2)
        assert shop.text == broken
        shop.save(broken.replace("40개", "40"))
        await shop.watch(1)
        assert shop.book.status.kind == "ok"
        assert shop.book.counts == {"바나나우유": 40, "콜라": 47, "과자": 20}
        assert "콜라,47" in shop.text

    play(scene)
    assert len([r for r in caplog.records if "I807" in r.message]) == 1


def test_an_empty_file_is_never_no_products(play):
    async def scene(shop: Shop) -> None:
        shop.path.write_bytes(b"")
        await shop.watch(30)
        assert shop.book.status.kind == "malformed"
        assert len(shop.book.products) == 3

    play(scene)


def test_a_book_that_lost_half_its_rows_waits_for_the_owner(play):
    async def scene(shop: Shop) -> None:
        shrunk = HEADER + "콜라,50,1800,340\n"
        shop.save(shrunk)
        assert await shop.watch(2) == []
        assert shop.book.status.kind == "held"
        assert shop.book.status.text.startswith("inventory_store.csv: I809 상품이 3개에서 1개로")
        await shop.book.add({"콜라": -1, "과자": -1}, why="sale")
        assert shop.text == shrunk
        edit = await shop.book.confirm()
        assert edit is not None
        assert edit.counts == {"바나나우유": (30, 0), "과자": (19, 0)}
        assert shop.text == HEADER + "콜라,49,1800,340\n"
        assert await shop.book.confirm() is None

    play(scene)


def test_a_held_book_is_free_again_when_the_owner_mends_it(play):
    async def scene(shop: Shop) -> None:
        shop.save(TEXT.replace("50,1800", "0,1800"))
        await shop.watch(1)
        assert shop.book.status.kind == "held"
        await shop.book.add({"과자": -1}, why="sale")
        shop.save(TEXT)
        await shop.watch(1)
        assert shop.book.status.kind == "ok"
        assert shop.text == TEXT.replace("20,2000", "19,2000")

    play(scene)


def test_a_confirmation_of_what_has_changed_again_is_none(play):
    async def scene(shop: Shop) -> None:
        shop.save(HEADER + "콜라,50,1800,340\n")
        await shop.watch(1)
        shop.save(HEADER + "과자,20,2000,24\n")
        assert await shop.book.confirm() is None
        assert len(shop.book.products) == 3

    play(scene)


@pytest.mark.parametrize(
    "beside", ["~$inventory_store.csv", "7A3F01BC", "inventory_store.csv.bak", "x - 복사본.csv"]
)
def test_files_beside_it_are_nothing(play, beside):
    async def scene(shop: Shop) -> None:
        shop.path.with_name(beside).write_text("nonsense", encoding="utf-8")
        assert await shop.watch(2) == []
        assert shop.book.status.kind == "ok"

    play(scene)


def test_the_owners_format_outlives_sales_and_a_restart(play):
    text = '﻿상품명,메모,개수,가격,무게\r\n콜라,냉장,50,"1,800",355\r\n과자,,20,2000,24'

    async def scene(shop: Shop) -> None:
        await shop.book.add({"콜라": -1}, why="sale")
        assert shop.path.read_bytes() == text.replace("50", "49").encode()
        again = shop.reopened()
        await again.load()
        await again.add({"과자": -1}, why="sale")
        sold = text.replace("50", "49").replace("20,2", "19,2")
        assert shop.path.read_bytes() == sold.encode()
        shop.path.unlink()
        await again.poll(shop.clock.now_s())
        await again.poll(shop.clock.now_s() + 10)
        assert shop.path.read_bytes() == sold.encode()
        await again.close()

    play(scene, text)


def test_formatting_alone_is_no_edit_and_is_left_as_it_is(play):
    async def scene(shop: Shop) -> None:
        typed = TEXT.replace("30,1700", "30, 1700 ")
        shop.save(typed)
        assert await shop.watch(2) == []
        assert shop.text == typed
        await shop.book.add({"콜라": -1}, why="sale")
        assert shop.text == typed.replace("50", "49")

    play(scene)


def test_mode_of_the_owners_file_is_kept(play):
    async def scene(shop: Shop) -> None:
        shop.path.chmod(0o664)
        await shop.book.add({"콜라": -1}, why="sale")
        assert shop.path.stat().st_mode & 0o777 == 0o664

    play(scene)


def test_a_file_that_cannot_be_written_is_said_and_written_later(play, monkeypatch):
    async def scene(shop: Shop) -> None:
        def full(*_: object, **__: object) -> Path:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        with monkeypatch.context() as disk:
            disk.setattr(durable, "stage", full)
            assert await shop.book.add({"콜라": -1}, why="sale")
            assert shop.book.status.kind == "unwritable"
            assert "I811" in shop.book.status.text
            await shop.watch(1)
        await shop.watch(1)
        assert shop.book.status.kind == "ok"
        assert shop.text == TEXT.replace("50", "49")

    play(scene)


def test_a_text_log_that_cannot_be_written_costs_no_sale(play):
    async def scene(shop: Shop) -> None:
        shop.log.mkdir()
        assert await shop.book.add({"콜라": -1}, why="sale")
        assert shop.text == TEXT.replace("50", "49")

    play(scene)


def test_without_file_and_journal_there_is_no_book(play):
    async def scene(shop: Shop) -> None:
        with pytest.raises(BookMissing, match=r"inventory_store\.csv: no such file"):
            await shop.book.load()
        shop.save(HEADER + "콜라,x,1800,340\n")
        with pytest.raises(BookMalformed, match=r"inventory_store\.csv:2 개수: I807"):
            await shop.book.load()
        assert shop.journal.versions("kiosk") == ()

    play(scene, None)


def test_an_edit_made_while_the_daemon_was_off_is_taken_at_the_start(play):
    async def scene(shop: Shop) -> None:
        opened = shop.text
        await shop.book.add({"콜라": -1, "과자": -1}, why="sale")
        shop.save(opened.replace("30,1700", "40,1700"))
        again = shop.reopened()
        edit = await again.load()
        assert edit is not None
        assert again.counts == {"바나나우유": 40, "콜라": 49, "과자": 19}
        await again.close()

    play(scene)


def test_a_start_with_a_broken_or_missing_file_goes_on_with_the_journal(play):
    async def scene(shop: Shop) -> None:
        await shop.book.add({"콜라": -1}, why="sale")
        shop.save("nonsense")
        again = shop.reopened()
        await again.load()
        assert (again.status.kind, again.counts["콜라"]) == ("malformed", 49)
        await again.close()
        shop.path.unlink()
        third = shop.reopened()
        await third.load()
        assert (third.status.kind, third.counts["콜라"]) == ("missing", 49)
        await third.poll(shop.clock.now_s() + 10)
        assert shop.text == TEXT.replace("50", "49")
        await third.close()

    play(scene)


def test_many_sales_come_back_from_the_journal_as_they_were(play):
    async def scene(shop: Shop) -> None:
        for n in range(300):
            await shop.book.add({"콜라": -1 if n % 2 else 1, "과자": n % 3 - 1}, why="sale")
        again = shop.reopened()
        await again.load()
        assert again.counts == shop.book.counts
        assert again._history.versions[17].rows == shop.book._history.versions[17].rows
        await again.close()

    play(scene)


def test_versions_older_than_a_day_are_forgotten_but_never_the_last(play):
    async def scene(shop: Shop) -> None:
        for _ in range(40):
            await asyncio.sleep(timedelta(hours=1.5).total_seconds())
            await shop.book.add({"콜라": -1}, why="sale")
        ages = [shop.clock.utc() - version.at_utc for version in shop.book._history.versions]
        assert timedelta(hours=24) <= ages[0] < timedelta(hours=32)
        records = shop.journal.versions("kiosk")
        assert len(ages) <= len(records) <= len(ages) + 5
        assert records[0].rows is not None
        again = shop.reopened()
        await again.load()
        assert again.counts["콜라"] == 10
        await again.close()

    play(scene)


def test_what_was_in_force_when_a_file_broke_stays_a_base_for_days(play):
    async def scene(shop: Shop) -> None:
        shop.save(TEXT.replace("30,1700", "4O,1700"))
        await shop.watch(1)
        for _ in range(40):
            await asyncio.sleep(timedelta(hours=6).total_seconds())
            await shop.book.add({"콜라": -1, "과자": 1}, why="sale")
        shop.save(TEXT.replace("30,1700", "40,1700"))
        await shop.watch(1)
        assert shop.book.counts == {"바나나우유": 40, "콜라": 10, "과자": 60}

    play(scene)


def test_the_shelf_book_adopts_prices_weights_and_new_rows(play):
    async def scene(shop: Shop) -> None:
        kiosk = (
            Product("콜라", 2000, 360.0, scale="A", barcode="880"),
            Product("김밥", 3000, 230.0, scale="B"),
            Product("과자", 2000, 24.0),
        )
        assert await shop.book.adopt_products(kiosk)
        assert shop.text == (
            HEADER + "바나나우유,30,1700,95\n콜라,50,2000,360\n과자,20,2000,24\n김밥,0,3000,230\n"
        )
        assert not await shop.book.adopt_products(kiosk)

    play(scene)


def test_a_count_edited_in_two_steps_is_what_was_typed_last(play):
    async def scene(shop: Shop) -> None:
        for count in (31, 35, 30, 36):
            shop.save(shop.text.replace(shop.text.split(",")[4], str(count)))
            await shop.watch(1)
            assert shop.book.counts["바나나우유"] == count

    play(scene)
