"""The page behind the SMS: who sees what, what is signed, what a decision does."""

import base64
import html
import json
import re
import urllib.request
from datetime import UTC, datetime
from urllib.parse import urlencode, urlsplit

import pytest

from storeguard.cloud.index import Index
from storeguard.cloud.login import MOST_BY_ADDRESS, SESSION_S, WINDOW_S, Logins
from storeguard.cloud.page import COOKIE, Page, Settings

NOW_S = datetime(2026, 11, 20, 14, 0, tzinfo=UTC).timestamp()
PASSWORD = "바나나우유 좋아"
ID = "2026-11-20_22-21-04.123456"
STORE = {"id": "gangnam-1", "name": "강남 1호점", "language": "ko", "timezone": "Asia/Seoul"}
PATH = f"/issues/gangnam-1/{ID}"
SENT = {"text": "[강남 1호점] 재고 불일치: 바나나우유 1 (-1,500원) 22:21 #7"}


def manifest(issue_id=ID, number=7, **more):
    return {
        "schema": 1,
        "id": issue_id,
        "number": number,
        "store": STORE,
        "sealed_at": "2026-11-20T13:21:04+00:00",
        "visit": None,
        "lines": [
            {"product": "바나나우유", "shelf": 4, "kiosk": 5, "missing": 1}
            | {"loss": 1500, "certainty": 1.0}
        ],
        "loss_won": 1500,
        "why": {"ko": ["A 저울에서 265 g이 줄었고 결제가 없었습니다."]},
        "steps": [{"scale": "A", "clip": "clip-1.mp4", "clip_offset_s": 12.4}],
        "files": [
            {"name": "at.jpg", "bytes": 7, "sha256": "0" * 64},
            {"name": "clip-1.mp4", "bytes": 4, "sha256": "0" * 64},
        ],
    } | more


class Site:
    """The page's function on moto, and a browser's part of the talk."""

    def __init__(self, cloud, language="ko"):
        self.now_s = NOW_S
        self.cloud = cloud
        self.index = Index(cloud.index, cloud.dynamodb, lambda: self.now_s)
        self.logins = Logins(cloud.index, cloud.dynamodb, lambda: self.now_s)
        settings = Settings(cloud.bucket, cloud.index, language)
        self.page = Page(settings, cloud.s3, cloud.dynamodb, lambda: self.now_s)
        self.token = ""

    def add(self, owner="owner", place="gangnam-1", **more):
        one = manifest(**more)
        key = f"{place}/2026/11/{one['id']}/issue.json"
        put = self.cloud.s3.put_object
        put(Bucket=self.cloud.bucket, Key=key, Body=json.dumps(one).encode())
        for name, body in (("at.jpg", b"picture"), ("clip-1.mp4", b"clip")):
            put(Bucket=self.cloud.bucket, Key=key.replace("issue.json", name), Body=body)
        self.index.add(owner, place, key, one, SENT)

    def ask(self, method, path, form=None, **more):
        parts = urlsplit(path)
        return self.page.handle(
            {
                "rawPath": parts.path,
                "rawQueryString": parts.query,
                "headers": {"host": "page.example"} | more.pop("headers", {}),
                "cookies": [f"{COOKIE}={self.token}"] if self.token else [],
                "requestContext": {"http": {"method": method, "sourceIp": "203.0.113.7"}},
                "body": urlencode(form or {}),
                "isBase64Encoded": False,
            }
            | more
        )

    def log_in(self, owner="owner", password=PASSWORD):
        answer = self.ask("POST", "/login", {"owner": owner, "password": password})
        if answer["statusCode"] == 303:
            self.token = answer["cookies"][0].split("=", 1)[1].split(";")[0]
        return answer

    def post(self, path, **form):
        """As a browser sends a form of this page."""
        page = self.ask("GET", "/")["body"]
        token = re.search(r'name="form" value="(\w+)"', page)[1]
        return self.ask("POST", path, {"form": token, **form})

    def decisions(self, store="gangnam-1"):
        found = self.cloud.s3.get_object(Bucket=self.cloud.bucket, Key=f"decisions/{store}.json")
        return json.loads(found["Body"].read())


@pytest.fixture
def site(cloud):
    site = Site(cloud)
    site.logins.set_password("owner", PASSWORD)
    return site


# --- the login


