"""What the owner reads of a fault or a remark, by its code; the device's own text is for the log.

The one place of these sentences: the page shows them, notices quote them. What `doctor` or
`scale diagnose` says in the same words is taken from there.
"""

from collections.abc import Mapping
from types import MappingProxyType

from storeguard.errors import FaultCode

SAME_WORDS: Mapping[FaultCode, tuple[str, ...]] = MappingProxyType(
    {
        FaultCode.SCALE_SATURATED: ("scale.finding.saturated",),
        FaultCode.SCALE_NOISY: ("scale.finding.noisy",),
        FaultCode.CAMERA_BLIND: ("doctor.camera.blind", "doctor.camera.blind_do"),
        FaultCode.CAMERA_FROZEN: ("doctor.camera.frozen", "doctor.camera.frozen_do"),
        FaultCode.NETWORK_LOGIN: ("doctor.bucket.portal", "doctor.bucket.portal_do"),
        FaultCode.CERTIFICATE: ("doctor.bucket.certificate", "doctor.bucket.certificate_do"),
        FaultCode.ACCOUNT: ("doctor.bucket.account", "doctor.bucket.account_do"),
        FaultCode.POWER_LOW: ("doctor.power.low", "doctor.power.do"),
    }
)
"""Code → the texts that are its sentence, one after the other."""

