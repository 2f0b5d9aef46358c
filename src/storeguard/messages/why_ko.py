"""Korean of why a judgement says what it says."""

TEXTS: dict[str, str] = {
    "why.taken": "선반 {scale}에서 {time}에 {product} {count}개({grams} g)가 나갔습니다.",
    "why.overdue": "{until}까지 {product} {count}개의 결제가 없었고, 손님이 아직 매장에 있습니다.",
    "why.unpaid": "{until}까지 {product} {count}개의 결제가 없었습니다.",
    "why.named": (
        "무게로 보아 {product}일 가능성이 가장 크지만, 다음 상품일 수도 있습니다: {others}."
    ),
    "why.contested": (
        "{until}의 {product} {count}개 결제는 먼저 나간 손님의 것으로 보았습니다. "
        "이 손님의 결제였을 수도 있으니 두 방문을 함께 확인하세요."
    ),
    "why.promoted": (
        "행사 '{promotion}': {product} {count}개는 계산대 기록보다 더 가져갈 수 있습니다."
    ),
    "why.proposed": (
        "{product} {count}개는 아직 확인되지 않은 행사 '{promotion}'에 맞아 판단하지 않았습니다."
    ),
    "why.bulk": (
        "{scale}: {time}에 시작해 {product}, {count}개쯤, {won}원 안팎이 결제 없이 줄었습니다. "
        "냉동고의 무게로는 어떤 상품인지 알 수 없습니다."
    ),
    "why.bulk_unsure": (
        "냉동고가 오래 멎지 않아, 이 무게는 {count} g까지 틀릴 수 있습니다. 금액도 그만큼 다릅니다."
    ),
    "why.standing": "아무도 없는 동안 {product} 선반 재고가 판매 재고보다 {count}개 적습니다.",
    "why.standing_start": "꺼져 있던 동안 {product} 선반 재고가 {count}개 줄었습니다.",
    "why.interrupted": (
        "방문 중에 기기가 꺼져 판단하지 못했습니다. "
        "그동안 줄어든 재고는 다시 켜진 뒤에 비교했습니다."
    ),
    "why.by_amount": "상품을 밝히지 않은 결제 {won}원으로 {product} {count}개를 계산했습니다.",
    "why.amount_over": "상품을 밝히지 않은 결제가 {won}원 더 많았습니다.",
    "why.amount_unmatched": "상품을 밝히지 않은 결제 {won}원은 어느 상품의 값과도 맞지 않았습니다.",
    # What may be unpaid; {range} is how many.
    "why.uncertain": (
        "선반 {scale}의 {time} 무게 변화({change} g)만으로는 {product} 개수를 알 수 없습니다. "
        "{range}"
    ),
    "why.either": (
        "선반 {scale}의 {time} 무게 변화({change} g)가 {product}인지 {others}인지 알 수 없습니다. "
        "{product}: {range}"
    ),
    "why.drifted": (
        "손대지 않은 선반 {scale}의 무게가 그동안 {change} g 달라져 {product} 개수가 확실하지 "
        "않습니다. {range}"
    ),
    "why.unclear": "무게만으로는 {product} 개수를 알 수 없습니다. {range}",
    "why.perhaps_paid": "{product} 값을 다른 상품({others})으로 결제했을 수 있습니다. {range}",
    "why.refund": "{until}에 {product} 환불이 있어 결제가 빠진 것인지 알 수 없습니다. {range}",
    "range.none": "결제 안 된 것은 없어 보입니다.",
    "range.most": "결제 안 된 것은 많아야 {high}개입니다.",
    "range.between": "결제 안 된 것은 {low}~{high}개입니다.",
    "range.exactly": "결제 안 된 것은 {low}개입니다.",
    # What could not be checked.
    "why.failed": (
        "선반 {scale}의 저울을 {time}부터 쓸 수 없어 {product} 개수를 확인하지 못했습니다."
    ),
    "why.restless": "선반 {scale}의 저울이 멎지 않아 {product} 개수를 확인하지 못했습니다.",
    "why.shared": (
        "선반 {scale}의 {time} 무게 변화({change} g)가 이 손님 것인지 앞 손님 것인지 몰라 "
        "{product} 개수를 확인하지 못했습니다."
    ),
    "why.no_sales": ("하루가 지나도 판매 기록이 오지 않아 {product} 결제를 확인하지 못했습니다."),
    "why.bulk_failed": (
        "냉동고 {scale}의 저울을 {time}부터 쓸 수 없어 무엇이 줄었는지 확인하지 못했습니다."
    ),
    "why.bulk_restless": (
        "냉동고 {scale}의 무게가 {time}부터 멎지 않아 무엇이 줄었는지 확인하지 못했습니다."
    ),
    "why.bulk_shared": (
        "냉동고 {scale}의 {time}부터의 무게 변화({change} g)가 이 손님 것인지 다른 손님 것인지 "
        "알 수 없습니다."
    ),
    "why.bulk_fetched": (
        "{time}에 냉동고 {scale}에서 줄어든 {grams} g은 앞서 누가 두고 간 것과 무게가 같아, 결제 "
        "안 된 것으로 보지 않았습니다."
    ),
    "why.bulk_lifted": (
        "{time}에 냉동고 {scale}에서 {grams} g이 줄었습니다. 사람이 들고 나가기에는 많아 냉동고를 "
        "들거나 옮긴 것으로 보았으니, 직접 확인하세요."
    ),
    "why.unverified": "{product} 개수를 확인하지 못했습니다.",
    # What is not missing.
    "why.mixed_up": "{product} {count}개는 다른 상품({others})으로 결제되었습니다.",
    "why.misplaced": (
        "{from_time}에 선반 {from_scale}에서 나간 {product} {count}개가 {time}에 선반 {scale}에 "
        "놓였습니다."
    ),
    "why.put_elsewhere": "{time}에 {product} {count}개가 제자리가 아닌 선반 {scale}에 놓였습니다.",
    "why.brought": "{time}에 선반 {scale}에 {product} {count}개가 더 놓였습니다.",
    "why.overpaid": "{product} {count}개는 나간 것보다 더 결제되었습니다.",
    "why.written_off": "{product} {count}개는 매장을 관리하러 온 사람이 가져갔습니다.",
}
