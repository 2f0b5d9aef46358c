"""Inventory CSVs: read tolerantly, refused clearly, written as their owner writes them."""

import unicodedata
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storeguard.books.csvfile import read, write
from storeguard.books.rows import BookFile, Layout, Row, counts_of
from storeguard.domain.product import Product
from storeguard.errors import BookMalformed

HEADER = "상품명, 개수, 가격, 무게\n"
NAME = "inventory_store.csv"
MILK = Row(Product("바나나우유", 1500, 95.0), 3)
COLA = Row(Product("콜라", 1800, 355.0), 5)


def parsed(text: str, encoding: str = "utf-8") -> BookFile:
    return read(text.encode(encoding), NAME)


def complaint(text: str, language: str = "ko") -> str:
    with pytest.raises(BookMalformed) as caught:
        read(text.encode(), NAME, language=language)  # type: ignore[arg-type]
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_new_file_has_exactly_the_agreed_header_and_rows():
    assert write(BookFile((MILK, COLA))).decode() == (
        "상품명, 개수, 가격, 무게\n바나나우유,3,1500,95\n콜라,5,1800,355\n"
    )


def test_no_products_are_a_book_but_an_empty_file_is_not():
    assert parsed(HEADER).rows == ()
    for nothing in (b"", b"\n \r\n", b"\xef\xbb\xbf", b"\0" * 64):
        with pytest.raises(BookMalformed, match=r"^inventory_store\.csv: I803"):
            read(nothing, NAME)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp949"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("end", ["", "\n"])
def test_encoding_line_end_and_last_line_stay_the_owners(encoding, newline, end):
    text = (HEADER + "바나나우유,3,1500,95\n콜라,5,1800,355" + end).replace("\n", newline)
    book = parsed(text, encoding)
    assert book.rows == (MILK, COLA)
    assert write(book) == text.encode(encoding)
    sold = BookFile((MILK.with_count(2), COLA), book.layout)
    assert write(sold) == text.replace("유,3", "유,2").encode(encoding)


def test_cp949_is_told_to_the_owner_once_a_file():
    assert parsed(HEADER, "cp949").notes == (
        "inventory_store.csv: I801 CP949로 저장된 파일을 읽었습니다.",
    )


def test_cp949_under_an_english_header_is_read():
    assert parsed("name,count,price,weight\n밥그릇,1,2,3\n", "cp949").rows[0].name == "밥그릇"


def test_a_name_that_cp949_lacks_turns_the_file_into_utf8_that_excel_reads():
    layout = parsed(HEADER, "cp949").layout
    content = write(BookFile((Row(Product("☕라떼", 1, 1), 1),), layout))
    assert content.startswith(b"\xef\xbb\xbf")
    assert read(content, NAME).rows[0].name == "☕라떼"


@pytest.mark.parametrize(
    "cell",
    ["1500", " 1500 ", '"1,500"', "１５００", '"１，５００"', "01500"],
)
def test_numbers_are_read_as_people_type_them(cell):
    text = HEADER + f"바나나우유,3,{cell},95\n"
    book = parsed(text)
    assert book.rows == (MILK,)
    assert write(book).decode() == text


@pytest.mark.parametrize(
    "cell",
    [
        *("-2", "+5", "3.0", "12개", "²", "1E+3", "١٢", "①", "", " ", "１２.", "1,50", "1 2"),
        *("0x10", "1_000", "nan", "inf", "NA", "8801234567890"),
    ],
)
def test_what_is_no_plain_count_is_refused_with_line_column_and_value(cell):
    text = HEADER + f'콜라,5,1800,355\n바나나우유,"{cell}",1500,95\n'
    shown = cell.strip()
    assert complaint(text) == (
        f"inventory_store.csv:3 개수: I807 '{shown}': 쓸 수 없는 값입니다. "
        "0~999,999의 정수를 쓰세요."
    )


def test_all_that_is_wrong_is_told_at_once_in_the_order_of_the_lines():
    lines = ["콜라,다섯,천원,355", "우유,1,1,1", "우유,1,1500,무거움", "반쪽,1", "-,3,1500,95,남음"]
    with pytest.raises(BookMalformed) as caught:
        read((HEADER + "\n".join([*lines, ""])).encode(), NAME)
    told = [str(caught.value), *caught.value.others]
    assert [one.split(":")[1] for one in told] == [
        *("2 개수", "2 가격", "4 상품명", "4 무게", "5", "6"),
    ]


