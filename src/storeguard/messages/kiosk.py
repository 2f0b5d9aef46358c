"""The kiosk's newer texts, Korean and English side by side."""

KO = {
    "kiosk.bundle": "{count}개 {won}원",
    "kiosk.deal": "행사 {deals}",
    "kiosk.more_free": "{promotion}: {count}개 더 담으면 무료",
    "kiosk.off": "-{won}",
    "kiosk.swap": "{product} {count}개를 다른 상품으로 바꾸기",
    "kiosk.swap_short": "바꾸기",
    "kiosk.swap_title": "어느 상품인가요?",
    "kiosk.swap_lead": "{product} {count}개 대신 담을 상품을 눌러 주세요.",
    "kiosk.swap_close": "그대로 두기",
    "kiosk.terminal": "카드 단말기에서 {total}을 결제해 주세요",
    "kiosk.terminal_lead": "결제가 끝나면 이 화면이 바뀝니다.",
    "kiosk.terminal_cancel": "결제 취소",
    "sale.declined": "단말기에서 결제되지 않았습니다. 다시 시도해 주세요.",
    "sale.total": "합계가 {shown}원에서 {now}원으로 바뀌었습니다. 확인하고 다시 결제해 주세요.",
}

EN = {
    "kiosk.bundle": "{count} for {won} won",
    "kiosk.deal": "offer {deals}",
    "kiosk.more_free": "{promotion}: {count} more for free",
    "kiosk.off": "-{won}",
    "kiosk.swap": "Change {count} × {product} to another product",
    "kiosk.swap_short": "Change",
    "kiosk.swap_title": "Which product is it?",
    "kiosk.swap_lead": "Press what goes into the basket instead of {count} × {product}.",
    "kiosk.swap_close": "Leave it",
    "kiosk.terminal": "Please pay {total} at the terminal",
    "kiosk.terminal_lead": "This page changes when it is paid.",
    "kiosk.terminal_cancel": "Cancel the payment",
    "sale.declined": "The terminal did not take the payment. Please try again.",
    "sale.total": "The total changed from {shown} to {now} won. Look at it and pay again.",
}