KO: dict[str, str] = {
    # Which part it is.
    "fault.part.scale": "저울 {part}",
    "fault.part.camera": "카메라 {part}",
    "fault.part.sight": "사람 감지 {part}",
    "fault.part.disk": "디스크",
    "fault.part.power": "전원",
    "fault.part.clock": "시계",
    "fault.part.store": "매장",
    "fault.part.uploading": "전송",
    "fault.part.channel": "알림 {part}",
    "fault.part.start": "시작",
    "fault.part.kiosk_book": "판매 재고표",
    "fault.part.shelf_book": "선반 재고표",
    "fault.part.web": "화면",
    "fault.part.test_notice": "시험 알림",
    "fault.part.records": "기록",
    # Scales.
    "fault.W101": "응답이 없습니다. 이 선반은 감시에서 뺐습니다. 케이블과 전원을 확인하세요.",
    "fault.W102": "값이 멈췄습니다. 이 선반은 감시에서 뺐습니다. DT, SCK 선을 확인하세요.",
    "fault.W105": ("영점이 {grams} g 움직여 개수가 불확실합니다. 선반을 비우고 영점을 조정하세요."),
    "fault.W106": "'{product}'의 무게가 0이라 셀 수 없습니다. 상품표를 고치세요.",
    "fault.W107": (
        "무게({grams} g)가 개수로 나누어지지 않아 개수가 불확실합니다. "
        "선반에 다른 물건이 있는지 보세요."
    ),
    "fault.W108": (
        "무게가 0보다 훨씬 작습니다. 이 선반은 감시에서 뺐습니다. 선반이 빠졌는지 보세요."
    ),
    "fault.W109": (
        "다른 저울과 서로 바뀐 것 같습니다. 두 선반은 감시에서 뺐습니다. "
        "상품이나 케이블을 제자리로 돌려놓으세요."
    ),
    "fault.W113": (
        "아무것도 오가지 않는데 무게가 자꾸 조금씩 바뀝니다. "
        "선반이 틀이나 벽에 닿는지, 바람을 맞는지 보세요."
    ),
    "fault.W112": (
        "손보는 중이라 이 선반은 감시에서 뺐습니다. 끝나면 장치 화면에서 '끝내기'를 누르세요."
    ),
    "fault.W110": (
        "저울을 읽을 수 없습니다. 이 선반은 감시에서 뺐습니다. storeguard doctor를 실행하세요."
    ),
    # Cameras and what looks at their pictures.
    "fault.C201": "영상이 없습니다. 재고는 계속 감시합니다. 케이블을 확인하세요.",
    "fault.C202": "영상이 끊겨 다시 연결하는 중입니다. 재고는 계속 감시합니다.",
    "fault.C203": "카메라가 응답하지 않습니다. 저절로 풀리지 않으면 뽑았다 다시 꽂으세요.",
    "fault.C206": "영상이 너무 느립니다. 연결과 네트워크를 확인하세요.",
    "fault.C207": "사람 감지가 너무 늦습니다. 통풍을 확인하거나 더 작은 모델을 쓰세요.",
    "remark.C207": "사람 감지가 {seconds}초 늦습니다. 통풍을 확인하거나 더 작은 모델을 쓰세요.",
    "fault.C208": "사람 감지가 실패하여 다시 시도하는 중입니다. 재고는 계속 감시합니다.",
    "fault.C209": "{minutes}분째 사람이 감지됩니다. 포스터나 마네킹인지 확인하세요.",
    "fault.C210": "영상 파일이 끝났습니다.",
    "fault.C211": "카메라가 움직인 것 같습니다. 방향과 제외 구역(ignore_areas)을 확인하세요.",
    "fault.C212": (
        "지난 방문 중 {seconds}초 동안 매장을 볼 수 없었습니다. "
        "이 방문은 저울로만 판단했으니 확인이 필요합니다."
    ),
    "fault.C213": "상품이 움직였는데 사람이 보이지 않았습니다. 카메라의 위치와 방향을 확인하세요.",
    # Disk and clock.
    "fault.K701": "키오스크가 열렸거나 흔들렸습니다. 매장 화면을 확인하세요.",
    "fault.K702": "누군가 결제 없이 키오스크 앞에 오래 있습니다. 매장 화면을 확인하세요.",
    "fault.part.tamper": "키오스크",
    "fault.D301": "저장 공간이 부족합니다. 필요 없는 파일을 지우거나 더 큰 디스크로 바꾸세요.",
    "fault.D302": (
        "저장 공간이 없습니다. 영상 저장을 멈췄고 재고 감시는 계속합니다. 파일을 지우세요."
    ),
    "fault.D304": "SD 카드 오류입니다. 곧바로 바꾸세요.",
    "fault.D305": "SD 카드가 읽기 전용이 되었습니다. 곧바로 바꾸세요.",
    "fault.D311": "오래된 파일의 정리를 보류했습니다. 시계와 디스크를 확인하세요.",
    "fault.D312": "디스크에 기록하지 못해 다시 시도하는 중입니다. 디스크를 확인하세요.",
    "fault.T401": "시각을 아직 확인하지 못했습니다. 기록의 시각은 추정입니다.",
    "fault.T404": "기기 시계가 틀려 전송을 미룹니다. 인터넷 연결을 확인하세요.",
    # Network and AWS.
    "fault.N501": "인터넷이나 서버에 연결되지 않습니다. 기록은 기기에 쌓였다가 나중에 갑니다.",
    "fault.N507": "알림을 보내지 못해 다시 시도하는 중입니다. 주소와 비밀번호를 확인하세요.",
    "fault.S103": (
        "거듭 시작하지 못해 안전 모드로 돕니다. 카메라와 저울은 꺼져 있고 전송은 계속합니다. "
        "storeguard doctor를 실행하세요."
    ),
    "fault.A601": "AWS 열쇠가 없거나 만료되었습니다. 새 열쇠를 넣으면 기다리던 것이 갑니다.",
    "fault.A602": "AWS 열쇠에 올릴 권한이 없습니다. 열쇠의 권한을 확인하세요.",
    "fault.A603": "S3 버킷을 찾지 못했습니다. 버킷 이름과 리전을 확인하세요.",
    "fault.A604": "같은 이름의 다른 파일이 이미 있습니다. 아무것도 덮어쓰지 않았습니다.",
    "fault.A607": "문자 발송이 아직 확인되지 않아 다시 요청하는 중입니다.",
    "fault.A608": "시험 알림에 응답이 없습니다. 문자 한도(SNS)와 받는 곳을 확인하세요.",
    "fault.A609": "전송이 거절되었습니다. 전송 설정(upload)을 확인하세요.",
}

