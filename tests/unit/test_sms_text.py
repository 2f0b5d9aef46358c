"""The SMS: one message, characters that every Korean phone shows, neutral words."""

import random
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storeguard.cloud.ksx1001 import SENDABLE, SYLLABLES, sendable
from storeguard.cloud.message import PART_LIMIT, SMS_LIMIT, WORDS, sms_text

ACCUSING = ("도난", "절도", "도둑", "범인", "훔", "thef", "thief", "stol", "steal", "crim")


def manifest(*lines, store="강남 1호점", language="ko", certainty=1.0, **other):
    products = [{"product": p, "missing": n, "certainty": certainty} for p, n in lines]
    return {
        "number": 7,
        "sealed_at": "2026-11-20T13:25:00+00:00",
        "visit": {"started_at": "2026-11-20T13:20:00+00:00", "ended_at": "2026-11-20T13:21:04Z"},
        "store": {"name": store, "language": language, "timezone": "Asia/Seoul"},
        "lines": products,
        "loss_won": sum(1500 * n for _, n in lines),
    } | other


@pytest.mark.parametrize(
    ("given_manifest", "text"),
    [
        (
            manifest(("바나나우유", 1)),
            "[강남 1호점] 재고 불일치: 바나나우유 1 (-1,500원) 22:21 #7",
        ),
        (
            manifest(("바나나우유", 1), ("초코바", 2)),
            "[강남 1호점] 재고 불일치 2건: 바나나우유 1, 초코바 2 (-4,500원) 22:21 #7",
        ),
        (
            manifest(("바나나우유", 1), loss_won=0, visit=None),
            "[강남 1호점] 재고 불일치: 바나나우유 1 22:25 #7",
        ),
        (manifest(), "[강남 1호점] 재고 확인 필요 22:21 #7"),
        (
            manifest(("초코바", 2), certainty=0.4),
            "[강남 1호점] 재고 확인 필요: 초코바 2 (-3,000원) 22:21 #7",
        ),
        (
            manifest(("Milk", 1), store="Gangnam", language="en"),
            "[Gangnam] Stock mismatch: Milk 1 (-1,500 won) 22:21 #7",
        ),
        (
            manifest(("Milk", 1), ("Bar", 2), store="Gangnam", language="en"),
            "[Gangnam] 2 stock mismatches: Milk 1, Bar 2 (-4,500 won) 22:21 #7",
        ),
        (
            manifest(("바나나우유", 3), notice="digest", numbers=[8, 9, 10], visit=None),
            "[강남 1호점] 재고 불일치 3건 더: 바나나우유 3 (-4,500원) #8~#10",
        ),
        (
            manifest(("바나나우유", 1), notice="digest", numbers=[8], loss_won=0, visit=None),
            "[강남 1호점] 재고 불일치 1건 더: 바나나우유 1 #8",
        ),
        (
            manifest(("Milk", 2), store="G", language="en", notice="digest", numbers=[8, 9]),
            "[G] 2 more stock mismatches: Milk 2 (-3,000 won) #8~#9",
        ),
        (
            manifest(("바나나우유", 1), notice="day_is_full", numbers=[7], visit=None),
            "[강남 1호점] 오늘 문자가 많아 이후는 묶어서 알립니다. #7~",
        ),
        (
            manifest(("바나나우유", 1), notice="amended", amends="x"),
            "[강남 1호점] 결제 확인됨: 바나나우유 1 (1,500원) 22:21 #7",
        ),
        (
            manifest(("바나나우유", 1), notice="confirmed", amends="x"),
            "[강남 1호점] 재고 불일치 확정: 바나나우유 1 (-1,500원) 22:21 #7",
        ),
        (
            manifest(("바나나우유", 1), notice="withdrawn", amends="x"),
            "[강남 1호점] 재고 불일치 취소: 바나나우유 1 22:21 #7",
        ),
        (
            manifest(("바나나우유", 1), notice="withdrawn", amends="x", reason="paid"),
            "[강남 1호점] 재고 불일치 취소(결제됨): 바나나우유 1 22:21 #7",
        ),
        (
            manifest(("Milk", 1), language="en", notice="withdrawn", reason="put_back"),
            "[강남 1호점] Mismatch withdrawn (put back): Milk 1 22:21 #7",
        ),
        (
            manifest(("바나나우유", 1), notice="escalated", amends="x"),
            "[강남 1호점] 아직 확인 안 됨: 바나나우유 1 (-1,500원) 22:21 #7",
        ),
        (
            manifest(notice="test", number=0),
            "[강남 1호점] 시험 문자입니다. 받으셨으면 화면에서 '받음'을 눌러 주세요.",
        ),
        (
            manifest(notice="fault", number=0, headline="저울 A 응답 없음"),
            "[강남 1호점] 점검 필요: 저울 A 응답 없음 22:21",
        ),
        (
            manifest(notice="fault_over", number=0, headline="http://a.b/c?d=e"),
            "[강남 1호점] 해결됨: http a b c d e 22:21",
        ),
    ],
)
def test_text_reads_as_agreed(given_manifest, text):
    assert sms_text(given_manifest) == text


