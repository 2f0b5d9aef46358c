"""The page's HTML. Everything that a device or a person has said passes through `esc`."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from html import escape as esc
from urllib.parse import quote, urlencode

from .evidence import Clip, Shown
from .index import CONFIRM, DISMISS, HOLD, OPEN, RECEIVED, UNDECIDED, StoreRow
from .manifest import TEST
from .message import LEAST_CERTAINTY, zone
from .pagewords import WORDS
from .table import Item

Signed = Sequence[tuple[Item, str]]
SHOWN_PRODUCTS = 3


class Words:
    """What is said in one language; `form`: the token that this session's forms carry."""

    def __init__(self, language: str, form: str = "") -> None:
        self._words = WORDS.get(language, WORDS["ko"])
        self.form = form

    def __call__(self, name: str, **values: object) -> str:
        return esc(self._words[name].format(**values))


def issue_path(store: str, issue_id: str) -> str:
    return f"/issues/{quote(store, safe='')}/{quote(issue_id, safe='')}"


def store_path(store: str) -> str:
    return f"/stores/{quote(store, safe='')}"


# --- pages


def login(say: Words, problem: str) -> str:
    alarm = f'<p class="alarm" role="alert">{say(problem)}</p>' if problem else ""
    return _page(
        say,
        say("log_in"),
        f"""<main class="gate"><h1>{LOGO}{say("title")}</h1><p>{say("log_in_lead")}</p>
<form method="post" action="/login">{alarm}
<label>{say("owner")}<input name="owner" autocomplete="username" autocapitalize="none" required
 value="owner"></label>
<label>{say("password")}<input name="password" type="password" autocomplete="current-password"
 required autofocus></label>
<button class="main">{say("log_in")}</button></form></main>""",
    )


def problem(say: Words, kind: str) -> str:
    key = {"none": "missing_page", "failed": "failed_page", "broken": "broken_page"}[kind]
    body = f'<h1>{say(key)}</h1><p><a class="button" href="/">{say("to_home")}</a></p>'
    return _page(say, say(key), f'<main class="gate">{body}</main>')


def home(
    say: Words,
    rows: Sequence[StoreRow],
    signed: Signed,
    after: str | None,
    now_s: float,
    *,
    is_todo: bool,
) -> str:
    tabs = "".join(
        f'<a href="{path}"{_current(is_current)}>{say(name)}</a>'
        for name, path, is_current in (
            ("todo", "/", is_todo),
            ("all", "/?show=all", not is_todo),
        )
    )
    silent = [_warning(say, row, now_s) for row in rows if row.silent_since or row.blind_since]
    show = {} if is_todo else {"show": "all"}
    body = f"""{_sum(say, rows)}{"".join(silent)}<nav class="tabs">{tabs}</nav>
{_issues(say, signed, "none_todo" if is_todo else "none", now_s)}{_older(say, "/", after, show)}"""
    return _framed(say, say("home"), "home", body)


def stores(say: Words, rows: Sequence[StoreRow], now_s: float, query: Mapping[str, str]) -> str:
    wanted = query.get("q", "").strip()
    is_attention = bool(query.get("attention"))
    shown = [
        row
        for row in rows
        if wanted.lower() in row.name.lower() and (row.needs_a_look or not is_attention)
    ]
    cards = "".join(_store_card(say, row, now_s) for row in shown)
    checked = " checked" if is_attention else ""
    find = f"""<form class="find" method="get" action="/stores">
<input name="q" type="search" value="{esc(wanted)}" placeholder="{say("find")}"
 aria-label="{say("find")}">
<label><input type="checkbox" name="attention" value="1"{checked}>{say("attention")}</label>
<button>{say("filter")}</button></form>"""
    none = f'<p class="well">{say("none_stores")}</p>'
    body = f'{_sum(say, rows)}{find}<ul class="fleet">{cards}</ul>{"" if cards else none}'
    return _framed(say, say("stores"), "stores", body)


