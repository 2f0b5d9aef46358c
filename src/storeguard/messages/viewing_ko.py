"""Korean of the requests to see recordings of oneself."""

TEXTS: dict[str, str] = {
    "viewing.title": "열람 요구",
    "viewing.lead": (
        "손님이 자기가 찍힌 영상을 보여 달라고 하면 여기에 적습니다. 받은 날부터 10일 안에 답해야 "
        "합니다."
    ),
    "viewing.empty": "아직 열람 요구가 없습니다.",
    "viewing.new": "열람 요구 적기",
    "viewing.who": "요구한 사람",
    "viewing.contact": "연락처",
    "viewing.day": "찍힌 날짜",
    "viewing.from": "몇 시부터",
    "viewing.to": "몇 시까지",
    "viewing.ten_days": (
        "그 시간의 남아 있는 영상은 답할 때까지 지우지 않습니다. 이상이 없던 방문의 영상은 이미 "
        "지워졌습니다."
    ),
    "viewing.save": "저장하고 영상 찾기",
    "viewing.wrong": "이름, 날짜, 시간을 확인해 주세요. 아직 오지 않은 날은 적을 수 없습니다.",
    "viewing.asked_due": "{asked} 요구 · {due}까지 답변",
    "viewing.state.open": "답변 전",
    "viewing.state.late": "기한 지남",
    "viewing.state.answered": "답변함",
    "viewing.state.refused": "거절함",
    "viewing.found": "찾은 영상",
    "viewing.found_lead": (
        "모든 카메라의 영상 가운데 그 시간과 겹치는 것입니다. 본인을 찾아 고르세요."
    ),
    "viewing.clip": "영상 {number}",
    "viewing.no_camera": "카메라를 알 수 없음",
    "viewing.issue": "재고 불일치 영상",
    "viewing.not_exact": "시각은 파일에서 짐작한 것입니다",
    "viewing.give": "내보내기",
    "viewing.alone": "본인 말고는 아무도 없음: 가리지 않음",
    "viewing.blur_lead": (
        "본인을 표시한 영상은 그 사람만 보이고 나머지는 알아볼 수 없게 가립니다. 놓치거나 다른 "
        "사람과 겹치는 화면은 전체를 가리고, 표시하지 않은 영상도 전체를 가립니다. 건네기 전에 꼭 "
        "열어 보세요."
    ),
    "viewing.no_network": (
        "본인만 보이게 하려면 사람을 찾는 신경망이 필요합니다: storeguard models pull yolox-nano"
    ),
    "viewing.mark": "본인 표시하기",
    "viewing.marked": "화면 {count}장에 표시함",
    "viewing.mark_of": "{who}: 어느 분인가요?",
    "viewing.mark_lead": (
        "화면에서 본인을 누르거나 아래 번호를 고르세요. 한 장만 골라도 앞뒤로 따라갑니다. 사람들이 "
        "엇갈리면 거기서 멈추니, 그 뒤의 화면에도 표시하면 더 많이 보입니다."
    ),
    "viewing.still": "{second}초",
    "viewing.still_people": "사람 {count}명에 번호가 붙은 화면",
    "viewing.person": "{number}번",
    "viewing.not_there": "없음, 모름",
    "viewing.mark_save": "저장",
    "viewing.mark_back": "영상 목록으로",
    "viewing.nobody_found": "이 영상에서 사람을 찾지 못했습니다. 전체를 가려서 내보낼 수 있습니다.",
    "viewing.busy": "다른 영상을 가리는 중입니다. 끝난 뒤에 다시 해 주세요.",
    "viewing.working": "영상을 가리는 중입니다. {percent}%",
    "viewing.ready": "내보낼 파일이 준비되었습니다. 건네기 전에 열어서 확인하세요.",
    "viewing.share": "영상 {number}: 본인이 보이는 화면 {percent}%",
    "viewing.fetch": "받기 (zip)",
    "viewing.export_failed": "파일을 만들지 못했습니다. 다시 해 보고, 계속되면 기록을 확인하세요.",
    "viewing.export_full": (
        "저장 공간이 모자라 파일을 만들지 않았습니다. 영상을 나누어 골라 주세요."
    ),
    "viewing.export": "고른 영상 내보낼 파일 만들기",
    "viewing.none_chosen": "내보낼 영상을 골라 주세요.",
    "viewing.nothing": (
        "그 시간의 영상이 남아 있지 않습니다. 이상이 없던 방문의 영상은 바로 지웁니다. 그렇게 "
        "답해 주세요."
    ),
    "viewing.span": "찍힌 시간",
    "viewing.asked_on": "요구한 날",
    "viewing.due_on": "답변 기한",
    "viewing.closed": "끝난 날",
    "viewing.reason": "까닭",
    "viewing.close": "어떻게 답했나요?",
    "viewing.how": "답변 방법 (비워도 됨)",
    "viewing.answer": "답변함",
    "viewing.refuse": "거절하기",
    "viewing.refuse_lead": (
        "까닭을 적고 요구한 사람에게도 알려야 합니다. '경찰과 함께 오라'거나 '다른 사람이 "
        "나온다'는 것은 까닭이 되지 않습니다."
    ),
    "viewing.back": "목록으로",
    "viewing.answer_title": "영상정보 열람 답변",
    "viewing.file": "파일",
    "viewing.recorded": "찍힌 시각, 카메라",
    "viewing.not_given": "재생되지 않아 뺌",
    "viewing.as_recorded": "본인만 나오는 원본",
    "viewing.only_oneself": "본인만 보임 (화면의 {percent}%), 나머지는 가림",
    "viewing.blurred": "알아볼 수 없게 가림",
    "viewing.use": "이 영상은 요구한 사람에게만 드립니다. 공개하거나 다른 데 쓰지 마세요.",
    "viewing.held": "열람 요구 {id}",
    "viewing.task": "열람 요구 {count}건에 {due}까지 답해야 합니다.",
    "access.viewing": "열람 요구 받음",
    "access.viewing_export": "열람 요구 영상 내보내기",
    "access.viewing_answered": "열람 요구 답변",
    "access.viewing_refused": "열람 요구 거절",
}
