"""Korean of the settings that are changed on the page."""

TEXTS: dict[str, str] = {
    "set.title": "매장 설정",
    "set.save": "저장",
    "set.saved": "저장했습니다.",
    "set.nothing_saved": "아래 표시한 칸을 고쳐 주세요. 아직 아무것도 바꾸지 않았습니다.",
    "set.wrong": "{name}: '{value}'은(는) 쓸 수 없습니다. {expected}",
    "set.after_restart": "다시 시작한 뒤 적용",
    "set.waiting": "저장한 설정 가운데 다시 시작해야 적용되는 것이 있습니다.",
    "set.restart": "다시 시작",
    "set.restarting": "다시 시작하는 중",
    "set.restarting_lead": (
        "10초쯤 걸립니다. 손님이 안에 있으면 나간 뒤에 다시 시작합니다. 이 화면은 저절로 "
        "넘어갑니다."
    ),
    "set.true": "예",
    "set.false": "아니요",
    "set.until": "끝나는 시각",
    "set.store.name": "매장 이름",
    "set.store.name.help": "화면, 문자, CCTV 안내판에 쓰는 이름입니다. 비워 둘 수 없습니다.",
    "set.store.language": "화면과 문자의 언어",
    "set.store.language.help": "점주와 손님이 보는 모든 글의 언어입니다.",
    "set.store.language.ko": "한국어",
    "set.store.language.en": "English",
    "set.kiosk.oversell": "재고보다 많이 결제할 때",
    "set.kiosk.oversell.help": "재고표가 틀렸을 수 있으므로 '받고 기록'을 권합니다.",
    "set.kiosk.oversell.allow": "받고 기록",
    "set.kiosk.oversell.refuse": "남은 개수를 알리고 거절",
    "set.visits.payment_grace_s": "결제를 기다리는 시간 (초)",
    "set.visits.payment_grace_s.help": (
        "손님이 나간 뒤 이만큼 더 결제를 기다립니다. 0~3600 사이의 수입니다."
    ),
    "set.visits.empty_for_s": "빈 매장으로 보는 시간 (초)",
    "set.visits.empty_for_s.help": (
        "이만큼 아무도 보이지 않으면 방문이 끝난 것으로 봅니다. 0~3600 사이의 수입니다."
    ),
    "set.notices.min_won": "바로 알릴 최소 금액 (원)",
    "set.notices.min_won.help": (
        "이보다 작은 재고 불일치는 다음 날 아침에 묶어 알립니다. 0 이상의 정수입니다."
    ),
    "set.notices.quiet_hours": "조용한 시간",
    "set.notices.quiet_hours.help": (
        "이 시간의 알림은 끝난 뒤에 보냅니다. 두 시각을 모두 적거나 모두 비워 두세요."
    ),
    "set.notices.escalate_after_min": "두 번째 사람에게 알리기 (분)",
    "set.notices.escalate_after_min.help": (
        "이만큼 지나도 열어 보지 않으면 두 번째 사람에게 알립니다. 5 이상의 정수이며, 비워 두면 "
        "알리지 않습니다."
    ),
    "set.notices.text_only": "사진 없이 글로만 알리기",
    "set.notices.text_only.help": "'예'이면 사진과 영상이 매장 밖으로 나가지 않습니다.",
    "set.tamper.dwell_s": "계산대 앞에 머무는 시간 (초)",
    "set.tamper.dwell_s.help": (
        "사지 않고 계산대 앞에 이보다 오래 있으면 알립니다. 10 이상의 수입니다."
    ),
    "set.retention.clips_days": "방문 영상을 두는 날수",
    "set.retention.clips_days.help": "확인이 필요한 방문의 영상입니다. 0보다 크고 3650까지입니다.",
    "set.retention.issues_days": "재고 불일치를 두는 날수",
    "set.retention.issues_days.help": (
        "보낸 뒤 이만큼 지나면 지웁니다. 법이 권하는 30일을 넘기려면 이유가 있어야 합니다. 0보다 "
        "크고 3650까지입니다."
    ),
    "set.law.manager": "CCTV 관리책임자",
    "set.law.manager.help": "안내판과 처리방침에 적히는 이름이며, 60자까지입니다.",
    "set.law.phone": "관리책임자 전화번호",
    "set.law.phone.help": "안내판과 처리방침에 적힙니다. 40자까지입니다.",
    "access.settings": "설정 변경",
}