def store(say: Words, row: StoreRow, signed: Signed, after: str | None, now_s: float) -> str:
    faults = "".join(f'<p class="warning">{esc(fault)}</p>' for fault in row.faults)
    body = f"""<h2 class="name">{esc(row.name)}</h2><ul class="fleet">{_store_card(say, row, now_s)}
</ul>{faults}{_issues(say, signed, "none", now_s)}{_older(say, store_path(row.id), after, {})}"""
    return _framed(say, esc(row.name), "stores", body)


def issue(say: Words, one: Item, shown: Shown, now_s: float) -> str:
    is_test = one["notice"] == TEST
    what = _test(say) if is_test else _lines(say, one) + _paid(say, one)
    body = f"""<article class="issue"><header><p class="where">
<a href="{store_path(one["store"])}">{esc(one["store_name"])}</a>
<time>{_local(one, one["happened_at"], now_s)}</time></p>
<h2>{say("test") if is_test else f"#{one['number']}"}{_chips(say, one)}</h2></header>
{"" if is_test else _media(say, shown)}{what}{_decisions(say, one)}
{_why(say, shown)}{"" if is_test else _message(say, one)}</article>"""
    return _framed(say, f"#{one['number']} {esc(one['store_name'])}", "home", body)


# --- parts


LOGO = (
    '<svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="9" '
    'class="a"/><path d="M7 13h18v3H7zM9 18h14v8H9z" class="b"/><circle cx="16" cy="22" r="2.4" '
    'class="a"/><path d="M6 8h20l1.6 5H4.4z" class="c"/></svg>'
)


def _page(say: Words, title: str, body: str) -> str:
    return f"""<!doctype html><html lang="{say("lang")}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="robots" content="noindex"><meta name="theme-color" content="#f5f2ea">
<title>{title} · {say("title")}</title><link rel="stylesheet" href="/style.css"></head>
<body>{body}</body></html>"""


def _framed(say: Words, title: str, here: str, body: str) -> str:
    links = "".join(
        f'<a href="{path}"{_current(here == name)}>{say(name)}</a>'
        for name, path in (("home", "/"), ("stores", "/stores"))
    )
    leave = f'<form method="post" action="/logout">{_token(say)}<button>{say("log_out")}</button>'
    return _page(
        say,
        title,
        f'<header class="bar"><a class="brand" href="/" aria-label="{say("to_home")}">{LOGO}</a>'
        f"<nav>{links}</nav>{leave}</form></header><main>{body}</main>",
    )


def _current(is_current: bool) -> str:
    return ' aria-current="page"' if is_current else ""


def _token(say: Words) -> str:
    return f'<input type="hidden" name="form" value="{esc(say.form)}">'


def _sum(say: Words, rows: Sequence[StoreRow]) -> str:
    lost, issues = sum(r.loss_won_week for r in rows), sum(r.issues_week for r in rows)
    waiting = sum(row.open_issues for row in rows)
    state = "calm" if not waiting else "waits"
    return f"""<section class="sum {state}"><p>{say("week")}</p><strong>{say("won", won=lost)}
</strong><p>{say("lost")} · {say("issues", count=issues)}</p>
<p class="count"><b>{waiting}</b>{say("open")}</p></section>"""


def _warning(say: Words, row: StoreRow, now_s: float) -> str:
    return (
        f'<p class="warning"><a href="{store_path(row.id)}">{esc(row.name)}</a> '
        f"{_trouble(say, row, now_s)}</p>"
    )


def _trouble(say: Words, row: StoreRow, now_s: float) -> str:
    if row.silent_since:
        return say("silent", at=_moment(row.silent_since, now_s))
    return say("blind_since", at=_moment(row.blind_since or "", now_s))


