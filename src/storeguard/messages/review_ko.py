"""Korean of the monthly review of the access log."""

TEXTS: dict[str, str] = {
    "review.title": "접근 기록 점검",
    "review.lead": (
        "누가 영상을 보고 내보내고 무엇을 정했는지 한 달에 한 번 훑어보세요. 개인정보의 안전성 "
        "확보조치 기준이 매달 하라고 정한 일입니다."
    ),
    "review.task": "{month} 접근 기록을 아직 점검하지 않았습니다.",
    "review.open": "점검하기",
    "review.of": "{month} 접근 기록",
    "review.earlier": "{month} 보기",
    "review.reviewed": "{at}에 {who} 계정으로 점검했습니다.",
    "review.waits": "아직 점검하지 않았습니다.",
    "review.goes_on": "이번 달이 끝나면 점검을 마칠 수 있습니다.",
    "review.confirm": "확인했습니다",
    "review.confirm_lead": "누가 언제 점검했는지 접근 기록에 남습니다.",
    "review.odd": "먼저 볼 것",
    "review.odd_lead": "잘못이라는 뜻이 아닙니다. 왜 그랬는지 아는 일인지만 보세요.",
    "review.odd_none": "눈에 띄는 것이 없습니다.",
    "review.kind.broken": "기록이 바뀌었거나 빠졌음",
    "review.kind.plain": "가리지 않고 내보냄",
    "review.kind.refused": "거절된 로그인",
    "review.kind.other": "점주 계정이 아닌 이름",
    "review.kind.export": "내보냄",
    "review.kind.night": "밤에 봄",
    "review.kind.removal": "지움",
    "review.done": "누가 무엇을 몇 번",
    "review.who": "누가",
    "review.what": "무엇을",
    "review.times": "번",
    "review.all": "모든 기록 {count}줄",
    "review.newest": "새것부터 {count}줄만 보입니다. 나머지는 state/access.jsonl에 있습니다.",
    "review.nothing": "이 달에는 기록이 없습니다.",
    "review.people": "사람으로",
    "access.reviewed": "접근 기록 점검",
    "access.login_refused": "거절된 로그인",
}