EN: dict[str, str] = {
    "fault.part.scale": "Scale {part}",
    "fault.part.camera": "Camera {part}",
    "fault.part.sight": "Person detection {part}",
    "fault.part.disk": "Disk",
    "fault.part.power": "Power",
    "fault.part.clock": "Clock",
    "fault.part.store": "Store",
    "fault.part.uploading": "Upload",
    "fault.part.channel": "Channel {part}",
    "fault.part.start": "Start",
    "fault.part.kiosk_book": "Kiosk inventory",
    "fault.part.shelf_book": "Shelf inventory",
    "fault.part.web": "Pages",
    "fault.part.test_notice": "Test notice",
    "fault.part.records": "Records",
    "fault.W101": "No answer. This shelf is not watched. Check cable and power.",
    "fault.W102": "Its value stands still. This shelf is not watched. Check the wires DT and SCK.",
    "fault.W105": (
        "Its zero has moved by {grams} g: the count is uncertain. Empty the shelf and set its zero."
    ),
    "fault.W106": "'{product}' weighs 0 and cannot be counted. Correct the inventory.",
    "fault.W107": (
        "The weight ({grams} g) is no whole number of units: the count is uncertain. "
        "See whether something else lies on the shelf."
    ),
    "fault.W108": (
        "The weight is far below 0. This shelf is not watched. See whether the shelf is off."
    ),
    "fault.W109": (
        "It seems to have changed places with another scale. Neither shelf is watched. "
        "Put the goods or the cables back."
    ),
    "fault.W113": (
        "Its weight changes by a little again and again though nothing comes or goes. "
        "See whether the shelf touches its frame or a wall, or stands in a draught."
    ),
    "fault.W112": (
        "Somebody works on it, so this shelf is not guarded. Press 'Finish' on the devices page."
    ),
    "fault.W110": "The scale cannot be read. This shelf is not watched. Run storeguard doctor.",
    "fault.C201": "No picture. The stock is still watched. Check the cable.",
    "fault.C202": "The picture broke off, connecting again. The stock is still watched.",
    "fault.C203": "The camera does not answer. If it stays so, unplug it and plug it in again.",
    "fault.C206": "The pictures come too slowly. Check the connection and the network.",
    "fault.C207": "Person detection is too late. Check the cooling, or use a smaller one.",
    "remark.C207": "Person detection is {seconds} s late. Check the cooling, or use a smaller one.",
    "fault.C208": "Person detection failed and is tried again. The stock is still watched.",
    "fault.C209": "A person has been seen for {minutes} min. See whether it is a poster.",
    "fault.C210": "The video file has ended.",
    "fault.C211": "The camera seems to have moved. Check its direction and ignore_areas.",
    "fault.K701": "The kiosk has been opened or shaken. Look at the store's picture.",
    "fault.K702": "Somebody has been at the kiosk for long without paying. Look at the picture.",
    "fault.part.tamper": "Kiosk",
    "fault.C212": (
        "During the last visit the store could not be seen for {seconds} s. "
        "It was judged by the scales alone and needs a look."
    ),
    "fault.C213": "Goods moved and nobody was seen. Check where the camera is and looks.",
    "fault.D301": "Little space is left. Delete what is not needed, or take a larger disk.",
    "fault.D302": "No space is left. Clips pause, the stock is still watched. Delete something.",
    "fault.D304": "The SD card fails. Replace it at once.",
    "fault.D305": "The SD card has become read-only. Replace it at once.",
    "fault.D311": "Old files are not deleted for now. Check the clock and the disk.",
    "fault.D312": "The disk takes no records, trying again. Check the disk.",
    "fault.T401": "The time is not confirmed yet. Times of records are estimates.",
    "fault.T404": "This device's clock is wrong: uploads wait. Check the internet connection.",
    "fault.N501": "No connection to the internet or the server. Issues stay here and go later.",
    "fault.N507": "A notice could not be sent, trying again. Check the address and the password.",
    "fault.S103": (
        "Starting failed again and again: safe mode. Cameras and scales are off, uploads go on. "
        "Run storeguard doctor."
    ),
    "fault.A601": "The AWS key is missing or expired. With a new one, what waits will go.",
    "fault.A602": "The AWS key may not upload. Check its permissions.",
    "fault.A603": "The S3 bucket was not found. Check its name and region.",
    "fault.A604": "Another file has this name already. Nothing was overwritten.",
    "fault.A607": "Messages are not confirmed yet; they are asked for again.",
    "fault.A608": "Nobody answered the test notice. Check the SMS limit (SNS) and the receivers.",
    "fault.A609": "The upload was refused. Check the settings of upload.",
}

PARTS: Mapping[str, str] = MappingProxyType(
    {
        "disk": "disk",
        "power": "power",
        "clock": "clock",
        "store": "store",
        "uploading": "uploading",
        "heartbeat": "uploading",
        "telling": "uploading",
        "start": "start",
        "tamper": "tamper",
        "contacts": "tamper",
        "kiosk book": "kiosk_book",
        "shelf book": "shelf_book",
        "web": "web",
        "test notice": "test_notice",
    }
)
"""A part of health → the key of its title; what is not here keeps records, or is a device."""


WITH_FIGURES = MappingProxyType({FaultCode.DETECTOR_SLOW: "remark.C207"})
"""What may be a fault or a remark: the sentence of the remark, which has figures."""


def keys_of(code: FaultCode) -> tuple[str, ...]:
    """The texts that are the sentence of this code; none for one that explains itself."""
    if code is FaultCode.OTHER:
        return ()
    return SAME_WORDS.get(code, (f"fault.{code}",))
