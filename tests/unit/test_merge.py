"""Edits joined with what has happened since: no sale and no edit is lost."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storeguard.books.merge import Version, guard, merge
from storeguard.books.rows import BookFile, Layout, Row, Rows, counts_of
from storeguard.domain.product import Product
from storeguard.errors import BookHeld

NOW = datetime(2026, 11, 20, tzinfo=UTC)
PRICES = {"우유": 1500, "콜라": 1800, "과자": 2000, "김밥": 3000}


def book(prices: dict[str, int] = PRICES, **counts: int) -> Rows:
    return tuple(
        Row(Product(name, prices.get(name, 1000), 95.0 + len(name) + i), count)
        for i, (name, count) in enumerate(counts.items())
    )


def versions(*books: Rows, saved: dict[int, Rows] | None = None) -> tuple[Version, ...]:
    typed = saved or {}
    return tuple(Version(i, NOW, rows, typed.get(i)) for i, rows in enumerate(books, start=1))


def merged(history: tuple[Version, ...], edited: Rows) -> dict[str, int]:
    return counts_of(merge(history, BookFile(edited)).rows)


def repriced(rows: Rows, **prices: int) -> Rows:
    return tuple(
        replace(row, product=replace(row.product, price_won=prices.get(row.name, p)))
        for row, p in ((row, row.product.price_won) for row in rows)
    )


def test_an_edit_of_todays_book_is_taken_as_it_stands():
    history = versions(book(우유=5, 콜라=9))
    assert merged(history, book(우유=15, 콜라=9)) == {"우유": 15, "콜라": 9}


def test_an_edit_of_an_old_book_is_a_difference_added_to_todays_count():
    history = versions(book(우유=5, 콜라=9), book(우유=5, 콜라=8), book(우유=4, 콜라=8))
    assert merged(history, book(우유=15, 콜라=9)) == {"우유": 14, "콜라": 8}


def test_a_price_edited_on_an_old_book_keeps_todays_counts():
    history = versions(book(우유=5, 콜라=9), book(우유=4, 콜라=7))
    edited = repriced(book(우유=5, 콜라=9), 우유=1700)
    result = merge(history, BookFile(edited)).rows
    assert counts_of(result) == {"우유": 4, "콜라": 7}
    assert result[0].product.price_won == 1700


def test_a_count_never_falls_below_zero():
    history = versions(book(우유=5, 콜라=9), book(우유=1, 콜라=8))
    assert merged(history, book(우유=2, 콜라=9)) == {"우유": 0, "콜라": 8}


def test_new_and_deleted_rows_are_taken_as_they_stand():
    history = versions(book(우유=5, 콜라=9), book(우유=4, 콜라=8))
    edited = (book(우유=5)[0], Row(Product("김밥", 3000, 230.0), 7))
    assert merged(history, edited) == {"우유": 4, "김밥": 7}


def test_a_renamed_product_keeps_the_sales_made_meanwhile():
    before = book(우유=5, 콜라=9, 과자=2)
    history = versions(before, book(우유=3, 콜라=9, 과자=2))
    named = replace(before[0].product, name="바나나우유")
    result = merged(history, (replace(before[0], product=named), *before[1:]))
    assert result == {"바나나우유": 3, "콜라": 9, "과자": 2}


def test_rows_in_another_order_are_no_edit_of_counts():
    history = versions(book(우유=5, 콜라=9), book(우유=4, 콜라=9))
    edited = tuple(reversed(history[0].rows))
    result = merge(history, BookFile(edited)).rows
    assert [(row.name, row.count) for row in result] == [("콜라", 9), ("우유", 4)]


def test_of_equally_good_bases_the_newest_counts():
    history = versions(book(우유=5, 콜라=9), book(우유=4, 콜라=9))
    assert merged(history, book(우유=14, 콜라=9)) == {"우유": 14, "콜라": 9}


def test_a_version_that_nobody_has_opened_is_no_base():
    opened, unread = versions(book(우유=5, 콜라=9), book(우유=4, 콜라=9))
    history = (opened, replace(unread, unread=True))
    assert merged(history, book(우유=15, 콜라=9)) == {"우유": 14, "콜라": 9}


def test_excel_that_saves_twice_from_one_window_is_counted_once():
    """The window still shows the stock from before the sale that was merged on its first save."""
    opened = book(우유=10, 콜라=5, 과자=2)
    first = book(우유=10, 콜라=6, 과자=2)
    history = versions(
        opened, book(우유=9, 콜라=5, 과자=2), book(우유=9, 콜라=6, 과자=2), saved={3: first}
    )
    second = book(우유=10, 콜라=6, 과자=3)
    assert merged(history, second) == {"우유": 9, "콜라": 6, "과자": 3}


def test_an_edit_taken_back_in_part_is_not_counted_twice():
    """The file is nearer to the book from before the edit, but has a part of it."""
    opened = book(우유=10, 콜라=5, 과자=2, 김밥=4)
    edit = book(우유=12, 콜라=6, 과자=3, 김밥=4)
    history = versions(opened, edit, saved={2: edit})
    assert merged(history, book(우유=12, 콜라=5, 과자=2, 김밥=4)) == {
        "우유": 12,
        "콜라": 5,
        "과자": 2,
        "김밥": 4,
    }


def test_an_edit_taken_back_whole_leaves_the_sales():
    opened = book(우유=10, 콜라=5)
    edit = book(우유=8, 콜라=5)
    history = versions(opened, edit, book(우유=7, 콜라=4), saved={2: edit})
    assert merged(history, opened) == {"우유": 9, "콜라": 4}


def test_a_restored_row_has_the_sales_from_before_it_was_deleted():
    opened = book(우유=10, 콜라=5, 과자=2)
    sold = book(우유=9, 콜라=5, 과자=2)
    edit = (sold[1], sold[2])
    history = versions(opened, sold, edit, saved={3: edit})
    assert merged(history, opened) == {"우유": 9, "콜라": 5, "과자": 2}


def test_two_edits_of_one_old_book_are_both_kept():
    opened = book(우유=10, 콜라=5, 과자=2)
    first = book(우유=12, 콜라=5, 과자=2)
    history = versions(opened, first, saved={2: first})
    second = repriced(book(우유=10, 콜라=5, 과자=3), 콜라=1900)
    result = merge(history, BookFile(second)).rows
    assert counts_of(result) == {"우유": 12, "콜라": 5, "과자": 3}
    assert result[1].product.price_won == 1900


def test_a_row_deleted_by_another_edit_stays_deleted():
    opened = book(우유=10, 콜라=5, 과자=2)
    history = versions(opened, opened[:2], saved={2: opened[:2]})
    assert merged(history, book(우유=11, 콜라=6, 과자=2)) == {"우유": 11, "콜라": 6}


def test_the_whole_file_replaces_the_half_that_was_taken_for_an_edit():
    opened = book(우유=10, 콜라=5, 과자=2, 김밥=4)
    half = book(우유=12, 콜라=5, 과자=2)
    history = versions(opened, half, book(우유=11, 콜라=5, 과자=2), saved={2: half})
    assert merged(history, book(우유=12, 콜라=5, 과자=2, 김밥=7)) == {
        "우유": 11,
        "콜라": 5,
        "과자": 2,
        "김밥": 7,
    }


def test_the_whole_file_replaces_a_half_that_ends_in_a_cell():
    """The count stands last here: `12` was taken for `1`."""
    layout = Layout(header=("상품명", "가격", "무게", "개수"))
    opened = book(우유=10, 콜라=12)
    half = book(우유=10, 콜라=1)
    history = versions(opened, half, saved={2: half})
    assert counts_of(merge(history, BookFile(opened, layout)).rows) == {"우유": 10, "콜라": 12}
    edited = book(우유=10, 콜라=15)
    assert counts_of(merge(history, BookFile(edited, layout)).rows) == {"우유": 10, "콜라": 15}


def test_a_product_added_at_the_end_does_not_undo_the_edit_before():
    opened = book(우유=10, 콜라=5)
    first = book(우유=12, 콜라=5)
    history = versions(book(우유=12, 콜라=6), opened, first, saved={3: first})
    assert merged(history, book(우유=12, 콜라=5, 과자=3)) == {"우유": 12, "콜라": 5, "과자": 3}


@pytest.mark.parametrize(
    ("after", "text"),
    [
        (book(우유=9, 콜라=9), "상품이 4개에서 2개로"),
        (book(우유=3, 콜라=2, 과자=0, 김밥=5), "재고가 20개에서 10개로"),
        ((), "상품이 4개에서 0개로"),
    ],
)
def test_half_of_the_rows_or_stock_lost_is_held(after, text):
    with pytest.raises(BookHeld, match=f"I809 {text} 줄었습니다"):
        guard(book(우유=5, 콜라=5, 과자=5, 김밥=5), after)


def test_less_than_half_lost_and_renamed_rows_are_not_held():
    before = book(우유=5, 콜라=5)
    guard(before, book(우유=5, 콜라=1))
    guard((), before)
    renamed = tuple(replace(r, product=replace(r.product, name=r.name + "!")) for r in before)
    guard(before, renamed)


# A customer always takes a receipt too: so every version differs from the others in a row
# that no owner edits, and the base of each edit is certain.
RECEIPTS = "영수증"
SOLD = st.tuples(st.just("sale"), st.integers(0, 3), st.integers(1, 3))
EDITED = st.tuples(st.just("edit"), st.integers(0, 3), st.integers(0, 100))


@given(st.lists(st.one_of(SOLD, EDITED), max_size=12))
def test_no_sale_and_no_edit_is_lost_whatever_their_order(happenings):
    """Each edit adds a round thousand to one product of any older version, and renames nothing."""
    names = list(PRICES)
    history = [Version(1, NOW, book(**dict.fromkeys(names, 500), **{RECEIPTS: 100_000}))]
    expected = counts_of(history[0].rows)
    for step, (kind, at, more) in enumerate(happenings):
        if kind == "sale":
            rows = _add(history[-1].rows, {names[at]: -more, RECEIPTS: -1})
            history.append(Version(history[-1].number + 1, NOW, rows))
            expected[names[at]] -= more
            expected[RECEIPTS] -= 1
        else:
            opened = history[more % len(history)]
            _edit(history, _add(opened.rows, {names[at]: 1000 * (step + 1)}))
            expected[names[at]] += 1000 * (step + 1)
        # Parallel edits of one and the same cell cannot be told from going on with one.
        if _is_edited_twice(happenings[: step + 2]):
            break
        assert counts_of(history[-1].rows) == expected


def _is_edited_twice(happenings: list[tuple[str, int, int]]) -> bool:
    edited = [at for kind, at, _ in happenings if kind == "edit"]
    return len(edited) != len(set(edited))


@given(st.lists(st.one_of(SOLD, EDITED), max_size=12))
def test_a_window_that_stays_open_loses_no_sale_and_no_edit(happenings):
    """The same Excel window saves again and again and never sees a sale."""
    names = list(PRICES)
    history = [Version(1, NOW, book(**dict.fromkeys(names, 500), **{RECEIPTS: 100_000}))]
    window = history[0].rows
    expected = counts_of(history[0].rows)
    for kind, at, more in happenings:
        if kind == "sale":
            rows = _add(history[-1].rows, {names[at]: -more, RECEIPTS: -1})
            history.append(Version(history[-1].number + 1, NOW, rows))
            expected[names[at]] -= more
            expected[RECEIPTS] -= 1
        else:
            window = _add(window, {names[at]: 1000 + more})
            _edit(history, window)
            expected[names[at]] += 1000 + more
        assert counts_of(history[-1].rows) == expected


def _add(rows: Rows, changes: dict[str, int]) -> Rows:
    return tuple(row.with_count(row.count + changes.get(row.name, 0)) for row in rows)


def _edit(history: list[Version], saved: Rows) -> None:
    result = merge(history, BookFile(saved)).rows
    history.append(Version(history[-1].number + 1, NOW, result, saved))
