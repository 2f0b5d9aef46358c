"""What the books say to the owner, in Korean and English.

The codes are the ones of the fault table: one each, so that a call to the installer can name it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Language = Literal["ko", "en"]


@dataclass(frozen=True, slots=True)
class BookStatus:
    """Whether the CSV and the book agree. `text` is for the owner, in one line.

    malformed: it cannot be read as a book; held: it lost too much and waits for `confirm()`;
    missing: it is not there just now; unwritable: it lags behind the book.
    """

    kind: Literal["ok", "malformed", "missing", "held", "unwritable"] = "ok"
    text: str = ""


OK = BookStatus()

_TEXTS: Mapping[str, tuple[str, str]] = {
    "cp949": (
        "I801 CP949로 저장된 파일을 읽었습니다.",
        "I801 the file is saved as CP949; it is read and kept so.",
    ),
    "not_csv": (
        "I802 {found} 형식입니다. 'CSV UTF-8(쉼표로 분리)'로 저장하세요.",
        "I802 this is {found}, expected comma-separated CSV; save it as 'CSV UTF-8'.",
    ),
    "empty": (
        "I803 빈 파일입니다(저장이 끝나지 않음). 첫 줄은 '상품명, 개수, 가격, 무게'여야 합니다.",
        "I803 the file is empty (not saved to its end); expected the header "
        "'상품명, 개수, 가격, 무게'.",
    ),
    "undecodable": (
        "I803 읽을 수 없는 글자가 있습니다(저장이 끝나지 않음). 'CSV UTF-8'로 다시 저장하세요.",
        "I803 not readable as {found} (not saved to its end?); save it again as 'CSV UTF-8'.",
    ),
    "open_quote": (
        "I803 따옴표가 닫히지 않았습니다: {value}. 저장을 끝내거나 따옴표를 고치세요.",
        "I803 the quote is not closed: {value}; finish saving, or mend the quotes.",
    ),
    "ragged": (
        "I803 칸이 {got}개입니다. {expected}개여야 합니다"
        '(쉼표가 든 값은 따옴표로 감싸세요: "1,500").',
        'I803 the line has {got} cells, expected {expected} (quote a value with a comma: "1,500").',
    ),
    "missing": (
        "I804 재고 파일이 없음. 이전 재고를 씁니다.",
        "I804 the inventory file is gone; the last stock stays in force.",
    ),
    "column": (
        "I805 '{column}' 열이 없습니다. 있는 열: {found}. 첫 줄은 "
        "'상품명, 개수, 가격, 무게'여야 합니다.",
        "I805 the column '{column}' is missing; found: {found}; expected the header "
        "'상품명, 개수, 가격, 무게'.",
    ),
    "column_twice": (
        "I805 '{column}' 열이 두 번 있습니다. 하나만 남기세요.",
        "I805 the column '{column}' is there twice; leave one.",
    ),
    "twice": (
        "I806 {value}가 두 줄({first}, {second}행)입니다. 한 줄만 남기세요.",
        "I806 {value} is on two lines ({first}, {second}); leave one.",
    ),
    "no_name": (
        "I807 상품명이 비었습니다. 상품명을 쓰거나 줄을 지우세요.",
        "I807 the name is empty; write it, or delete the line.",
    ),
    "number": (
        "I807 {value}: 쓸 수 없는 값입니다. {expected}를 쓰세요.",
        "I807 got {value}, expected {expected}.",
    ),
    "excel": (
        "I808 {value}: 엑셀에서 바뀐 값입니다{before}. 열을 '텍스트'로 바꾸고 다시 쓰세요.",
        "I808 {value} was changed by Excel{before}; format the column as text, write it again.",
    ),
    "excel_before": (" (이전 값 {value})", " (it was {value})"),
    "rows_lost": (
        "I809 상품이 {before}개에서 {after}개로 줄었습니다. 맞으면: storeguard books confirm",
        "I809 the products went from {before} to {after}; if right: storeguard books confirm",
    ),
    "stock_lost": (
        "I809 재고가 {before}개에서 {after}개로 줄었습니다. 맞으면: storeguard books confirm",
        "I809 the stock went from {before} to {after}; if right: storeguard books confirm",
    ),
    "formula": (
        "I810 상품명 {value}이(가) '{sign}'로 시작합니다. 글자로만 다룹니다.",
        "I810 the name {value} begins with '{sign}'; it is kept as plain text.",
    ),
    "carried": (
        "I812 저울 {scale}의 상품 {value}가 상품표에 없어 비교하지 않습니다. 줄을 되돌리거나, "
        "설정의 scales[].products에서도 빼세요.",
        "I812 product {value} of scale {scale} has no row any more and is not compared; put it "
        "back, or take it out of scales[].products too.",
    ),
    "unwritable": (
        "I811 재고 파일을 쓸 수 없음({why}). 권한과 디스크를 확인하세요. 판매는 기록됩니다.",
        "I811 the inventory file cannot be written ({why}); check permissions and disk; "
        "sales are kept.",
    ),
    "unreadable": (
        "I811 재고 파일을 읽을 수 없음({why}). 권한을 확인하세요. 이전 재고를 씁니다.",
        "I811 the inventory file cannot be read ({why}); check permissions; "
        "the last stock stays in force.",
    ),
    "too_large": (
        "I813 재고 파일이 너무 큽니다({got}). {expected}까지 됩니다.",
        "I813 the inventory file is too large ({got}); at most {expected}.",
    ),
    "promotion_empty": (
        "I803 빈 파일입니다. 첫 줄은 '행사명, 행사, 상품, 시작, 끝'이어야 합니다. "
        "행사가 없으면 파일을 지우세요.",
        "I803 the file is empty; expected the header 'name, promotion, products, from, until'; "
        "delete it if there is no promotion.",
    ),
    "promotion_column": (
        "I805 '{column}' 열이 없습니다. 있는 열: {found}. 첫 줄은 "
        "'행사명, 행사, 상품, 시작, 끝'이어야 합니다.",
        "I805 the column '{column}' is missing; found: {found}; expected the header "
        "'name, promotion, products, from, until'.",
    ),
    "promotion_ragged": (
        "I803 칸이 {got}개입니다. {expected}개여야 합니다"
        '(상품을 쉼표로 나열하면 따옴표로 감싸세요: "메로나, 비비빅").',
        "I803 the line has {got} cells, expected {expected} "
        '(quote products listed with commas: "A, B").',
    ),
    "promotion_no_name": (
        "I807 행사명이 비었습니다. 행사명을 쓰거나 줄을 지우세요.",
        "I807 the name of the promotion is empty; write it, or delete the line.",
    ),
    "promotion_kind": (
        "I815 {value}은(는) 알 수 없는 행사입니다. '1+1', '2+1', '10개 10,000원', "
        "'세트 5,000원'처럼 쓰세요.",
        "I815 {value} is no promotion; expected such as '1+1', '2+1', '10개 10,000원' "
        "(10 for 10,000 won), '세트 5,000원' (a set).",
    ),
    "promotion_product": (
        "I816 {value}은(는) 상품표에 없습니다. 상품표의 이름을 그대로 쓰고 쉼표로 나누세요"
        "(세트는 '초코바*2'도 됩니다). 있는 상품: {known}.",
        "I816 {value} is no product of the inventory; write its name as there, separated by "
        "commas (in a set also such as '초코바*2'); known: {known}.",
    ),
    "promotion_product_twice": (
        "I816 {value}이(가) 두 번 있습니다. 한 번만 쓰세요(세트에 2개면 '*2').",
        "I816 {value} is there twice; write it once (in a set, two are '*2').",
    ),
    "promotion_date": (
        "I817 {value}은(는) 날짜가 아닙니다. 2026-11-30처럼 쓰거나 비워 두세요.",
        "I817 {value} is no date; expected such as 2026-11-30, or nothing.",
    ),
    "promotion_period": (
        "I817 끝({ends})이 시작({starts})보다 앞섭니다. 날짜를 고치세요.",
        "I817 it ends ({ends}) before it starts ({starts}); correct the dates.",
    ),
    "whole": ("0~{most}의 정수", "a whole number 0..{most}"),
    "decimal": ("0~{most}의 숫자", "a number 0..{most}"),
}


def say(what: str, language: Language = "ko", **values: object) -> str:
    """The text in the owner's language, in one line."""
    korean, english = _TEXTS[what]
    return (korean if language == "ko" else english).format(**values)