def test_a_file_that_is_wrong_throughout_is_told_by_its_first_mistakes():
    with pytest.raises(BookMalformed) as caught:
        read((HEADER + "콜라,x,y,z\n" * 500).encode(), NAME)
    assert len(caught.value.others) == 19


def test_the_complaint_is_english_by_setting():
    assert complaint(HEADER + "바나나우유,12개,1500,95\n", "en") == (
        "inventory_store.csv:2 개수: I807 got '12개', expected a whole number 0..999,999."
    )


def test_line_numbers_count_blank_lines():
    message = complaint("\n" + HEADER + "\n콜라,5,1800,355\n\n\n바나나우유,x,1500,95\n")
    assert message.startswith("inventory_store.csv:7 개수: I807 'x'")


def test_blank_lines_and_rows_of_commas_are_nothing():
    assert parsed(HEADER + "\n,,,\n바나나우유,3,1500,95\n   \n").rows == (MILK,)


@pytest.mark.parametrize("weight", ["95.5", " 95.5 ", "９５.5", "95.50"])
def test_weights_may_have_decimals(weight):
    assert parsed(HEADER + f"바나나우유,3,1500,{weight}\n").rows[0].product.unit_weight_g == 95.5


def test_columns_are_found_by_name_wherever_they_are_and_unknown_ones_kept():
    header = "메모,바코드, 무게 ,개수,상품명,가격,선반,허용오차\n"
    text = header + "냉장,880123,95,3,바나나우유,1500,A,2.5\n"
    book = parsed(text)
    [row] = book.rows
    assert row.product == Product("바나나우유", 1500, 95.0, "A", "880123", 2.5)
    assert (row.count, row.others) == (3, ("냉장",))
    sold = BookFile((row.with_count(2),), book.layout)
    assert write(sold).decode() == text.replace(",3,", ",2,")


def test_english_headers_are_accepted_and_kept():
    text = "Name,count,price,weight,shelf,barcode,tolerance\nmilk,3,1500,95,A,880,2\n"
    book = parsed(text)
    assert book.rows[0].product == Product("milk", 1500, 95.0, "A", "880", 2.0)
    assert write(book).decode() == text


def test_a_row_from_another_book_is_written_in_this_files_style():
    book = parsed("상품명, 무게, 개수, 가격, 메모\n바나나우유, 95, 3, 1500, x\n")
    content = write(BookFile((*book.rows, COLA), book.layout)).decode()
    assert content.endswith("\n바나나우유, 95, 3, 1500, x\n콜라, 355, 5, 1800, \n")


def test_changed_cells_keep_their_blanks_and_quotes():
    book = parsed(HEADER + '바나나우유, "1,234" ,1500,95\n')
    sold = BookFile((book.rows[0].with_count(7),), book.layout)
    assert write(sold).decode() == HEADER + '바나나우유, "7" ,1500,95\n'


def test_names_with_commas_and_quotes_survive():
    row = Row(Product('초코, "큰" 바', 1, 2.0), 3)
    content = write(BookFile((row,)))
    assert content.decode().splitlines()[1] == '"초코, ""큰"" 바",3,1,2'
    assert read(content, NAME).rows == (row,)


def test_excel_may_leave_out_empty_optional_cells_except_in_a_last_line_without_end():
    header = "상품명,개수,가격,무게,선반,바코드\n"
    assert len(parsed(header + "a,1,1,1\nb,1,1,1,A\n").rows) == 2
    assert "I803" in complaint(header + "a,1,1,1,A,\nb,1,1,1")


@pytest.mark.parametrize("column", ["상품명", "개수", "가격", "무게"])
def test_a_missing_or_renamed_column_is_named(column):
    for instead in ("x", "_"):
        message = complaint(HEADER.replace(column, instead) + "a,1,1,1\n")
        assert message.startswith(f"inventory_store.csv:1 {column}: I805 '{column}' 열이 없습니다.")


