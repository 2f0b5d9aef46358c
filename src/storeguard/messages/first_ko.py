"""Korean of the first steps."""

TEXTS: dict[str, str] = {
    "first.title": "처음 설정",
    "first.steps": "단계",
    "first.next": "다음",
    "first.not_done": "아직",
    "first.needed": "아직 아무것도 지키지 않습니다. 10분이면 첫 선반을 지킬 수 있습니다.",
    "first.begin": "처음 설정 시작",
    "first.store.name": "매장",
    "first.store.title": "매장 이름이 무엇인가요?",
    "first.store.lead": "화면과 문자에 쓰입니다. 나중에 바꿀 수 있습니다.",
    "first.store.label": "매장 이름",
    "first.store.manager": "CCTV 관리책임자 이름",
    "first.store.phone": "전화번호",
    "first.store.why": (
        "카메라가 있는 매장은 누구에게 물어볼지 안내판에 적어야 합니다. 안내판은 저절로 채워 "
        "드립니다."
    ),
    "first.store.wrong": "매장 이름을 적어 주세요. 이름은 60자, 전화번호는 40자까지입니다.",
    "first.store.open": "매장 이름부터 적어 주세요.",
    "first.products.name": "상품",
    "first.products.title": "무엇을 파나요?",
    "first.products.lead": (
        "첫 선반에 놓을 상품부터 적으세요. 무게는 포장까지 한 개를 주방저울로 잰 값입니다."
    ),
    "first.products.label": "상품 이름",
    "first.products.example": "바나나우유",
    "first.products.price": "가격 (원)",
    "first.products.grams": "한 개 무게 (g)",
    "first.products.more": "+ 상품 더 적기",
    "first.products.none": "상품을 하나 이상 적어 주세요.",
    "first.products.weight": (
        "한 개의 무게를 적어 주세요. 주방저울이 없으면 병이나 봉지에 적힌 양보다 조금 크게 적으면 "
        "됩니다."
    ),
    "first.products.open": "상품을 적어 주세요.",
    "first.scales.name": "저울",
    "first.scales.title": "저울을 찾았습니다",
    "first.scales.lead": (
        "선반을 손으로 눌러 보세요. 눌린 저울에 불이 들어옵니다. 저울마다 무엇을 놓을지 고르세요."
    ),
    "first.scales.pressed": "눌렸습니다",
    "first.scales.on": "이 저울에 놓을 상품",
    "first.scales.nothing": "쓰지 않음",
    "first.scales.again": "저울 다시 찾기",
    "first.scales.not_found": (
        "저울을 찾지 못했습니다. 저울의 네 선(빨강 3.3 V, 검정 GND, DT, SCK)을 배선표의 자리에 "
        "꽂고 다시 찾아 주세요."
    ),
    "first.scales.none": "저울 하나에는 상품을 골라 주세요.",
    "first.scales.twice": "같은 상품을 두 저울에 놓을 수 없습니다.",
    "first.scales.open": "저울에 놓을 상품을 골라 주세요.",
    "first.weigh.name": "무게",
    "first.weigh.title": "하나 올리고, 이제 다섯",
    "first.weigh.lead": (
        "저울마다 상품 한 개, 그다음 다섯 개를 올려 무게를 맞춥니다. 화면이 하라는 대로만 하세요."
    ),
    "first.weigh.begin": "시작",
    "first.weigh.again": "다시 하기",
    "first.weigh.done": "맞췄습니다",
    "first.weigh.none": "저울에 놓을 상품을 아직 고르지 않았습니다.",
    "first.weigh.missing": "저울 {scales}의 무게를 맞춰 주세요.",
    "first.weigh.open": "저울의 무게를 맞춰 주세요.",
    "first.camera.name": "카메라",
    "first.camera.title": "카메라가 보이나요?",
    "first.camera.lead": "문과 선반이 함께 보이게 놓으세요.",
    "first.camera.picture": "지금 카메라에 보이는 것",
    "first.camera.picamera": "라즈베리 파이 카메라",
    "first.camera.opencv": "USB, 네트워크 카메라",
    "first.camera.sim": "연습용 카메라 (그림)",
    "first.camera.address": "네트워크 카메라 주소",
    "first.camera.without": "카메라 없이",
    "first.camera.wrong": "카메라를 골라 주세요.",
    "first.camera.blind": (
        "이 카메라에서 그림이 오지 않습니다. 선이 꽂혀 있는지 보고 다시 누르거나, "
        "다른 것을 고르세요."
    ),
    "first.camera.open": "카메라를 골라 주세요.",
    "first.phone.name": "문자",
    "first.phone.title": "어디로 알려 드릴까요?",
    "first.phone.lead": "시험 문자를 보내 봅니다. 휴대전화에 오면 맞습니다.",
    "first.phone.to": "받을 휴대전화 번호",
    "first.phone.sender": "보내는 번호 (솔라피에 등록한 번호)",
    "first.phone.why": (
        "문자는 솔라피(solapi.com)로 보냅니다. 가입하고 보내는 번호를 등록하면 API Key와 Secret을 "
        "줍니다. 열쇠는 이 기기에만 두며 화면에 다시 보이지 않습니다."
    ),
    "first.phone.send": "시험 문자 보내기",
    "first.phone.later": "나중에",
    "first.phone.kept": "문자를 받을 수 있습니다",
    "first.phone.incomplete": (
        "네 칸을 모두 채우거나 '나중에'를 누르세요. Secret은 다시 적어 주세요."
    ),
    "first.phone.failed": "문자를 보내지 못했습니다: {why}",
    "first.phone.open": "문자를 받을지 정해 주세요.",
    "first.start.name": "시작",
    "first.start.title": "이제 지킬까요?",
    "first.start.lead": "선반은 아직 비워 두세요. 다시 켠 뒤에 함께 채웁니다.",
    "first.start.go": "지키기 시작",
    "first.start.law": "카메라가 있으면 안내판을 출입문에 붙여야 합니다.",
    "first.start.sign": "CCTV 안내판",
    "first.start.by_hand": "저장했습니다. storeguard를 다시 시작해 주세요.",
    "first.filling.title": "이제 선반을 채우세요",
    "first.filling.lead": "놓는 대로 세어 드립니다. 숫자가 맞으면 아래를 누르세요.",
    "first.filling.go": "맞습니다, 다 채웠습니다",
    "first.guarded.title": "지키고 있습니다",
    "first.guarded.lead": (
        "하나를 들고 결제하지 않은 채 나가 보세요. 잠시 뒤 현황에 재고 불일치가 나타납니다."
    ),
    "first.guarded.now": "현황 보기",
    "first.guarded.devices": "장치",
}