@pytest.mark.parametrize("address", ["shop.kr/g", "abcdefghijklmnop.lambda-url.ap.on.aws"])
def test_an_address_stands_whole_at_the_end_of_one_message_or_two_parts(address):
    """A long address takes two parts of 67 units, a short one only the names' room."""
    lines = [(f"아주 긴 이름의 아이스크림 {n}", n) for n in range(1, 9)]
    text = sms_text(manifest(*lines), address=address)
    assert text.endswith(f"22:21 #7 {address}")
    assert len(text) <= (SMS_LIMIT if len(address) < 20 else 2 * PART_LIMIT)


def test_ten_thousand_product_names_fit_and_have_no_syllable_outside_the_set():
    """The issue's figure, with names of all of Unicode's syllables, Latin and signs."""
    chance = random.Random(7)
    alphabet = [chr(c) for c in range(0xAC00, 0xD7A4)] + list("abcXYZ 012345.,()-/🍦ｱÀ")
    names = ("".join(chance.choices(alphabet, k=chance.randint(1, 40))) for _ in range(10_000))
    for number, name in enumerate(names):
        lines = [(name, chance.randint(1, 99))] * chance.randint(1, 3)
        text = sms_text(manifest(*lines, number=number))
        assert len(text) <= SMS_LIMIT
        assert set(text) <= SENDABLE
        assert text.endswith(f"22:21 #{number}")


def test_time_is_the_stores_own():
    def clock_of(timezone):
        store = {"name": "a", "language": "ko", "timezone": timezone}
        return sms_text(manifest(store=None) | {"store": store})[-8:-3]

    assert [clock_of(z) for z in ("Asia/Seoul", "Asia/Kolkata", "UTC", "no/where")] == [
        "22:21",
        "18:51",
        "13:21",
        "13:21",
    ]


def test_long_names_give_way_before_counts_amount_and_number():
    long = "아주아주아주 긴 이름의 초콜릿 아이스크림 대용량"
    text = sms_text(manifest((long, 12), store="서울 강남구 역삼동 무인 아이스크림 할인점 1호점"))
    assert len(text) == 70
    assert re.search(r"\.\. 12 \(-18,000원\) 22:21 #7$", text)


def test_many_products_are_counted_where_they_cannot_be_named():
    text = sms_text(manifest(*((f"상품이름{i}", 1) for i in range(30))))
    assert (
        text == "[강남 1호점] 재고 불일치 30건: 상품이름0 1, 상품이름1 1 외 28 (-45,000원) 22:21 #7"
    )


def test_exactly_the_2350_syllables_of_ks_x_1001():
    assert len(SYLLABLES) == 2350
    assert all("가" <= s <= "힣" for s in SYLLABLES)
    assert {"가", "힝", "뷁", "닭"} - SYLLABLES == {"뷁"}
    # The trap: Python's codec takes the others too, as eight bytes.
    assert len("뷁".encode("euc_kr")) == 8


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("", ""),
        ("바나나 우유", "바나나 우유"),
        ("바", "바"),
        ("뷁", "?"),
        ("🍦콘🍦", "콘"),
        ("１００㎖", "100ml"),
        ("가\n나\t다\x00라", "가 나 다라"),
        ("café", "caf"),
        ("a\ud800b", "ab"),
    ],
)
def test_other_characters_are_replaced_or_dropped(name, shown):
    assert sendable(name) == shown


names = st.one_of(
    st.text(max_size=60),
    st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1, max_size=60),
    st.text(st.sampled_from("가나다라abc 12.,()[]#🍦뷁"), max_size=200),
)
products = st.lists(st.tuples(names, st.integers(1, 10**6)), max_size=40)


@settings(max_examples=2_000, deadline=None)
@given(
    products,
    names,
    st.sampled_from(["ko", "en", "fr"]),
    st.integers(0, 10**12),
    st.integers(0, 10**9),
    st.sampled_from([0.0, 0.7, 1.0]),
)
def test_any_names_make_one_message_that_ends_whole(lines, store, language, won, number, sure):
    text = sms_text(
        manifest(
            *lines, store=store, language=language, certainty=sure, loss_won=won, number=number
        )
    )
    assert len(text.encode("utf-16-be")) <= 140
    assert set(text) <= SENDABLE
    currency = "won" if language == "en" else "원"
    amount = f"(-{won:,}{' ' if language == 'en' else ''}{currency}) " if won else ""
    assert text.endswith(f"{amount}22:21 #{number}")


def test_no_word_of_ours_accuses():
    ours = " ".join(text for words in WORDS.values() for text in words.values()).lower()
    assert [word for word in ACCUSING if word in ours] == []