def test_a_column_that_is_there_twice_is_refused():
    assert "I805 '개수' 열이 두 번" in complaint("상품명,개수,가격,무게,count\na,1,1,1,1\n")


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_product_on_two_lines_is_refused_also_as_a_unicode_twin(form):
    twin = unicodedata.normalize(form, "바나나우유")
    message = complaint(HEADER + f"바나나우유,3,1500,95\n콜라,5,1800,355\n{twin},1,1500,95\n")
    assert message.startswith(
        "inventory_store.csv:4 상품명: I806 '바나나우유'가 두 줄(2, 4행)입니다."
    )


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("바나나우유,3,1500", "I803"),  # half a line
        ("바나나우유,3,1,500,95", "I803"),  # thousands without quotes
        ('"바나나우', "I803"),  # half a quoted line
        ('"바나나우유,3,1500,95', "I803"),
        ('"바나나"우유,3,1500,95', "I803"),
        (",3,1500,95", "I807"),
        ("1월 2일,3,1500,95", "I808"),  # was 1-2
        ("2-Jan,3,1500,95", "I808"),
        ("바나나우유,1월 2일,1500,95", "I808"),
        ("바나나우유,3,-1500,95", "I807"),
        ("바나나우유,3,1500.5,95", "I807"),
        ("바나나우유,3,1500,-95", "I807"),
        ("바나나우유,3,1500,8.8E+12", "I807"),
    ],
)
def test_damaged_lines_are_refused(line, code):
    assert complaint(HEADER + line + "\n").startswith("inventory_store.csv:2")
    assert code in complaint(HEADER + line + "\n")


def test_a_barcode_that_excel_has_changed_is_refused_with_what_it_was():
    text = "상품명,개수,가격,무게,바코드\n바나나우유,3,1500,95,8.8E+12\n"
    with pytest.raises(BookMalformed) as caught:
        read(text.encode(), NAME, barcodes={"바나나우유": "8801234567890"})
    assert str(caught.value).startswith(
        "inventory_store.csv:2 바코드: I808 '8.8E+12': 엑셀에서 바뀐 값입니다"
        " (이전 값 '8801234567890')."
    )


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_is_named_and_not_guessed(encoding):
    with pytest.raises(BookMalformed, match="I802 '유니코드 텍스트'"):
        read((HEADER + "바나나우유,3,1500,95\n").encode(encoding), NAME)


@pytest.mark.parametrize("sign", [";", "\t"])
def test_other_separators_are_named(sign):
    text = f"상품명{sign}개수{sign}가격{sign}무게\n바나나우유{sign}3{sign}1500{sign}95\n"
    assert "I802" in complaint(text)


def test_bytes_that_are_no_text_are_named_with_their_line():
    with pytest.raises(BookMalformed, match=r"^inventory_store\.csv:3: I803"):
        read((HEADER + "콜라,5,1800,355\n").encode() + "바나".encode()[:-1] + b",1,1,1\n", NAME)


def test_a_formula_for_a_name_is_plain_text_and_noted():
    book = parsed(HEADER + "=HYPERLINK(1),3,1500,95\n")
    assert counts_of(book.rows) == {"=HYPERLINK(1)": 3}
    assert "I810" in book.notes[0]


def test_too_large_a_file_is_refused():
    assert "I813" in complaint(HEADER + "x" * 1024 * 1024)
    rows = "".join(f"상품{i},1,1,1\n" for i in range(10_000))
    assert len(parsed(HEADER + rows).rows) == 10_000
    assert "I813" in complaint(HEADER + rows + "또,1,1,1\n")


def test_an_odd_unicode_line_separator_in_a_name_ends_no_line():
    assert len(parsed(HEADER + "바나나\u2028우유,3,1500,95\n").rows) == 1


names = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cs", "Cc", "Zl", "Zp")), min_size=1
).map(lambda text: unicodedata.normalize("NFC", text.strip()))
rows = st.builds(
    lambda name, count, price, grams: Row(Product(name, price, grams / 4), count),
    names.filter(lambda name: name and '"' not in (name[0], name[-1])),
    st.integers(0, 999_999),
    st.integers(0, 99_999_999),
    st.integers(0, 3_000_000),
)


@given(st.lists(rows, unique_by=lambda row: row.name), st.sampled_from(["\n", "\r\n"]))
def test_whatever_we_write_we_read_again(products, newline):
    book = BookFile(tuple(products), Layout(newline=newline))
    content = write(book)
    again = read(content, NAME)
    assert again.rows == book.rows
    assert write(again) == content


@given(st.binary(max_size=200))
def test_no_bytes_make_the_reader_fail_otherwise_than_by_saying_so(content):
    for text in (content, HEADER.encode() + content):
        with suppress(BookMalformed):
            read(text, NAME)
