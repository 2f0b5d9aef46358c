"""Reasons as data, and the sentences that are made of them, in every language."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from storeguard.cloud.message import SMS_LIMIT
from storeguard.domain.doubts import Doubt
from storeguard.domain.ledger import Movement
from storeguard.domain.reasons import KINDS, Reason, steps_behind, stored
from storeguard.messages import CATALOGUES
from storeguard.messages.reasons import sentences

MILK, BAR = "바나나우유", "메로나"
HEAP = "냉동고 F1"
ZONE = "Asia/Seoul"
BEGAN = datetime(2026, 11, 20, 22, 20, tzinfo=ZoneInfo(ZONE))


def at(t_s: float) -> datetime:
    return (BEGAN + timedelta(seconds=t_s)).astimezone(UTC)


LEFT = Movement(41.0, 43.0, "A", MILK, -1, -94.2, 0.99)
CAME = Movement(55.0, 57.0, "B", MILK, 1, 94.4, 0.99, is_foreign=True)
STEP = Doubt("uncertain", MILK, "A", 41.0, -133.0)

TOLD = (
    (
        Reason("taken", MILK, 1, LEFT),
        "선반 A에서 22:20:41에 바나나우유 1개(94 g)가 나갔습니다.",
        "At 22:20:41, 1 바나나우유 (94 g) left shelf A.",
    ),
    (
        Reason("unpaid", MILK, 1, until_s=70.0),
        "22:21:10까지 바나나우유 1개의 결제가 없었습니다.",
        "By 22:21:10, 1 바나나우유 had not been paid.",
    ),
    (
        Reason("overdue", MILK, 1, until_s=70.0),
        "22:21:10까지 바나나우유 1개의 결제가 없었고, 손님이 아직 매장에 있습니다.",
        "By 22:21:10, 1 바나나우유 had not been paid, and somebody is still in the store.",
    ),
    (
        Reason("named", MILK, 1, others=(BAR, "콜라")),
        "무게로 보아 바나나우유일 가능성이 가장 크지만, 다음 상품일 수도 있습니다: 메로나, 콜라.",
        "By the weight it was most likely 바나나우유, but may have been: 메로나, 콜라.",
    ),
    (
        Reason("contested", MILK, 1, until_s=30.0),
        "22:20:30의 바나나우유 1개 결제는 먼저 나간 손님의 것으로 보았습니다. "
        "이 손님의 결제였을 수도 있으니 두 방문을 함께 확인하세요.",
        "The payment at 22:20:30 for 1 바나나우유 was taken for an earlier visitor's. "
        "It may have been this one's: look at both visits.",
    ),
    (
        Reason("bulk", "냉동고 약 300 g", 4, LEFT, won=4800),
        "A: 22:20:41에 시작해 냉동고 약 300 g, 4개쯤, 4,800원 안팎이 결제 없이 줄었습니다. "
        "냉동고의 무게로는 어떤 상품인지 알 수 없습니다.",
        "A: from 22:20:41 on, 냉동고 약 300 g, about 4 items, some 4,800 won, went unpaid. "
        "The weight of a freezer does not say which products.",
    ),
    (
        Reason("standing", MILK, 2),
        "아무도 없는 동안 바나나우유 선반 재고가 판매 재고보다 2개 적습니다.",
        "With nobody inside, the shelf has 2 바나나우유 fewer than booked.",
    ),
    (
        Reason("standing_start", MILK, 2),
        "꺼져 있던 동안 바나나우유 선반 재고가 2개 줄었습니다.",
        "While the power was off, 2 바나나우유 went from the shelf.",
    ),
    (
        Reason("interrupted", "", 0),
        "방문 중에 기기가 꺼져 판단하지 못했습니다. "
        "그동안 줄어든 재고는 다시 켜진 뒤에 비교했습니다.",
        "It was cut short by a stop and could not be judged. The books were compared afterwards.",
    ),
    (
        Reason("promoted", MILK, 1, promotion="우유 1+1"),
        "행사 '우유 1+1': 바나나우유 1개는 계산대 기록보다 더 가져갈 수 있습니다.",
        "Promotion '우유 1+1': 1 바나나우유 may be taken beyond what the kiosk recorded.",
    ),
    (
        Reason("proposed", MILK, 1, promotion="우유 1+1"),
        "바나나우유 1개는 아직 확인되지 않은 행사 '우유 1+1'에 맞아 판단하지 않았습니다.",
        "1 바나나우유 fit the promotion '우유 1+1', which nobody has confirmed yet: not judged.",
    ),
    (
        Reason("by_amount", MILK, 2, won=3000),
        "상품을 밝히지 않은 결제 3,000원으로 바나나우유 2개를 계산했습니다.",
        "A payment of 3,000 won that named no product paid for 2 × 바나나우유.",
    ),
    (
        Reason("amount_over", "", 0, won=500),
        "상품을 밝히지 않은 결제가 500원 더 많았습니다.",
        "500 won more were paid without naming a product than was owed.",
    ),
    (
        Reason("amount_unmatched", "", 0, won=500),
        "상품을 밝히지 않은 결제 500원은 어느 상품의 값과도 맞지 않았습니다.",
        "500 won paid without naming a product fit no product's price.",
    ),
    (
        Reason("mixed_up", MILK, 1, others=(BAR,)),
        "바나나우유 1개는 다른 상품(메로나)으로 결제되었습니다.",
        "1 바나나우유 went through the kiosk as something else (메로나).",
    ),
    (
        Reason("misplaced", MILK, 1, CAME, origin=LEFT),
        "22:20:41에 선반 A에서 나간 바나나우유 1개가 22:20:55에 선반 B에 놓였습니다.",
        "1 바나나우유 left shelf A at 22:20:41 and came to shelf B at 22:20:55.",
    ),
    (
        Reason("put_elsewhere", MILK, 1, CAME),
        "22:20:55에 바나나우유 1개가 제자리가 아닌 선반 B에 놓였습니다.",
        "At 22:20:55, 1 바나나우유 came to shelf B, which is not theirs.",
    ),
    (
        Reason("brought", MILK, 3, CAME),
        "22:20:55에 선반 B에 바나나우유 3개가 더 놓였습니다.",
        "At 22:20:55, 3 more 바나나우유 came to shelf B.",
    ),
    (
        Reason("overpaid", MILK, 1),
        "바나나우유 1개는 나간 것보다 더 결제되었습니다.",
        "Paid for beyond what had left: 1 바나나우유.",
    ),
    (
        Reason("written_off", MILK, 2),
        "바나나우유 2개는 매장을 관리하러 온 사람이 가져갔습니다.",
        "Taken by whoever looks after the store: 2 바나나우유.",
    ),
    (
        Reason("uncertain", MILK, 2, doubt=STEP, bounds=(1, 2)),
        "선반 A의 22:20:41 무게 변화(-133 g)만으로는 바나나우유 개수를 알 수 없습니다. "
        "결제 안 된 것은 1~2개입니다.",
        "What changed at 22:20:41 on shelf A (-133 g) does not tell how many 바나나우유. "
        "1 to 2 are unpaid.",
    ),
    (
        Reason("either", MILK, 1, others=(BAR,), doubt=STEP, bounds=(0, 1)),
        "선반 A의 22:20:41 무게 변화(-133 g)가 바나나우유인지 메로나인지 알 수 없습니다. "
        "바나나우유: 결제 안 된 것은 많아야 1개입니다.",
        "What changed at 22:20:41 on shelf A (-133 g) may be 바나나우유, or 메로나. "
        "바나나우유: At most 1 may be unpaid.",
    ),
    (
        Reason("drifted", MILK, 0, doubt=Doubt("drifted", MILK, "A", grams=-40.0), bounds=(0, 0)),
        "손대지 않은 선반 A의 무게가 그동안 -40 g 달라져 바나나우유 개수가 확실하지 않습니다. "
        "결제 안 된 것은 없어 보입니다.",
        "The weight of shelf A has crept by -40 g with nobody touching it, so the count of "
        "바나나우유 is not certain. None seems to be unpaid.",
    ),
    (
        Reason("unclear", MILK, 1, bounds=(1, 1)),
        "무게만으로는 바나나우유 개수를 알 수 없습니다. 결제 안 된 것은 1개입니다.",
        "The weight alone does not tell how many 바나나우유. 1 not paid.",
    ),
    (
        Reason("perhaps_paid", MILK, 1, others=(BAR,), bounds=(0, 1)),
        "바나나우유 값을 다른 상품(메로나)으로 결제했을 수 있습니다. "
        "결제 안 된 것은 많아야 1개입니다.",
        "바나나우유 may have been paid for as something else (메로나). At most 1 may be unpaid.",
    ),
    (
        Reason("refund", MILK, 1, until_s=30.0, bounds=(0, 1)),
        "22:20:30에 바나나우유 환불이 있어 결제가 빠진 것인지 알 수 없습니다. "
        "결제 안 된 것은 많아야 1개입니다.",
        "Money for 바나나우유 was given back at 22:20:30, so nobody can say whether any is unpaid. "
        "At most 1 may be unpaid.",
    ),
    (
        Reason("failed", MILK, 0, doubt=Doubt("failed", MILK, "A", 20.0)),
        "선반 A의 저울을 22:20:20부터 쓸 수 없어 바나나우유 개수를 확인하지 못했습니다.",
        "The scale of shelf A could not be used from 22:20:20 on: 바나나우유 was not checked.",
    ),
    (
        Reason("restless", MILK, 0, doubt=Doubt("restless", MILK, "A")),
        "선반 A의 저울이 멎지 않아 바나나우유 개수를 확인하지 못했습니다.",
        "The scale of shelf A did not come to rest: 바나나우유 was not checked.",
    ),
    (
        Reason("shared", MILK, 0, doubt=Doubt("shared", MILK, "A", 41.0, -94.2)),
        "선반 A의 22:20:41 무게 변화(-94 g)가 이 손님 것인지 앞 손님 것인지 몰라 "
        "바나나우유 개수를 확인하지 못했습니다.",
        "What changed at 22:20:41 on shelf A (-94 g) may be this visitor's or an earlier one's: "
        "바나나우유 was not checked.",
    ),
    (
        Reason("no_sales", MILK, 0, doubt=Doubt("no_sales", MILK)),
        "하루가 지나도 판매 기록이 오지 않아 바나나우유 결제를 확인하지 못했습니다.",
        "No sales were told within a day: 바나나우유 was not checked.",
    ),
    (
        Reason("bulk_failed", HEAP, 0, doubt=Doubt("bulk_failed", HEAP, "F1", 5.0)),
        "냉동고 F1의 저울을 22:20:05부터 쓸 수 없어 무엇이 줄었는지 확인하지 못했습니다.",
        "The scale of freezer F1 could not be used from 22:20:05 on: what left it was not checked.",
    ),
    (
        Reason("bulk_restless", HEAP, 0, doubt=Doubt("bulk_restless", HEAP, "F1", 5.0)),
        "냉동고 F1의 무게가 22:20:05부터 멎지 않아 무엇이 줄었는지 확인하지 못했습니다.",
        "Freezer F1 has not come to rest since 22:20:05: what left it was not checked.",
    ),
    (
        Reason("bulk_shared", HEAP, 0, doubt=Doubt("bulk_shared", HEAP, "F1", 5.0, -1440.0)),
        "냉동고 F1의 22:20:05부터의 무게 변화(-1440 g)가 이 손님 것인지 다른 손님 것인지 알 수 "
        "없습니다.",
        "What changed at freezer F1 from 22:20:05 on (-1440 g) may be this visitor's or another's.",
    ),
    (
        Reason("bulk_fetched", HEAP, 0, doubt=Doubt("bulk_fetched", HEAP, "F1", 5.0, -900.0)),
        "22:20:05에 냉동고 F1에서 줄어든 900 g은 앞서 누가 두고 간 것과 무게가 같아, 결제 안 "
        "된 것으로 보지 않았습니다.",
        "What left freezer F1 at 22:20:05 (900 g) weighs what somebody had left there before: it "
        "was not taken for unpaid goods.",
    ),
    (
        Reason("bulk_lifted", HEAP, 0, doubt=Doubt("bulk_lifted", HEAP, "F1", 5.0, -90_000.0)),
        "22:20:05에 냉동고 F1에서 90000 g이 줄었습니다. 사람이 들고 나가기에는 많아 냉동고를 "
        "들거나 옮긴 것으로 보았으니, 직접 확인하세요.",
        "At 22:20:05, 90000 g left freezer F1: more than anybody carries, so that the freezer "
        "itself seems to have been lifted or moved. Have a look at it.",
    ),
    (
        Reason("bulk_unsure", HEAP, 700),
        "냉동고가 오래 멎지 않아, 이 무게는 700 g까지 틀릴 수 있습니다. 금액도 그만큼 다릅니다.",
        "The freezer did not rest for long: this weight may be wrong by up to 700 g, and what it "
        "is worth with it.",
    ),
    (
        Reason("unverified", MILK, 0),
        "바나나우유 개수를 확인하지 못했습니다.",
        "바나나우유 was not checked.",
    ),
)


@pytest.mark.parametrize("language", CATALOGUES)
def test_every_kind_has_its_words_and_no_words_are_of_no_kind(language):
    words = {key.removeprefix("why.") for key in CATALOGUES[language] if key.startswith("why.")}
    assert words == KINDS


def test_each_kind_is_shown_here():
    assert {reason.kind for reason, _, _ in TOLD} == KINDS


@pytest.mark.parametrize(("reason", "ko", "en"), TOLD, ids=[one.kind for one, _, _ in TOLD])
def test_each_reason_is_a_sentence_in_both_languages(reason, ko, en):
    said = stored([reason], at)
    assert (sentences("ko", said, ZONE), sentences("en", said, ZONE)) == ((ko,), (en,))


def test_no_sentence_fits_beside_what_an_sms_says():
    """Why the SMS carries none: of a lost unit it would have to say where, when and that it is
    not paid."""
    sms = "[강남 1호점] 재고 불일치: 바나나우유 1 (-1,500원) 22:21 #7"
    shortest = min(len(ko) for reason, ko, _ in TOLD if reason.kind in ("taken", "unpaid"))
    assert len(sms) + 1 + shortest > SMS_LIMIT


def test_stored_reasons_say_only_what_is_known_in_utc_and_whole_milliseconds():
    assert stored([TOLD[0][0], Reason("misplaced", MILK, 1, CAME, origin=LEFT)], at) == [
        {
            "kind": "taken",
            "product": MILK,
            "count": 1,
            "scale": "A",
            "at": "2026-11-20T13:20:41.000+00:00",
            "grams": -94.2,
        },
        {
            "kind": "misplaced",
            "product": MILK,
            "count": 1,
            "scale": "B",
            "at": "2026-11-20T13:20:55.000+00:00",
            "grams": 94.4,
            "from_scale": "A",
            "from_at": "2026-11-20T13:20:41.000+00:00",
        },
    ]
    assert stored([Reason("unverified", MILK, 0)], at) == [
        {"kind": "unverified", "product": MILK, "count": 0}
    ]


def test_who_asks_a_moment_later_is_told_the_same_second():
    """Where an instant is a whole second, a microsecond of the clock's must not show."""

    def late(t_s: float) -> datetime:
        return at(t_s) - timedelta(microseconds=1)

    reason = TOLD[0][0]
    assert stored([reason], late) == stored([reason], at)


def test_a_kind_of_a_later_build_is_passed_over():
    said = [{"kind": "levitated", "product": MILK, "count": 1}, *stored([TOLD[0][0]], at)]
    assert sentences("ko", said, ZONE) == (TOLD[0][1],)


def test_only_what_has_left_is_behind_an_issue():
    assert steps_behind([one for one, _, _ in TOLD]) == (LEFT, LEFT)
