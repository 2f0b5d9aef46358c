"""promotions.csv: what an owner writes in Excel, and what is said where it cannot be meant."""

from datetime import date

import pytest

from storeguard.books.promotions import GRACE_S, LAST_GOOD, PromotionsFile, read
from storeguard.domain.promotions import Bonus, Bundle, Package, Period
from storeguard.errors import BookMalformed

MILK, BAR, CONE = "바나나우유", "메로나", "부라보콘"
ODD = "밀크/커피+빵"
PRODUCTS = (MILK, BAR, CONE, ODD)
HEADER = "행사명,행사,상품,시작,끝\n"


def parsed(text, **options):
    return read(text.encode(), "promotions.csv", PRODUCTS, **options)


def only(line):
    [found] = parsed(HEADER + line + "\n")
    return found


# --- what is understood


@pytest.mark.parametrize(
    ("line", "promotion"),
    [
        (f"우유,1+1,{MILK},,", Bonus("우유", (MILK,), 1, 1)),
        (f" 우유 , 2 + 1 , {MILK} ,,", Bonus("우유", (MILK,), 2, 1)),
        (f"우유,１＋１,{MILK},,", Bonus("우유", (MILK,), 1, 1)),
        (f'아이스,2+1,"{BAR}, {CONE}",,', Bonus("아이스", (BAR, CONE), 2, 1)),
        (f"아이스,2+1,{BAR}/{CONE},,", Bonus("아이스", (BAR, CONE), 2, 1)),
        (f"아이스,2+1,{BAR} ; {CONE},,", Bonus("아이스", (BAR, CONE), 2, 1)),
        (f"빵,1+1,{ODD},,", Bonus("빵", (ODD,), 1, 1)),
        (f'빵,1+1,"{ODD}, {BAR}",,', Bonus("빵", (ODD, BAR), 1, 1)),
        (f'열개,"10개 10,000원",{BAR}/{CONE},,', Bundle("열개", (BAR, CONE), 10, 10_000)),
        (f"열개,10개 10000원,{BAR},,", Bundle("열개", (BAR,), 10, 10_000)),
        (f"열개,10개,{BAR},,", Bundle("열개", (BAR,), 10)),
        (f"ten,10 for 9000,{BAR},,", Bundle("ten", (BAR,), 10, 9000)),
        (f'세트,"세트 5,000원",{MILK}+{BAR}*2,,', Package("세트", ((MILK, 1), (BAR, 2)), 5000)),
        (f'세트,세트,"{MILK} 2개, {BAR}",,', Package("세트", ((MILK, 2), (BAR, 1)))),
        (f"세트,SET,{MILK}x3,,", Package("세트", ((MILK, 3),))),
        (f"세트,세트,{ODD},,", Package("세트", ((ODD, 1),))),
    ],
)
def test_what_an_owner_writes_is_understood(line, promotion):
    assert only(line) == promotion


@pytest.mark.parametrize(
    ("typed", "period"),
    [
        (",", Period()),
        ("2026-11-01,2026-11-30", Period(date(2026, 11, 1), date(2026, 11, 30))),
        ("2026. 11. 1.,", Period(starts=date(2026, 11, 1))),
        (",2026/11/3", Period(ends=date(2026, 11, 3))),
        ("20261101,２０２６-11-01", Period(date(2026, 11, 1), date(2026, 11, 1))),
    ],
)
def test_days_are_read_as_excel_and_people_write_them(typed, period):
    assert only(f"우유,1+1,{MILK},{typed}").period == period


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_encodings_and_line_ends_of_excel_are_read(encoding, newline):
    text = newline.join([HEADER.strip(), f"우유,1+1,{MILK},,", "", ",,,,", ""])
    found = read(text.encode(encoding), "promotions.csv", PRODUCTS)
    assert found == (Bonus("우유", (MILK,), 1, 1),)


def test_english_headers_other_columns_and_cells_left_out_at_the_end():
    text = f"Name,Note,Promotion,Products,From,Until\nmilk,seen on TV,1+1,{MILK}\n"
    assert parsed(text) == (Bonus("milk", (MILK,), 1, 1),)
    assert parsed(f"행사명,종류,상품\n우유,1+1,{MILK},,\n") == (Bonus("우유", (MILK,), 1, 1),)


def test_a_header_alone_declares_nothing():
    assert parsed(HEADER) == ()


# --- what is refused, and where


