"""Korean of the work on a scale."""

TEXTS: dict[str, str] = {
    "setup.areas": "세지 않을 곳, 가릴 곳 그리기",
    "areas.title": "카메라 영역",
    "areas.of": "카메라 {camera}의 영역",
    "areas.picture": "카메라 {camera}의 지금 모습",
    "areas.ignore": "사람을 세지 않을 곳",
    "areas.mask": "검게 가릴 곳",
    "areas.help": (
        "손가락으로 테두리를 한 번에 그리세요. 그린 것을 누르면 고를 수 있습니다. 유리문 밖은 세지 "
        "않을 곳으로, 이웃 가게나 화장실 문은 가릴 곳으로 그리세요."
    ),
    "areas.view": "화면에 보이는 것",
    "areas.view_lead": (
        "지금 모습을 보고 답해 주세요. 보이는 것이 있으면 그곳을 '검게 가릴 곳'으로 그려야 합니다."
    ),
    "areas.view.street": "길이나 옆집 문이 보이나요?",
    "areas.view.private": "탈의실이나 화장실이 보이나요?",
    "areas.view.pin_pad": "비밀번호를 누르는 판(카드 단말기)이 보이나요?",
    "areas.yes": "보입니다",
    "areas.no": "안 보입니다",
    "areas.view_save": "답 저장",
    "areas.unanswered": "아직 답하지 않았습니다.",
    "areas.unmasked": "보인다고 하신 곳을 아직 가리지 않았습니다. 검게 가릴 곳을 그려 주세요.",
    "areas.masked": "보이는 곳이 있어 가려 두었습니다. 다 가려졌는지 보세요.",
    "areas.remove": "고른 것 지우기",
    "areas.undo": "되돌리기",
    "areas.save": "저장",
    "areas.back": "장치로",
    "areas.saved": "저장했습니다. 설정에서 '다시 시작'을 누르면 적용됩니다.",
    "areas.not_saved": "저장하지 못했습니다. 그린 것은 그대로 있으니 다시 눌러 주세요.",
    "bench.lead": (
        "영점: 빈 저울을 0 g으로 맞춥니다. 보정: 상품이나 추를 올려 무게를 맞춥니다. 진단: 만지지 "
        "않고 10초 동안 살펴봅니다."
    ),
    "bench.job.tare": "영점",
    "bench.job.calibrate": "보정",
    "bench.job.diagnose": "진단",
    "bench.title.tare": "저울 {scale} 영점 맞추기",
    "bench.title.calibrate": "저울 {scale} 보정",
    "bench.title.diagnose": "저울 {scale} 진단",
    "bench.cancel": "그만두기",
    "bench.how": "무엇으로 무게를 맞출까요?",
    "bench.with_product": "이 선반의 상품으로 (1개, 그다음 5개)",
    "bench.with_mass": "무게를 아는 것으로 (g)",
    "bench.grams": "올릴 무게 (g)",
    "bench.begin": "시작",
    "bench.next": "했습니다",
    "bench.end": "끝내기",
    "bench.working": "재는 중입니다. 손을 떼고 기다려 주세요.",
    "bench.put_back": "상품을 제자리에 놓은 뒤 '끝내기'를 누르세요. 그때부터 다시 감시합니다.",
    "bench.busy": "다른 저울을 손보는 중입니다. 그 일을 먼저 끝내 주세요.",
    "bench.not_sent": "보내지 못했습니다. 다시 눌러 주세요.",
    "bench.refused.did_not_move": (
        "올려도 값이 움직이지 않았습니다. 판이 로드셀 위에 얹혀 있는지, 로드셀의 네 선이 맞는지 "
        "보세요. 바뀐 것은 없습니다."
    ),
    "bench.refused.too_light": "너무 가볍습니다. 더 무거운 것으로 하세요. 바뀐 것은 없습니다.",
    "bench.refused.not_back": (
        "모두 내렸는데 처음과 다릅니다. 남은 것이 없는지, 판이 움직이지 않았는지 보고 다시 하세요. "
        "바뀐 것은 없습니다."
    ),
    "bench.refused.uneven": (
        "개수와 무게가 맞지 않습니다. 개수를 다시 세고 판 가운데에 올려 다시 하세요. 바뀐 것은 "
        "없습니다."
    ),
    "bench.refused.implausible": (
        "이 로드셀로는 나올 수 없는 값입니다. 상품의 무게(g)가 맞는지 보세요. 바뀐 것은 없습니다."
    ),
    "bench.refused.reversed": (
        "이전과 반대로 움직였습니다. 저울을 비우고 처음부터 다시 하세요. 바뀐 것은 없습니다."
    ),
    "bench.refused.restless": (
        "30초 동안 멎지 않았습니다. 손과 바람이 닿지 않게 하고 다시 하세요. 바뀐 것은 없습니다."
    ),
    "bench.refused.no_calibration": "아직 보정하지 않은 저울입니다. 먼저 보정하세요.",
    "bench.refused.silent": (
        "저울에서 값이 오지 않습니다. 전원과 DT, SCK 선을 확인하세요. 바뀐 것은 없습니다."
    ),
    "bench.refused.given_up": "그만두었습니다. 바뀐 것은 없습니다.",
}
