"""Korean of the console: signing in, and the owner's pages."""

from storeguard.messages import (
    bench_ko,
    breach_ko,
    first_ko,
    issues_ko,
    review_ko,
    settings_ko,
    sheets_ko,
    viewing_ko,
)

TEXTS: dict[str, str] = {
    # The door.
    "login.title": "로그인",
    "login.lead": "점주와 직원만 들어올 수 있습니다.",
    "login.name": "이름",
    "login.password": "비밀번호",
    "login.sign_in": "로그인",
    "login.lost": "처음이거나 비밀번호를 잊었나요?",
    "login.kiosk": "계산대 화면으로",
    "login.code_title": "점주 계정 만들기",
    "login.code_lead": (
        "매장 컴퓨터에 나온 일회용 코드를 입력하세요. 새 코드는 매장 컴퓨터에서 이렇게 만듭니다:"
    ),
    "login.code": "일회용 코드",
    "login.new_password": "새 비밀번호",
    "login.rule": "12자 이상이면 됩니다. 기억하기 쉬운 낱말 몇 개를 이어 쓰면 좋습니다.",
    "login.change": "비밀번호 바꾸기",
    "login.current": "지금 비밀번호",
    "people.own_password": "내 비밀번호 바꾸기",
    "people.yourself": "자기 비밀번호는 '내 비밀번호 바꾸기'에서 지금 비밀번호와 함께 바꿉니다.",
    "login.set": "저장하고 들어가기",
    "login.back": "로그인으로",
    "login.wrong": "이름이나 비밀번호가 다릅니다.",
    "login.link_over": "이미 쓴 링크이거나 기한이 지난 링크입니다. 로그인하세요.",
    "login.wrong_code": "코드가 다르거나 시간이 지났습니다. 새 코드를 만들어 주세요.",
    "login.too_many": "여러 번 틀렸습니다. {minutes}분 뒤에 다시 해 주세요.",
    "login.bad_name": "이름은 글자와 숫자 1~32자입니다.",
    "login.length": "비밀번호는 12~128자입니다.",
    "login.weak": "쉽게 짐작할 수 있는 비밀번호입니다. 다른 것으로 정해 주세요.",
    "login.no_files": "상태 폴더를 쓸 수 없어 계정을 저장하지 못합니다.",
    "login.needed": "로그인이 필요합니다.",
    "login.not_yours": "이 화면은 점주만 볼 수 있습니다.",
    # Around every page.
    "nav.label": "메뉴",
    "nav.now": "현황",
    "nav.out": "로그아웃",
    "nav.kiosk": "계산대",
    "web.foreign_host": "이 주소로는 열 수 없습니다. 설정의 web.allowed_hosts를 확인하세요.",
    "sale.no_such": "그런 결제가 없습니다.",
    "kiosk.search": "상품 찾기",
    "kiosk.unknown_barcode": "등록되지 않은 바코드입니다: {barcode}",
    "kiosk.card": "카드 번호는 단말기에 입력하세요.",
    "web.too_many": "잠시 뒤 다시 눌러 주세요.",
    "people.code": "일회용 코드: {code} ({minutes}분 동안 유효). {url}/login/code 에서 입력하세요.",
    "people.code_nowhere": (
        "일회용 코드: {code} ({minutes}분 동안 유효). 화면의 /login/code 에서 입력하세요."
    ),
    "demo.cloud_page": "문자 뒤의 페이지(클라우드): {link}  {name} / {password}",
    "demo.door": (
        "점주로 들어가기: {link} (한 번만 열립니다). 다시 들어올 때: {name} / {password}"
    ),
}

TEXTS |= bench_ko.TEXTS | first_ko.TEXTS | issues_ko.TEXTS | settings_ko.TEXTS | sheets_ko.TEXTS
TEXTS |= breach_ko.TEXTS | review_ko.TEXTS | viewing_ko.TEXTS