@pytest.mark.parametrize(
    ("text", "place", "said"),
    [
        ("", "promotions.csv:", "I803"),
        ("\n\n", "promotions.csv:", "I803"),
        (f"행사명,상품\n우유,{MILK}\n", "promotions.csv:1 행사", "I805"),
        (f"행사명,행사,종류,상품\na,1+1,1+1,{MILK}\n", "promotions.csv:1", "I805"),
        ("행사명;행사;상품\n", "promotions.csv:1", "';'"),
        ("행사명\t행사\t상품\n", "promotions.csv:1", "tab"),
        (HEADER + f"우유,1+1,{MILK},,,x\n", "promotions.csv:2", "6개"),
        (HEADER + "우유,1+1\n", "promotions.csv:2", "2개"),
        (HEADER + f"우유,1+1,{BAR},{CONE},,\n", "promotions.csv:2 시작", f"'{CONE}'"),
        (HEADER + f'우유,1+1,"{MILK},,\n', "promotions.csv:2", "따옴표"),
        (HEADER + f"\n,1+1,{MILK},,\n", "promotions.csv:3 행사명", "I807"),
        (HEADER + f"a,1+1,{MILK},,\na,2+1,{BAR},,\n", "promotions.csv:3 행사명", "I806"),
        (HEADER + f"a,0+1,{MILK},,\n", "promotions.csv:2 행사", "'0+1'"),
        (HEADER + f"a,1개 500원,{MILK},,\n", "promotions.csv:2 행사", "I815"),
        (HEADER + f'a,"10개 1,00원",{MILK},,\n', "promotions.csv:2 행사", "I815"),
        (HEADER + f"a,하나 더,{MILK},,\n", "promotions.csv:2 행사", "'하나 더'"),
        (HEADER + "a,1+1,딸기우유,,\n", "promotions.csv:2 상품", "'딸기우유'"),
        (HEADER + "a,1+1,,,\n", "promotions.csv:2 상품", "I816"),
        (HEADER + f"a,1+1,{MILK} 2개,,\n", "promotions.csv:2 상품", "I816"),
        (HEADER + f"a,2+1,{MILK}/{BAR}/{MILK},,\n", "promotions.csv:2 상품", "두 번"),
        (HEADER + f"a,1+1,{MILK},11월 1일,\n", "promotions.csv:2 시작", "'11월 1일'"),
        (HEADER + f"a,1+1,{MILK},,2026-02-30\n", "promotions.csv:2 끝", "I817"),
        (HEADER + f"a,1+1,{MILK},2026-11-02,2026-11-01\n", "promotions.csv:2 끝", "I817"),
    ],
)
def test_a_mistake_is_named_with_its_place(text, place, said):
    with pytest.raises(BookMalformed) as caught:
        parsed(text)
    assert str(caught.value).startswith(place)
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (HEADER.encode("utf-16"), "UTF-16"),
        (b"\xff\xff\xff", "I803"),
        (b"x" * 1_100_000, "I813"),
        (HEADER.encode() + b"a\n" * 10_001, "I813"),
    ],
)
def test_what_is_no_such_csv_is_refused(content, said):
    with pytest.raises(BookMalformed, match=said):
        read(content, "promotions.csv", PRODUCTS)


def test_english_by_setting():
    with pytest.raises(BookMalformed, match="is no promotion; expected"):
        parsed(HEADER + f"a,free,{MILK},,\n", language="en")


# --- the file under its owner's hands


@pytest.fixture
def file(tmp_path):
    (tmp_path / "state").mkdir()
    return PromotionsFile(tmp_path, tmp_path / "state", fsync=False)


def save(tmp_path, line):
    (tmp_path / "promotions.csv").write_text(HEADER + line, encoding="utf-8")


def names(file):
    return [promotion.name for promotion in file.promotions]


def test_an_edit_counts_when_two_looks_agree(tmp_path, file):
    file.load(PRODUCTS)
    save(tmp_path, f"a,1+1,{MILK},,\n")
    file.poll(PRODUCTS, 0.0)
    assert names(file) == []
    save(tmp_path, f"b,1+1,{MILK},,\n")
    file.poll(PRODUCTS, 0.4)
    assert names(file) == []
    file.poll(PRODUCTS, 0.7)
    assert names(file) == ["b"]


def test_without_a_file_there_are_no_promotions_and_nothing_is_wrong(file):
    file.load(PRODUCTS)
    file.poll(PRODUCTS, 0.0)
    file.poll(PRODUCTS, 100.0)
    assert (names(file), file.status.kind) == ([], "ok")


def test_a_deleted_file_counts_for_ten_seconds_more(tmp_path, file):
    save(tmp_path, f"a,1+1,{MILK},,\n")
    file.load(PRODUCTS)
    (tmp_path / "promotions.csv").unlink()
    file.poll(PRODUCTS, 0.0)
    file.poll(PRODUCTS, GRACE_S - 1)
    assert names(file) == ["a"]
    file.poll(PRODUCTS, GRACE_S)
    assert names(file) == []
    assert not (tmp_path / "state" / LAST_GOOD).exists()


def test_a_new_product_makes_a_promotion_good_that_was_written_before_it(tmp_path, file):
    save(tmp_path, "a,1+1,딸기우유,,\n")
    file.load(PRODUCTS)
    assert file.status.kind == "malformed"
    file.poll((*PRODUCTS, "딸기우유"), 0.0)
    file.poll((*PRODUCTS, "딸기우유"), 0.4)
    assert (names(file), file.status.kind) == (["a"], "ok")


def test_a_start_finds_the_last_good_one(tmp_path, file):
    save(tmp_path, f"a,1+1,{MILK},,\n")
    file.load(PRODUCTS)
    save(tmp_path, "a,1+")
    again = PromotionsFile(tmp_path, tmp_path / "state", fsync=False)
    again.load(PRODUCTS)
    assert (names(again), again.status.kind) == (["a"], "malformed")


def test_a_file_that_cannot_be_read_leaves_the_last_good_one(tmp_path, file):
    save(tmp_path, f"a,1+1,{MILK},,\n")
    file.load(PRODUCTS)
    (tmp_path / "promotions.csv").unlink()
    (tmp_path / "promotions.csv").mkdir()
    file.poll(PRODUCTS, 0.0)
    file.poll(PRODUCTS, 100.0)
    assert (names(file), file.status.kind) == (["a"], "malformed")
    assert "I811" in file.status.text
    again = PromotionsFile(tmp_path, tmp_path / "state", fsync=False)
    again.load(PRODUCTS)
    assert (names(again), again.status.kind) == (["a"], "malformed")