@pytest.mark.parametrize("path", ["/", "/stores", PATH, "/stores/gangnam-1", "/nowhere"])
def test_without_a_login_there_is_only_the_login(site, path):
    site.add()
    for token in ("", "forged"):
        site.token = token
        answer = site.ask("GET", path)
        assert (answer["statusCode"], answer["headers"]["location"]) == (303, "/login")
        assert answer["body"] == ""


def test_the_right_password_opens_and_a_logout_closes(site):
    assert site.log_in(password="wrong")["statusCode"] == 403
    assert site.log_in(owner="nobody")["statusCode"] == 403
    [cookie] = site.log_in()["cookies"]
    for mark in ("__Host-", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
        assert mark in cookie
    assert site.ask("GET", "/")["statusCode"] == 200
    assert site.post("/logout")["statusCode"] == 303
    assert site.ask("GET", "/")["statusCode"] == 303


def test_a_session_ends_by_itself_and_with_a_new_password(site):
    site.log_in()
    site.now_s += SESSION_S + 1
    assert site.ask("GET", "/")["statusCode"] == 303
    site.log_in()
    site.logins.set_password("owner", "another password")
    assert site.ask("GET", "/")["statusCode"] == 303


def test_who_guesses_has_to_wait_even_when_he_is_right_at_last(site):
    for _ in range(MOST_BY_ADDRESS):
        assert site.log_in(password="guess")["statusCode"] == 403
    assert site.log_in()["statusCode"] == 429
    site.now_s += WINDOW_S
    assert site.log_in()["statusCode"] == 303


def test_neither_password_nor_token_is_in_the_table(site):
    site.log_in()
    known = json.dumps(site.cloud.dynamodb.scan(TableName=site.cloud.index)["Items"])
    assert site.token not in known
    assert PASSWORD not in known.encode().decode("unicode_escape", "ignore")


# --- what is seen


def test_an_issue_is_told_whole_and_its_media_is_signed_and_comes(site):
    site.add()
    site.log_in()
    page = site.ask("GET", PATH)["body"]
    for text in (
        "#7",
        "강남 1호점",
        "바나나우유",
        "1개 부족",
        "1,500원",
        "265 g이 줄었고",
        "22:21",
    ):
        assert text in page
    [picture] = re.findall(r'<img src="([^"]+)"', page)
    [clip] = re.findall(r'<video src="([^"]+)"', page)
    assert clip.endswith("#t=9.4")
    assert "12초에 무게가" in page
    address = html.unescape(picture)
    assert "Expires" in address
    assert urllib.request.urlopen(address).read() == b"picture"


def test_nothing_of_another_owner_is_seen_or_decided(site):
    site.add(owner="other")
    site.log_in()
    assert "바나나우유" not in site.ask("GET", "/?show=all")["body"]
    for path in (PATH, "/stores/gangnam-1"):
        assert site.ask("GET", path)["statusCode"] == 404
    assert site.post(PATH, decision="confirm")["statusCode"] == 404
    assert site.index.issue("gangnam-1", ID)["status"] == "open"


def test_evidence_that_is_deleted_leaves_the_text(site):
    site.add()
    for one in site.cloud.objects():
        site.cloud.s3.delete_object(Bucket=site.cloud.bucket, Key=one)
    site.log_in()
    page = site.ask("GET", PATH)["body"]
    assert "보관 기간이 지나" in page
    assert "바나나우유" in page


def test_while_clips_are_on_their_way_the_rest_is_shown(site):
    site.add()
    key = f"gangnam-1/2026/11/{ID}/issue.json"
    content = site.cloud.s3.get_object(Bucket=site.cloud.bucket, Key=key)["Body"].read()
    site.cloud.s3.delete_object(Bucket=site.cloud.bucket, Key=key)
    ahead = key.replace("issue.json", "notice.json")
    site.cloud.s3.put_object(Bucket=site.cloud.bucket, Key=ahead, Body=content)
    site.log_in()
    page = site.ask("GET", PATH)["body"]
    assert "영상이 아직 올라오는 중" in page
    assert "265 g이 줄었고" in page
    assert "<img" in page
    assert "<video" not in page


@pytest.mark.parametrize(
    ("said", "clips"),
    [
        ({"files": [{"name": "extra/step-1.mp4", "bytes": 4, "sha256": "0" * 64}]}, 2),
        ({"files": [{"name": 3}]}, 1),
        ({"files": 3}, 1),
        ({"files": [], "steps": 3}, 1),
        ([], 1),
    ],
)
def test_what_was_ready_only_later_is_shown_too(site, said, clips):
    site.add()
    key = f"gangnam-1/2026/11/{ID}/later.json"
    site.cloud.s3.put_object(Bucket=site.cloud.bucket, Key=key, Body=json.dumps(said).encode())
    site.log_in()
    assert site.ask("GET", PATH)["body"].count("<video") == clips


def test_a_steps_own_clip_begins_before_its_instant_too(site):
    own = {"shown": {"clip": "extra/step-1.mp4"}, "shown_at_s": 4.0}
    steps = [{"scale": "A", "clip": "clip-1.mp4", "clip_offset_s": 12.4, **own}, {"shown": 3}]
    files = [
        {"name": n, "bytes": 1, "sha256": "0" * 64} for n in ("clip-1.mp4", own["shown"]["clip"])
    ]
    site.add(steps=steps, files=files)
    site.log_in()
    clips = re.findall(r'<video src="[^"]+#t=([\d.]+)"', site.ask("GET", PATH)["body"])
    assert clips == ["9.4", "1.0"]


def files_of(*names):
    return [{"name": n, "bytes": 1, "sha256": "0" * 64} for n in names]


def shown_clips(site):
    """Each clip's name in the bucket and where it begins to play."""
    clips = re.findall(r'<video src="([^"]+)"', site.ask("GET", PATH)["body"])
    addresses = [urlsplit(html.unescape(clip)) for clip in clips]
    return [(one.path.split(f"{ID}/")[1], one.fragment) for one in addresses]


def test_a_clip_that_came_again_and_whole_is_shown_in_the_place_of_the_one_cut_off(site):
    steps = [{"scale": "A", "clip": "clip-1.mp4", "clip_offset_s": 12.4}]
    site.add(steps=steps, files=files_of("clip-1.mp4", "clip-2.mp4", "extra/step-1.mp4"))
    said = {"files": files_of("extra/clip-1.mp4")}
    key = f"gangnam-1/2026/11/{ID}/later.json"
    site.cloud.s3.put_object(Bucket=site.cloud.bucket, Key=key, Body=json.dumps(said).encode())
    site.log_in()
    assert shown_clips(site) == [
        ("extra/clip-1.mp4", "t=9.4"),
        ("clip-2.mp4", ""),
        ("extra/step-1.mp4", ""),
    ]


def test_a_steps_clip_that_came_later_begins_before_its_instant_too(site):
    site.add(steps=[{"scale": "A", "at": "x", "clip": "clip-1.mp4", "clip_offset_s": 12.4}])
    own = {"scale": "A", "at": "x", "shown": {"clip": "extra/step-1.mp4"}, "shown_at_s": 4.0}
    said = {"files": files_of("extra/step-1.mp4"), "steps": [own]}
    key = f"gangnam-1/2026/11/{ID}/later.json"
    site.cloud.s3.put_object(Bucket=site.cloud.bucket, Key=key, Body=json.dumps(said).encode())
    site.log_in()
    assert shown_clips(site) == [("clip-1.mp4", "t=9.4"), ("extra/step-1.mp4", "t=1.0")]


def test_what_a_device_says_is_text_and_no_page(site):
    evil = '"><script>alert(1)</script>'
    line = {"product": evil, "missing": 1, "loss": 1, "certainty": 1.0}
    store = {"id": "s", "name": evil, "language": "ko", "timezone": "Asia/Seoul"}
    site.add(lines=[line], store=store, why={"ko": [evil]}, steps=[{"clip": 1}, 3, None])
    site.log_in()
    for path in ("/", PATH, "/stores", "/stores/gangnam-1", f"/stores?q={evil}"):
        answer = site.ask("GET", path)
        assert answer["statusCode"] == 200
        assert "<script" not in answer["body"]


def test_the_policy_lets_nothing_in_but_the_buckets_media(site):
    site.log_in()
    policy = site.ask("GET", "/")["headers"]["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self'; img-src 'self' http")
    assert "unsafe" not in policy
    # `no-referrer` makes browsers send `Origin: null` with a form, which the page refuses.
    assert site.ask("GET", "/login")["headers"]["referrer-policy"] == "same-origin"
    assert "script" not in policy
    style = site.ask("GET", "/style.css")
    assert style["headers"]["content-type"].startswith("text/css")


def test_stores_are_found_filtered_and_lead_to_their_issues(site):
    site.add()
    site.index.give("mapo", "마포점", "owner")
    site.log_in()
    assert all(name in site.ask("GET", "/stores")["body"] for name in ("강남 1호점", "마포점"))
    found = site.ask("GET", "/stores?q=%EB%A7%88%ED%8F%AC")["body"]
    assert ("마포점" in found, "강남 1호점" in found) == (True, False)
    waiting = site.ask("GET", "/stores?attention=1")["body"]
    assert ("마포점" in waiting, "강남 1호점" in waiting) == (False, True)
    assert PATH in site.ask("GET", "/stores/gangnam-1")["body"]


def test_a_long_list_goes_on(site):
    for n in range(32):
        site.add(issue_id=f"issue-{n:03}", number=n, sealed_at=f"2026-11-20T13:{n:02}:00+00:00")
    site.log_in()
    page = site.ask("GET", "/")["body"]
    older = html.unescape(re.search(r'href="(/\?after=[^"]+)"', page)[1])
    assert page.count('class="card ') == 30
    assert site.ask("GET", older)["body"].count('class="card ') == 2


def test_english_by_setting(cloud):
    site = Site(cloud, "en")
    site.logins.set_password("owner", PASSWORD)
    site.add()
    site.log_in()
    assert "What happened?" in site.ask("GET", PATH)["body"]


# --- what is decided


@pytest.mark.parametrize(
    ("decision", "shown"),
    [("confirm", "불일치 확정"), ("dismiss", "이상 없음"), ("hold", "보류")],
)
def test_a_decision_is_shown_and_lies_where_the_device_reads_it(site, decision, shown):
    site.add()
    site.log_in()
    assert site.post(PATH, decision=decision)["headers"]["location"] == PATH
    assert f'<span class="chip {decision}">{shown}</span>' in site.ask("GET", PATH)["body"]
    said = site.decisions()
    assert said["opened"] == [ID]
    [one] = said["decisions"]
    assert (one["issue"], one["number"], one["decision"], one["by"]) == (ID, 7, decision, "owner")


def test_opening_an_issue_is_told_and_is_no_decision(site):
    site.add()
    site.log_in()
    site.ask("GET", PATH)
    assert site.decisions() | {"opened": [ID], "decisions": []} == site.decisions()


def test_a_decision_that_is_taken_back_is_none(site):
    site.add()
    site.log_in()
    site.post(PATH, decision="dismiss")
    site.post(PATH, decision="open")
    assert site.decisions()["decisions"] == []


def test_a_test_message_is_answered_with_one_button(site):
    site.add(notice="test", lines=[], loss_won=0, number=0)
    site.log_in()
    assert site.ask("GET", PATH)["body"].count('name="decision"') == 1
    site.post(PATH, decision="received")
    assert site.decisions()["decisions"][0]["decision"] == "received"


@pytest.mark.parametrize("headers", [{"origin": "https://evil.example"}, {}])
def test_a_form_of_another_site_decides_nothing(site, headers):
    site.add()
    site.log_in()
    form = {"decision": "dismiss", "form": "0" * 32}
    assert site.ask("POST", PATH, form, headers=headers)["statusCode"] == 403
    assert site.index.issue("gangnam-1", ID)["status"] == "open"


@pytest.mark.parametrize(
    "event",
    [
        {},
        {"requestContext": {}},
        {"requestContext": {"http": {"method": "GET"}}, "body": "x" * 5000},
        {"requestContext": {"http": {"method": "POST"}}, "body": "!", "isBase64Encoded": True},
        {"requestContext": {"http": {"method": "GET"}}, "rawQueryString": "a=1&" * 50},
    ],
)
def test_what_no_browser_sends_is_answered_by_a_page(site, event):
    answer = site.page.handle(event)
    assert answer["statusCode"] == 400
    assert answer["body"].startswith("<!doctype html>")


def test_a_body_in_base64_is_read(site):
    body = base64.b64encode(urlencode({"owner": "owner", "password": PASSWORD}).encode()).decode()
    assert site.ask("POST", "/login", body=body, isBase64Encoded=True)["statusCode"] == 303