def _store_card(say: Words, row: StoreRow, now_s: float) -> str:
    is_bad = bool(row.silent_since or row.blind_since or row.faults)
    seen = say("seen", ago=_ago(say, row.last_seen, now_s)) if row.last_seen else say("never_seen")
    is_away = bool(row.silent_since or row.blind_since)
    state = _trouble(say, row, now_s) if is_away else seen
    chip = f'<span class="chip open">{say("open_count", count=row.open_issues)}</span>'
    faults = "".join(f"<li>{esc(fault)}</li>" for fault in row.faults)
    return f"""<li class="store{" is-bad" if is_bad else ""}"><a href="{store_path(row.id)}">
<span class="head"><i class="lamp"></i><b>{esc(row.name)}</b>
{chip if row.open_issues else ""}</span>
<span class="state{" away" if is_away else ""}">{state}</span>
<span class="facts"><span><small>{say("lost")} · {say("week")}</small>
<b>{say("won", won=row.loss_won_week)}</b></span>
<span><small>{say("home")}</small><b>{say("issues", count=row.issues_week)}</b></span>
<span><small>{say("blind")}</small><b>{_duration(say, row.blind_s_week)}</b></span></span></a>
{f'<ul class="faults">{faults}</ul>' if faults else ""}</li>"""


def _issues(say: Words, signed: Signed, none: str, now_s: float) -> str:
    if not signed:
        return f'<p class="well">{say(none)}</p>'
    cards = "".join(_card(say, one, picture, now_s) for one, picture in signed)
    return f'<ul class="cards">{cards}</ul>'


def _card(say: Words, one: Item, picture: str, now_s: float) -> str:
    image = f'<img src="{esc(picture)}" alt="" loading="lazy">' if picture else ""
    shown = image or f'<span class="gone">{say("no_picture")}</span>'
    lost = say("minus", won=one["loss_won"]) if one["loss_won"] else ""
    is_test = one["notice"] == TEST
    return f"""<li class="card {esc(one["status"])}">
<a href="{issue_path(one["store"], one["id"])}">
{"" if is_test else f'<span class="thumb">{shown}</span>'}
<span class="words"><span class="where"><b>{esc(one["store_name"])}</b>
<time>{_local(one, one["happened_at"], now_s)}</time></span>
<span class="what">{say("test") if is_test else _summed(say, one)}</span>
<span class="foot"><span>#{one["number"]}</span>{_chips(say, one)}
<b class="lost">{lost}</b></span></span></a></li>"""


def _summed(say: Words, one: Item) -> str:
    lines = json.loads(one["lines"])
    named = [f"{esc(ln['product'])} {ln['missing']}" for ln in lines[:SHOWN_PRODUCTS]]
    more = len(lines) - SHOWN_PRODUCTS
    return ", ".join(named) + (f" {say('more_products', count=more)}" if more > 0 else "")


def _chips(say: Words, one: Item) -> str:
    marks = [(one["status"], say(f"status_{one['status']}"))]
    if one.get("provisional"):
        marks.append(("hold", say("provisional")))
    if one.get("settled"):
        marks.append(("confirm", say("settled")))
    if any(line["certainty"] < LEAST_CERTAINTY for line in json.loads(one["lines"])):
        marks.append(("hold", say("unsure")))
    return "".join(f'<span class="chip {esc(kind)}">{text}</span>' for kind, text in marks)


def _lines(say: Words, one: Item) -> str:
    rows = "".join(_line(say, line) for line in json.loads(one["lines"]))
    total = (
        f'<p class="total"><span>{say("lost")}</span><b>{say("won", won=one["loss_won"])}</b></p>'
    )
    return f'<section class="lines"><ul>{rows}</ul>{total}</section>'


def _line(say: Words, line: Mapping[str, object]) -> str:
    counts = [say("certain", percent=round(100 * float(str(line["certainty"]))))]
    if "shelf" in line and "kiosk" in line:
        counts.insert(0, say("counts", shelf=line["shelf"], kiosk=line["kiosk"]))
    return f"""<li><b>{esc(str(line["product"]))}</b><strong>{say("missing", count=line["missing"])}
</strong><small>{" · ".join(counts)}</small></li>"""


def _paid(say: Words, one: Item) -> str:
    paid = one.get("paid_won", 0)
    return f'<p class="well">{say("paid", won=paid)}</p>' if paid else ""


def _test(say: Words) -> str:
    return f'<p class="lead">{say("test_lead")}</p>'


