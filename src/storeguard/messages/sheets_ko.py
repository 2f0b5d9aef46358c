"""Korean of the console's further pages."""

TEXTS: dict[str, str] = {
    "nav.issues": "재고 불일치",
    "nav.inventory": "재고표",
    "nav.visits": "방문",
    "nav.days": "날짜별",
    "nav.devices": "장치",
    "nav.settings": "설정",
    "nav.people": "사람",
    "people.title": "들어올 수 있는 사람",
    "people.role.owner": "점주",
    "people.role.staff": "직원",
    "people.remove": "삭제",
    "people.remove_of": "{name} 계정 삭제",
    "people.add": "계정 만들기, 비밀번호 바꾸기",
    "people.name": "이름",
    "people.password": "비밀번호 (12자 이상)",
    "people.role": "역할",
    "people.roles": "직원은 현황과 장치만 봅니다. 재고 불일치의 사진과 영상은 점주만 봅니다.",
    "people.save": "저장",
    "people.accesses": "열람과 내보내기 기록",
    "people.accesses_lead": (
        "누가 무엇을 보고 내보냈는지 1년 넘게 남으며, 지우거나 고칠 수 없습니다."
    ),
    "people.viewings": "손님의 열람 요구",
    "people.viewings_open": "열람 요구 보기",
    "people.review": "접근 기록 점검",
    "people.none": "아직 기록이 없습니다.",
    "people.last_owner": "마지막 점주 계정은 삭제할 수 없습니다.",
    "stock.title": "재고표",
    "stock.kiosk": "판매 재고",
    "stock.shelf": "선반 재고",
    "stock.give": "CSV 받기",
    "stock.restocking": "입고 모드가 켜져 있습니다.",
    "stock.restock_off": "현황에서 끄기",
    "stock.restock_lead": "입고 모드를 켜면 넣고 꺼낸 만큼 두 재고가 저절로 맞습니다.",
    "stock.restock_on": "현황에서 켜기",
    "stock.saved": "저장했습니다. 몇 초 안에 재고에 반영됩니다.",
    "stock.lead_kiosk": (
        "계산대의 재고, 가격, 무게입니다. 저장하는 동안 팔린 수량은 그대로 빠집니다."
    ),
    "stock.lead_shelf": (
        "저울이 세는 재고입니다. 수량을 고치면 지금 선반에 그만큼 있다는 뜻이고, 저울의 영점을 "
        "맞춥니다."
    ),
    "stock.product": "상품",
    "stock.count": "개수",
    "stock.price": "가격 (원)",
    "stock.weight": "무게 (g)",
    "stock.history": "기록",
    "stock.new": "새 상품",
    "stock.save": "저장",
    "stock.take": "CSV 올리기",
    "stock.take_lead": (
        "Excel에서 저장한 CSV를 그대로 올립니다. 틀린 칸이 있으면 어디인지 알려 드리고, 재고는 "
        "그대로 둡니다."
    ),
    "weights.title": "무게 제안",
    "weights.lead": (
        "한 개씩 나가고 들어올 때 저울이 잰 무게가 재고표와 다릅니다. 적으면 재고표의 무게와 "
        "허용오차만 바뀝니다."
    ),
    "weights.grams": "{grams:g}\u00a0g",
    "weights.from": "{weighings:,}번 재었습니다. 한 개씩의 차이(허용오차) {tolerance_g:g}\u00a0g",
    "weights.take": "재고표에 적기",
    "weights.decline": "지금은 아니요",
    "weights.declined": "재고표를 그대로 둡니다. 잰 무게가 더 달라지면 다시 묻습니다.",
    "weights.gone": "그 사이에 재고표나 잰 무게가 바뀌어 적지 않았습니다. 다시 보아 주세요.",
    "weights.task": "상품 {count}개의 잰 무게가 재고표와 다릅니다.",
    "stock.at": "시각",
    "stock.book": "재고표",
    "stock.before": "전",
    "stock.after": "후",
    "stock.why": "이유",
    "stock.no_history": "기록이 없습니다.",
    "stock.back": "재고표로",
    "past.visits": "방문",
    "past.issue": "재고 불일치 보기",
    "past.days": "날짜별",
    "past.chart.visits": "방문 수",
    "past.chart.sales": "결제",
    "past.chart.loss": "손실",
    "past.table": "표로 보기",
    "past.day": "날짜",
    "past.at": "때",
    "past.items": "상품",
    "past.won": "금액",
    "past.unseen": "아무도 보이지 않을 때의 결제",
    "past.unseen_count": "{count}건",
    "past.unseen_lead": (
        "결제 앞뒤로 카메라에 아무도 없었습니다. 계산대 앞이 카메라에 안 보이거나, 다른 곳에서 "
        "결제를 보냈을 때 이렇게 됩니다. 여기 적힌다고 바뀌는 것은 없으니 보고 확인해 주세요."
    ),
    "past.source.kiosk": "계산대",
    "past.source.terminal": "카드 단말기",
    "past.source.api": "포스나 명령",
    "past.source.demo": "데모",
    "setup.devices": "장치",
    "setup.settings": "설정",
    "setup.in_force": "모든 설정 보기",
    "setup.in_force_lead": "지금 쓰고 있는 값입니다. 다른 것은 config.yaml에서 고칩니다.",
    "setup.tests": "시험 알림",
    "setup.tests_lead": (
        "이 시각에 보낸 시험 알림을 받으셨나요? 받지 못했다면 'storeguard doctor'를 실행하세요."
    ),
    "setup.received": "받았습니다",
    "setup.law": "안내판과 처리방침",
    "setup.law_lead": (
        "카메라가 있는 매장은 안내판을 붙이고 처리방침을 알려야 합니다. 지금 설정으로 채워 "
        "드립니다."
    ),
    "setup.unanswered": "화면에 길, 탈의실, 비밀번호 판이 보이는지 답해 주세요.",
    "setup.unmasked": "보이면 안 되는 곳을 아직 가리지 않았습니다.",
    "setup.law_missing": "CCTV 관리책임자와 전화번호를 설정에 적어 주세요.",
    "setup.sign": "CCTV 안내판",
    "setup.viewings": "열람 요구",
    "setup.policy": "영상정보 처리방침",
    "law.sign": "CCTV 설치 안내",
    "law.policy": "고정형 영상정보처리기기 운영·관리 방침",
    "law.back": "설정으로",
    "law.print": "브라우저의 인쇄로 종이에 뽑으세요.",
    "law.purpose": "설치 목적",
    "law.purpose_is": "범죄의 예방과 시설의 안전·관리",
    "law.place": "설치 장소와 범위",
    "law.cameras": "카메라 {count}대",
    "law.hours": "촬영 시간",
    "law.hours_is": "24시간.",
    "law.kept": "보관",
    "law.kept_is": (
        "이상이 없는 방문의 영상은 바로 지우고, 재고 불일치의 영상은 {days}일 뒤에 지웁니다."
    ),
    "law.manager": "관리책임자",
    "law.does_not": (
        "AI로 사람이 있는지만 감지합니다. 소리를 녹음하지 않고, 얼굴을 알아보거나 나이·성별을 "
        "판단하지 않으며, 영상을 공개하지 않습니다."
    ),
    "law.where_is": "영상은 매장 안의 기기에 보관합니다.",
    "law.cloud_is": "재고 불일치의 증거는 점주의 클라우드 저장소({region})에도 보관합니다.",
    "law.look": "영상의 확인 방법과 장소",
    "law.look_is": "관리책임자에게 미리 연락한 뒤 매장에서 확인할 수 있습니다.",
    "law.request": "정보주체의 열람 요구",
    "law.request_is": (
        "자신이 촬영된 영상의 열람을 요구할 수 있으며, 10일 안에 답합니다. 다른 사람은 알아볼 "
        "수 없게 가린 뒤 보여 드립니다."
    ),
    "law.safe": "안전하게 지키는 방법",
    "law.safe_is": (
        "점주만 영상을 볼 수 있고, 보거나 내보낸 기록을 1년 이상 보관합니다. 보관 기간이 지난 "
        "영상은 자동으로 지웁니다."
    ),
    "law.not": "하지 않는 것",
}
