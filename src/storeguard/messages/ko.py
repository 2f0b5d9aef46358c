"""Korean, the default. Neutral words: the person decides, not the machine."""

TEXTS: dict[str, str] = {
    "exhibit.curve": "저울 {scale} · {what}",
    # Both pages.
    "page.won": "{won}원",
    "page.count": "{count}개",
    "page.count_of": "{product} {count}개",
    "page.script_needed": "이 화면은 자바스크립트가 켜져 있어야 합니다.",
    "page.disconnected": "매장 컴퓨터와 연결이 끊겼습니다. 다시 연결하는 중입니다.",
    # The kiosk.
    "kiosk.title": "셀프 계산대",
    "kiosk.lead": "고른 상품을 눌러 담아 주세요",
    "kiosk.products": "상품",
    "kiosk.no_products": "판매 중인 상품이 없습니다.",
    "kiosk.left": "{count}개 남음",
    "kiosk.sold_out": "품절",
    "kiosk.add": "{product}, {price}, 담기",
    "kiosk.in_basket": "{product}, {price}, 장바구니에 {count}개, 하나 더 담기",
    "kiosk.plus": "{product} 하나 더하기",
    "kiosk.minus": "{product} 하나 빼기",
    "kiosk.basket": "장바구니",
    "kiosk.basket_empty": "담은 상품이 없습니다",
    "kiosk.clear": "모두 비우기",
    "kiosk.total": "합계",
    "kiosk.total_of": "{count}개, 합계 {total}",
    "kiosk.pay": "결제",
    "kiosk.paying": "결제하는 중",
    "kiosk.retry": "다시 시도",
    "kiosk.network": (
        "연결이 끊겨 결제를 아직 확인하지 못했습니다. 이어지는 대로 다시 보냅니다. "
        "두 번 결제되지 않습니다."
    ),
    "kiosk.refused": "결제하지 못했습니다. 장바구니를 확인해 주세요.",
    "kiosk.at_most": "한 상품은 {count}개까지 담을 수 있습니다.",
    "kiosk.only_left": "{product}: {count}개 남았습니다.",
    "kiosk.partly_paid": "앞서 담은 {total} 결제가 확인되었습니다. 남은 상품을 결제해 주세요.",
    "kiosk.idle": "{seconds}초 뒤에 장바구니를 비웁니다.",
    "kiosk.stay": "계속 담기",
    "kiosk.thanks": "감사합니다",
    "kiosk.paid": "결제가 끝났습니다",
    "kiosk.repeated": "이미 결제된 주문입니다.",
    "kiosk.again": "처음으로",
    # The owner's page.
    "owner.title": "매장 현황",
    "owner.live": "실시간",
    "owner.offline": "연결 끊김",
    "owner.kiosk": "계산대 화면",
    "owner.presence.empty": "매장 비어 있음",
    "owner.presence.occupied": "손님 있음",
    "owner.presence.unknown": "볼 수 없음",
    "owner.blind_since": "{since}부터 매장을 볼 수 없습니다. 그동안의 일은 알 수 없습니다.",
    "owner.people": "{count}명",
    "owner.for.seconds": "{count}초째",
    "owner.for.minutes": "{count}분째",
    "owner.for.hours": "{count}시간째",
    "owner.for.days": "{count}일째",
    "owner.cameras": "카메라",
    "owner.no_camera": "설정된 카메라가 없습니다.",
    "owner.no_picture": "영상 없음",
    "owner.picture_of": "카메라 {camera}의 지금 화면",
    "owner.faults": "장치 상태",
    "owner.no_faults": "모든 장치가 정상입니다.",
    "owner.fault_since": "{since}부터",
    "owner.scales": "저울",
    "owner.no_scales": "설정된 저울이 없습니다.",
    "owner.grams": "{grams} g",
    "owner.no_grams": "측정값 없음",
    "owner.stock": "재고",
    "owner.no_stock": "재고표에 상품이 없습니다.",
    "owner.product": "상품",
    "owner.price": "가격",
    "owner.shelf": "선반",
    "owner.kiosk_book": "계산대",
    "owner.difference": "차이",
    "owner.agrees": "일치",
    "owner.missing": "{count}개 부족",
    "owner.surplus": "{count}개 많음",
    "owner.unverified": "저울 확인 필요",
    "owner.uncertain": "개수 불확실",
    "owner.unweighed": "저울 없음",
    "owner.all_agree": "선반과 계산대의 재고가 모두 같습니다.",
    "owner.differ": "{count}개 상품의 재고가 다릅니다.",
    "owner.some_unknown": "{count}개 상품은 지금 비교할 수 없습니다.",
    "owner.issues": "재고 불일치",
    "owner.no_issues": "기록된 재고 불일치가 없습니다.",
    "owner.issue": "{number}번",
    "owner.loss": "손실",
    "owner.loss_today": "오늘 손실 {won}",
    "owner.unseen_today": "오늘 아무도 보이지 않을 때의 결제 {count}건",
    "owner.no_evidence": "사진 없음",
    "owner.evidence": "{number}번 재고 불일치 때의 사진",
    "owner.clip": "영상 {number}",
    "owner.picture": "사진",
    "owner.needs_look": "확인 필요",
    "owner.stand.checking": "확인 중",
    "owner.stand.settled": "확정",
    "owner.stand.paid": "결제 확인됨",
    "owner.stand.withdrawn": "취소됨",
    "owner.issue.local": "이 기기에 보관",
    "owner.issue.pending": "전송 기다리는 중",
    "owner.issue.uploaded": "전송됨",
    "owner.issue.confirmed": "문자 발송됨",
    "owner.issue.told_later": "묶음 문자로 알림",
    "owner.visits": "방문",
    "owner.no_visits": "아직 방문이 없습니다.",
    "owner.visit.open": "매장에 있음",
    "owner.visit.pending": "정산하는 중",
    "owner.visit.awaiting": "매출 자료 기다리는 중",
    "owner.visit.clean": "이상 없음",
    "owner.visit.issue": "재고 불일치",
    "owner.visit.unsure": "확인 필요",
    "owner.until": "{started} ~ {ended}",
    "owner.since": "{started} ~",
    "owner.taken": "가져감",
    "owner.paid": "결제",
    "owner.unpaid": "결제 안 됨",
    "owner.nothing_taken": "가져간 상품 없음",
    "owner.notices": "보낸 메시지",
    "owner.no_notices": "보낸 메시지가 없습니다.",
    "owner.upload": "전송",
    "owner.upload_to": "S3 버킷 {bucket}",
    "owner.upload_off": "설정되지 않음: 재고 불일치는 이 기기에만 보관합니다.",
    # Answers of the server.
    "web.count": "수량은 1~99입니다.",
    "web.malformed": "주문을 읽을 수 없습니다. 처음부터 다시 담아 주세요.",
    "web.too_large": "요청이 너무 큽니다.",
    "web.cross_site": "다른 사이트에서 온 요청은 받지 않습니다.",
    "web.not_found": "찾을 수 없습니다.",
    "web.not_possible": "처리할 수 없는 요청입니다.",
    "web.broken": "오류가 났습니다. 번호 {number}.",
    "web.back": "매장 현황으로",
    # What the desk refuses.
    "promotion.title": "행사",
    "promotion.ask": (
        "행사({buy}+{free})인가요? {product}을(를) {taken}개 가져가고 {buy}개만 결제하는 방문이 "
        "이어집니다. 맞으면 promotions.csv에 적어 주세요. 아니면: "
        "storeguard promotions reject '{name}'. 그때까지 그런 방문은 판단하지 않습니다."
    ),
    "promotion.ask_set": (
        "'{name}'은(는) 세트인가요? 결제한 손님이 {products}을(를) 함께 가져갔습니다. 맞으면 "
        "promotions.csv에 적어 주세요. 아니면: storeguard promotions reject '{name}'. 그때까지 "
        "그런 방문은 판단하지 않습니다."
    ),
    "promotion.ask_bundle": (
        "'{name}'은(는) 골라 담는 {count}개 묶음인가요? 결제한 손님이 {products} 가운데 "
        "{count}개를 가져갔습니다. 맞으면 promotions.csv에 적어 주세요. 아니면: "
        "storeguard promotions reject '{name}'. 그때까지 그런 방문은 판단하지 않습니다."
    ),
    "promotion.issues": "여기에 맞는 앞선 재고 불일치 {count}건은 거두었습니다.",
    "scale.learnt": (
        "{product}: 상품표는 {written_g:g} g, "
        "{weighings}번 재니 {unit_g:g} g (±{tolerance_g:g}). 맞으면 상품표의 무게를 고치세요."
    ),
    "scale.learnt_none": "상품표의 무게가 잰 값과 맞습니다 (또는 아직 스무 번을 재지 못했습니다).",
    "bulk.name": "냉동고 {scale}",
    "bulk.label": "{scale} 약 {grams} g",
    "sale.amount": "금액은 1~{most}원입니다.",
    "sale.received": "{won}원 결제",
    "sale.empty": "담은 상품이 없습니다.",
    "sale.count": "수량은 1~99입니다.",
    "sale.sold_out": "재고가 부족합니다: {product} {left}개 남음.",
    "sale.unknown": "'{product}'은(는) 없는 상품입니다. 있는 상품: {known}",
    "sale.done": "{product} {count}개 결제 {won}원",
    "sale.left": "남은 재고 {left}개",
    "fleet.store": "매장",
    "fleet.name": "이름",
    "fleet.seen": "마지막 소식(UTC)",
    "fleet.open": "확인 필요",
    "fleet.week": "7일 건수",
    "fleet.loss": "7일 손실(원)",
    "fleet.blind": "못 본 시간(분)",
    "issues.today": "오늘 손실: {won}원",
    "scale.settled": "안정",
    "scale.moving": "흔들림",
    # When only half of it runs.
    "safe.last_good": "K701 설정 파일을 쓸 수 없어 이전 설정으로 실행합니다. {problem}",
    "safe.banner": (
        "S103 안전 모드: 시작에 여러 번 실패하여 카메라와 저울을 껐습니다. "
        "판매와 전송은 계속합니다."
    ),
    "safe.no_books": "재고표나 기록을 쓸 수 없어 판매를 할 수 없습니다. 전송만 계속합니다.",
    "safe.returns": "{minutes}분마다, 또는 설정 파일이 바뀌면 다시 정상 시작을 시도합니다.",
    "safe.why": "최근 오류: {why}",
    "safe.no_sales": "지금은 점검 중이라 결제할 수 없습니다.",
    # The scale commands.
    "scale.list.id": "저울",
    "scale.list.backend": "연결",
    "scale.list.pins": "핀",
    "scale.list.products": "상품",
    "scale.list.calibration": "보정 (1 g의 값, 영점)",
    "scale.list.missing": "저울 {scale}: 보정이 없습니다. storeguard scale calibrate {scale}",
    "scale.read.nothing": "값 없음: {why}",
    "scale.tared": "저울 {scale}: 영점을 {raw}(으)로 정했습니다 (이전보다 {moved} g).",
    "scale.tared_far": (
        "확인 필요: 영점이 {moved} g 옮겨졌습니다. 저울이 비어 있지 않았다면 비우고 다시 하세요."
    ),
    "scale.ask.mass": "올려놓을 추의 무게(g)를 입력하세요.",
    "scale.ask.mass_or_product": (
        "올려놓을 추의 무게(g)를 입력하세요. 추가 없으면 비워 두세요 ('{product}'(으)로 보정)."
    ),
    "scale.ask.empty": "저울 {scale}을(를) 비우고 손을 떼세요.",
    "scale.ask.weight": "추 {grams} g을 가운데에 올리고 손을 떼세요.",
    "scale.ask.units": "'{product}' {count}개를 가운데에 올리고 손을 떼세요.",
    "scale.ask.more": "'{product}' {more}개를 더 올려 모두 {count}개로 하고 손을 떼세요.",
    "scale.ask.back": "모두 내리고 손을 떼세요.",
    "scale.made": (
        "저울 {scale} 보정 완료: 1 g = {counts} (오차 ±{error} %), 영점 {raw}, "
        "영점 복귀 {back} g, 흔들림 {noise} g"
    ),
    "scale.upside_down": (
        "확인 필요: 올리면 값이 줄어듭니다. 로드셀이 뒤집혀 달렸거나 A+와 A- 선이 바뀌었습니다. "
        "그대로 써도 됩니다. 비운 상태에서 시작하지 않았다면 다시 보정하세요."
    ),
    "scale.verdict.sound": "저울 {scale}: 정상",
    "scale.verdict.faulty": "저울 {scale}: 확인 필요",
    "scale.figure.rate": "초당 {rate}개 (설정 {nominal}개)",
    "scale.figure.failed": "실패 {failed} %, 포화 {saturated}개",
    "scale.figure.spread": "흔들림 {counts}{grams}",
    "scale.figure.peak": "최대 폭 {counts}{grams}",
    "scale.figure.drift": "측정하는 동안 흐른 값 {counts}{grams}",
    "scale.finding.no_reading": (
        "값이 오지 않습니다. 보드의 전원(VCC, GND), DT와 SCK 선, 설정의 핀 번호를 확인하세요."
    ),
    "scale.finding.saturated": (
        "값이 끝에 닿았습니다. 짐을 내려 보고, 그래도 같으면 로드셀의 네 선(E+, E-, A+, A-)을 "
        "확인하세요. 끊어졌거나 바뀌었습니다."
    ),
    "scale.finding.frozen": (
        "값이 전혀 변하지 않습니다. 로드셀이 연결되지 않았거나 보드가 고장입니다. "
        "로드셀의 선을 확인하고 보드를 바꿔 보세요."
    ),
    "scale.finding.failing": (
        "읽기의 {failed} %가 실패합니다. 선을 짧게 하고 접점을 확인하세요. 펄스가 길다는 말이 "
        "있으면 backend를 gpiod로 바꾸세요."
    ),
    "scale.finding.too_slow": (
        "초당 {rate}개뿐입니다 (설정 {nominal}개). 보드의 RATE 핀과 sample_rate_hz를 맞추세요."
    ),
    "scale.finding.too_fast": (
        "초당 {rate}개가 옵니다 (설정 {nominal}개). 보드의 RATE 핀과 sample_rate_hz를 맞추세요."
    ),
    "scale.finding.restless": (
        "재는 동안 무게가 움직였습니다. 손을 떼고 다시 하세요. 아무도 만지지 않았다면 판이 "
        "무엇에 닿는지, 나사가 풀렸는지 보세요."
    ),
    "scale.finding.noisy": (
        "너무 흔들려서 셀 수 없습니다. 로드셀 선을 냉장고 모터와 전원선에서 떼고, 차폐선을 쓰고, "
        "5 V 전원을 확인하세요."
    ),
    "scale.finding.unit_too_light": (
        "흔들림은 보통이지만 가장 가벼운 상품을 세기에는 큽니다. 그 상품을 더 작은 로드셀에 "
        "올리거나, 무게를 0으로 적어 세지 않게 하세요."
    ),
    "scale.finding.drifting": (
        "값이 계속 흐릅니다. 켜고 10분 뒤에 다시 하세요. 그래도 흐르면 판이 무엇에 닿는지, "
        "로드셀에 물기나 찬 바람이 닿는지 보세요."
    ),
    "scale.finding.near_limit": (
        "값이 거의 끝입니다. 짐을 줄이거나, gain을 64로 하고 다시 보정하세요."
    ),
    "scale.finding.dropouts": "읽기의 {failed} %가 실패합니다. 쓸 수 있지만 접점을 확인하세요.",
    "scale.finding.somewhat_noisy": (
        "조금 흔들립니다. 쓸 수 있지만 가벼운 상품은 '확인 필요'가 될 수 있습니다."
    ),
    "scale.finding.spikes": "튀는 값이 있습니다. 쓸 수 있지만 선을 전원선에서 떼어 놓으세요.",
    "scale.finding.uncalibrated": "보정이 없습니다. storeguard scale calibrate {scale}",
    "scale.device_says": "장치: {why}",
    # The demo's story.
    "demo.opens": "가상 매장을 엽니다. 화면: {url} (점주), {url}/kiosk (키오스크)",
    "demo.opens_without_pages": "가상 매장을 엽니다 (화면 없이: 포트가 사용 중입니다, --port 0)",
    "demo.scene_honest": "── 1막. 결제하는 손님",
    "demo.scene_thief": "── 2막. 결제하지 않는 손님",
    "demo.scene_both": "── 3막. 일부만 결제하는 손님",
    "demo.enters": "  손님이 들어옵니다",
    "demo.takes": "  {product} {count}개를 집습니다",
    "demo.pays": "  {product} {count}개를 결제합니다",
    "demo.leaves": "  손님이 나갑니다",
    "demo.empty": "  매장이 비었습니다",
    "demo.clean": "  {number}번째 방문: 선반과 판매 재고가 맞습니다. 영상을 지웁니다",
    "demo.unpaid": "  {number}번째 방문: 재고 불일치, {goods}",
    "demo.sealed": "  사건 봉인 {id}",
    "demo.delivered": "  S3에 올렸습니다",
    "demo.sms": "  문자 발송: {message}",
    "demo.exit_to_sms": "나간 때부터 문자까지 {waits}초 (결제 대기 {grace}초 포함). 점주의 전화:",
    "demo.stays_open": "매장은 계속 열려 있습니다: {url} (끝내려면 Ctrl-C)",
    # Restock mode and deliveries.
    "kiosk.staff": "직원",
    "kiosk.staff_title": "입고·정리 모드",
    "kiosk.staff_lead": "켜 두면 넣고 꺼내는 상품이 두 재고에 바로 반영됩니다.",
    "kiosk.staff_who": "누구인가요?",
    "kiosk.staff_owner": "점주",
    "kiosk.staff_cleaner": "청소",
    "kiosk.staff_staff": "입고 직원",
    "kiosk.staff_pin": "비밀번호",
    "kiosk.staff_digits": "숫자 {count}개 입력됨",
    "kiosk.staff_erase": "하나 지우기",
    "kiosk.staff_on": "켜기",
    "kiosk.staff_off": "끄기",
    "kiosk.staff_close": "닫기",
    "kiosk.staff_failed": "연결이 되지 않습니다. 다시 눌러 주세요.",
    "owner.questions": "입고 확인",
    "owner.question": "{seen} 방문에서 {product} {count}개가 늘었습니다. 입고 맞음?",
    "owner.question_yes": "맞음",
    "owner.question_no": "아님",
    "owner.question_failed": "답을 보내지 못했습니다. 다시 눌러 주세요.",
    "owner.restock": (
        "입고 모드가 켜져 있습니다 ({who}, {since}부터). 이 동안의 움직임은 재고에 그대로 "
        "반영됩니다. 움직임이 없으면 {until}에 저절로 꺼집니다."
    ),
    "owner.restock.off": "상품을 넣거나 직접 꺼낼 때 눌러 주세요. 지금 방문은 누구인가요?",
    "owner.mark": "입고 모드",
    "owner.mark.owner": "점주",
    "owner.mark.cleaner": "청소",
    "owner.mark.staff": "입고 직원",
    "owner.mark.off": "끄기",
    "owner.mark.failed": "연결이 되지 않습니다. 다시 눌러 주세요.",
    "owner.restock.owner": "점주",
    "owner.restock.cleaner": "청소",
    "owner.restock.staff": "입고 직원",
    "restock.owner": "점주 방문으로 기록합니다. 30분 동안 움직임이 없으면 저절로 꺼집니다.",
    "restock.cleaner": "청소 방문으로 기록합니다. 30분 동안 움직임이 없으면 저절로 꺼집니다.",
    "restock.staff": "입고 모드를 켰습니다. 30분 동안 움직임이 없으면 저절로 꺼집니다.",
    "restock.off": "입고 모드를 껐습니다. 이제부터의 움직임은 손님의 것입니다.",
    "restock.unset": (
        "비밀번호가 없습니다. 환경 변수 STOREGUARD_KIOSK_PIN에 숫자 4~12자리를 정해 주세요."
    ),
    "restock.wrong": "비밀번호가 다릅니다.",
    "restock.too_many": "여러 번 틀렸습니다. 1분 뒤에 다시 해 주세요.",
    "questions.yes": "{product} 입고로 기록했습니다.",
    "questions.no": (
        "{product} {count}개를 계산대 재고에서 다시 뺐습니다. 선반에는 아직 더 있는 것으로 "
        "보이니, 세어 보고 다르면 inventory_weight.csv를 고쳐 주세요."
    ),
    "questions.gone": "{product} {count}개: 재고 불일치로 이미 빠진 수량이라 더 뺄 것이 없습니다.",
}