def _media(say: Words, shown: Shown) -> str:
    if not shown.is_kept:
        return f'<p class="well">{say("gone")}</p>'
    pictures = "".join(
        f'<img src="{esc(url)}" alt="{say("picture")}">' for url in shown.pictures
    ) or f'<p class="gone">{say("no_picture")}</p>'  # fmt: skip
    clips = "".join(_clip(say, clip) for clip in shown.clips)
    coming = "" if shown.is_whole else f'<p class="coming">{say("clips_coming")}</p>'
    return f'<section class="media">{pictures}{clips}{coming}</section>'


def _clip(say: Words, clip: Clip) -> str:
    marks = ", ".join(f"{mark:.0f}" for mark in clip.marks_s)
    caption = f"<figcaption>{say('marked', at=marks)}</figcaption>" if marks else ""
    return (
        f'<figure><video src="{esc(clip.url)}" controls playsinline preload="metadata" '
        f'aria-label="{esc(clip.name)}"></video>{caption}</figure>'
    )


def _decisions(say: Words, one: Item) -> str:
    status = one["status"]
    if one["notice"] == TEST:
        offered: tuple[str, ...] = () if status == RECEIVED else (RECEIVED,)
    elif status in UNDECIDED:
        offered = (CONFIRM, DISMISS, HOLD) if status == OPEN else (CONFIRM, DISMISS)
    else:
        offered = (OPEN,)
    buttons = "".join(
        f'<button name="decision" value="{each}" class="{each}">{say(f"do_{each}")}</button>'
        for each in offered
    )
    path = issue_path(one["store"], one["id"])
    form = f'<form method="post" action="{path}">{_token(say)}{buttons}</form>' if offered else ""
    asked = f"<h3>{say('decide')}</h3>" if status in UNDECIDED and one["notice"] != TEST else ""
    return f'<section class="decide">{asked}{form}{_decided(say, one)}</section>'


def _decided(say: Words, one: Item) -> str:
    if "decided_at" not in one or one["status"] == OPEN:
        return ""
    at = _at(one, one["decided_at"])
    return f"<p>{say('decided', at=at, who=one['decided_by'])}</p>"


def _why(say: Words, shown: Shown) -> str:
    if not shown.why:
        return ""
    sentences = "".join(f"<li>{esc(sentence)}</li>" for sentence in shown.why)
    return f'<section class="why"><h3>{say("why")}</h3><ul>{sentences}</ul></section>'


def _message(say: Words, one: Item) -> str:
    text = esc(one["text"]) if one["text"] else say("not_told")
    return f'<section class="told"><h3>{say("message")}</h3><p>{text}</p></section>'


def _older(say: Words, path: str, after: str | None, query: Mapping[str, str]) -> str:
    if after is None:
        return ""
    asked = urlencode({**query, "after": after})
    return f'<p class="older"><a class="button" href="{path}?{esc(asked)}">{say("older")}</a></p>'


# --- times


def _local(one: Item, instant: str, now_s: float) -> str:
    local = datetime.fromisoformat(instant).astimezone(zone(one["timezone"]))
    today = datetime.fromtimestamp(now_s, UTC).astimezone(zone(one["timezone"]))
    return f"{local:%H:%M}" if local.date() == today.date() else f"{local:%m.%d %H:%M}"


def _at(one: Item, instant: str) -> str:
    return f"{datetime.fromisoformat(instant).astimezone(zone(one['timezone'])):%m.%d %H:%M}"


def _moment(instant: str, now_s: float) -> str:
    return _local({"timezone": "Asia/Seoul"}, instant, now_s)


def _ago(say: Words, instant: str, now_s: float) -> str:
    minutes = int(max(0.0, now_s - datetime.fromisoformat(instant).timestamp()) // 60)
    if minutes < 2:
        return say("just_now")
    if minutes < 120:
        return say("minutes_ago", n=minutes)
    if minutes < 48 * 60:
        return say("hours_ago", n=minutes // 60)
    return say("days_ago", n=minutes // 1440)


def _duration(say: Words, seconds: int) -> str:
    minutes = seconds // 60
    if minutes == 0:
        return say("nothing_blind")
    return say("minutes", n=minutes) if minutes < 60 else say(
        "hours", h=minutes // 60, m=minutes % 60
    )  # fmt: skip
