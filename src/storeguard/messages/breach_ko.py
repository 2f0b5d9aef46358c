"""Korean of the page for a breach."""

TEXTS: dict[str, str] = {
    "breach.title": "유출 대응",
    "breach.lead": (
        "기기가 없어졌거나, 키가 새었거나, 누가 들어온 것 같을 때 여기에 적으세요. 지금 할 일, "
        "무엇이 있었는지, 72시간, 알림 글을 한 장에 모아 드립니다. 법률 자문은 아닙니다."
    ),
    "breach.empty": "적힌 것이 없습니다.",
    "breach.new": "새로 적기",
    "breach.kind": "무슨 일인가요",
    "breach.kind.card": "SD 카드나 기기가 없어졌음",
    "breach.kind.key": "기기의 클라우드 키가 새었음",
    "breach.kind.intrusion": "누가 들어온 것 같음",
    "breach.learnt": "알게 된 때",
    "breach.learnt_help": "72시간은 이때부터입니다.",
    "breach.note": "아는 것 (적지 않아도 됩니다)",
    "breach.save": "적고 할 일 보기",
    "breach.wrong": "알게 된 때를 다시 적어 주세요. 지금보다 늦을 수 없습니다.",
    "breach.hours_left": "{hours}시간 남음",
    "breach.over": "72시간 지남",
    "breach.closed": "마침",
    "breach.learnt_due": "알게 된 때 {learnt} · 기한 {due}",
    "breach.task": "유출 대응: {due}까지 알려야 합니다.",
    "breach.do": "지금 할 일",
    "breach.mark": "했습니다",
    "breach.unmark": "아직입니다",
    "breach.sign_out": "모두 로그아웃시키기",
    "breach.step.police": "경찰에 신고합니다",
    "breach.step.police.how": "가까운 경찰서에서 신고하고 접수 번호를 적어 둡니다.",
    "breach.step.cloud": "클라우드 키를 모두 거둡니다",
    "breach.step.cloud.how": "storeguard cloud revoke",
    "breach.step.new_key": "새 키를 만듭니다",
    "breach.step.new_key.how": "storeguard cloud key device-credentials",
    "breach.step.status": "버킷과 권한을 살펴봅니다",
    "breach.step.status.how": "storeguard cloud status",
    "breach.step.channels": "문자와 메신저의 키를 새로 받습니다",
    "breach.step.channels.how": "보내는 회사의 화면에서 옛 키를 지우고, 새 주소를 다시 넣습니다.",
    "breach.step.pos": "포스 토큰을 바꿉니다",
    "breach.step.pos.how": "STOREGUARD_POS_TOKEN",
    "breach.step.restore": "새 카드에 백업을 되돌립니다",
    "breach.step.restore.how": "storeguard restore FILE",
    "breach.step.sign_out": "모두 로그아웃시킵니다",
    "breach.step.sign_out.how": (
        "아래 단추. 나만 남습니다. 계산대 태블릿에서는 계산대 화면을 다시 열어야 합니다."
    ),
    "breach.step.passwords": "모든 비밀번호를 바꿉니다",
    "breach.step.passwords.how": "'사람' 화면",
    "breach.step.unplug": "기기를 인터넷에서 떼어 놓습니다",
    "breach.step.unplug.how": "공유기의 선을 뽑습니다. 이 화면은 가게 안에서 열립니다.",
    "breach.step.keep": "지금 상태를 그대로 남깁니다",
    "breach.step.keep.how": "storeguard backup FILE",
    "breach.step.wifi": "공유기와 와이파이 비밀번호를 바꿉니다",
    "breach.step.wifi.how": "공유기의 설정 화면",
    "breach.step.review": "접근 기록을 점검합니다",
    "breach.step.review.how": "'접근 기록 점검' 화면",
    "breach.did.nothing": "조치하고 있습니다.",
    "breach.did.police": "경찰에 신고했습니다.",
    "breach.did.cloud": "클라우드에 올리는 키를 모두 거두었습니다.",
    "breach.did.new_key": "새 키로 바꾸었습니다.",
    "breach.did.status": "저장소의 권한을 점검했습니다.",
    "breach.did.channels": "문자와 메신저의 키를 새로 받았습니다.",
    "breach.did.pos": "판매 연동 토큰을 바꾸었습니다.",
    "breach.did.restore": "새 저장장치로 바꾸었습니다.",
    "breach.did.sign_out": "모든 접속을 끊었습니다.",
    "breach.did.passwords": "모든 비밀번호를 바꾸었습니다.",
    "breach.did.unplug": "기기를 인터넷에서 떼어 놓았습니다.",
    "breach.did.keep": "당시 상태를 따로 보존했습니다.",
    "breach.did.wifi": "공유기와 와이파이 비밀번호를 바꾸었습니다.",
    "breach.did.review": "접근 기록을 점검했습니다.",
    "breach.exposed": "무엇이 있었나",
    "breach.exposed_lead": "적은 때에 이 기기에서 센 것입니다.",
    "breach.exposed.clips": "영상 {count}개",
    "breach.exposed.pictures": "사진 {count}장",
    "breach.exposed.issues": "재고 불일치 기록 {count}건",
    "breach.exposed.visits": "방문 시각 {count}번 (이름 없음)",
    "breach.exposed.sales": "판매 {count}줄 (상품과 금액, 산 사람 없음)",
    "breach.exposed.accounts": "계정 이름 {count}개",
    "breach.exposed.requests": "열람 요구 {count}건 (이름과 연락처)",
    "breach.exposed.contacts": "관리책임자의 이름이나 전화번호 {count}개",
    "breach.exposed.nothing": "확인된 것 없음",
    "breach.exposed.key": (
        "클라우드 키로는 이 매장의 기록을 새로 올리고, 알림 영수증과 점주의 판단을 읽을 수만 "
        "있습니다. 올린 영상을 보거나 지우거나 바꿀 수 없고, 다른 매장은 볼 수 없습니다."
    ),
    "breach.exposed.account": (
        "새어 나간 것이 기기의 키가 아니라 AWS 관리자 키나 계정이면 버킷의 영상과 사진 모두가 "
        "드러났다고 보고 '누가 들어온 것 같음'으로 적으세요."
    ),
    "breach.exposed.key_items": "알림 영수증과 점주의 판단(개인을 알아볼 수 있는 것 없음)",
    "breach.exposed.passwords": (
        "비밀번호는 되돌릴 수 없는 값(argon2id)으로만 있습니다. 짧은 것은 짐작될 수 있습니다."
    ),
    "breach.exposed.no_cards": (
        "카드 번호는 없습니다. 이 기기는 카드 정보를 받지도 남기지도 않습니다."
    ),
    "breach.clock": "72시간",
    "breach.clock_lead": (
        "알게 된 때부터 72시간 안에 찍힌 사람에게 알립니다. 밖에서 불법으로 들어왔거나 1천 "
        "명이 넘거나 민감한 정보이면 같은 시간 안에 개인정보보호위원회나 "
        "한국인터넷진흥원(KISA)에 신고합니다. 연락처를 모르는 손님에게는 홈페이지나 매장의 잘 "
        "보이는 곳에 30일 넘게 붙입니다."
    ),
    "breach.notice_title": "손님에게 알리는 글",
    "breach.report_title": "신고할 때 적을 것",
    "breach.copy_lead": "빈칸을 채우고 고쳐서 쓰세요. 한 일을 표시하면 글에도 들어갑니다.",
    "breach.print": "브라우저의 인쇄로 종이에 뽑을 수 있습니다.",
    "breach.what.card": "매장의 기록이 담긴 저장장치(또는 기기)가 없어졌습니다.",
    "breach.what.key": "매장 기기가 클라우드에 기록을 올릴 때 쓰는 키가 밖으로 나갔습니다.",
    "breach.what.intrusion": "매장의 기기에 허락 없이 접속한 흔적이 있어 확인하고 있습니다.",
    "breach.notice": (
        "개인정보 유출 등에 관한 알림\n\n"
        "{store}에서 개인정보가 유출되었거나 유출되었을 수 있어 알려 드립니다. 불편과 걱정을 "
        "드려 죄송합니다.\n\n"
        "1. 유출되었거나 유출되었을 수 있는 항목\n"
        "{items}\n"
        "카드 번호 등 결제 정보는 기기에 없어 포함되지 않았습니다.\n\n"
        "2. 시점과 경위\n"
        "{learnt}에 알게 되었습니다. {what}\n\n"
        "3. 피해를 줄이기 위해 하실 수 있는 일\n"
        "영상이나 사진이 돌아다니는 것을 보시면 퍼뜨리지 말고 아래로 알려 주세요. 매장 이름을 "
        "대며 개인정보나 돈을 요구하는 연락에는 응하지 마세요.\n\n"
        "4. 매장의 조치와 피해 구제\n"
        "{measures}\n"
        "피해가 있으면 아래로 알려 주세요. 확인하고 도와 드리겠습니다.\n\n"
        "5. 문의와 피해 접수\n"
        "{manager} {phone}\n\n"
        "{today}\n"
        "{store}"
    ),
    "breach.report": (
        "받는 곳: 개인정보보호위원회 또는 한국인터넷진흥원(KISA)\n\n"
        "기관명: {store}\n"
        "알게 된 때: {learnt}\n"
        "신고 기한: {due}\n"
        "정보주체에게 알렸는지: ________________\n"
        "유출 등이 된 항목과 규모:\n"
        "{items}\n"
        "경위: {what}\n"
        "대응 조치:\n"
        "{measures}\n"
        "담당: {manager} {phone}"
    ),
    "breach.close": "마치기",
    "breach.close_lead": "알리고 신고한 날, 접수 번호, 확인된 것을 적어 두세요.",
    "breach.outcome": "어떻게 끝났나",
    "breach.back": "유출 대응으로",
    "breach.people": "기기가 없어졌거나 누가 들어온 것 같을 때",
    "breach.people_open": "유출 대응 열기",
    "access.breach": "유출 대응 시작",
    "access.breach_step": "유출 대응 조치",
    "access.breach_closed": "유출 대응 마침",
}
