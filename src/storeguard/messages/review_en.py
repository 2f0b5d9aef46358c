"""English of the monthly review of the access log."""

TEXTS: dict[str, str] = {
    "review.title": "Review of the access log",
    "review.lead": (
        "Go through it once a month: who looked, gave out and decided what. The Korean standard of "
        "safety measures for personal data asks for that every month."
    ),
    "review.task": "The access log of {month} has not been reviewed yet.",
    "review.open": "Review",
    "review.of": "Access log of {month}",
    "review.earlier": "See {month}",
    "review.reviewed": "Reviewed at {at} by the account {who}.",
    "review.waits": "Not reviewed yet.",
    "review.goes_on": "The review can be finished once this month is over.",
    "review.confirm": "I have seen it",
    "review.confirm_lead": "The log keeps who has reviewed it and when.",
    "review.odd": "To be seen first",
    "review.odd_lead": "None of it need be wrong. Look whether you know why it was done.",
    "review.odd_none": "Nothing stands out.",
    "review.kind.broken": "Line changed, or one missing before it",
    "review.kind.plain": "Given out unblurred",
    "review.kind.refused": "Refused sign-in",
    "review.kind.other": "A name that is no owner's account",
    "review.kind.export": "Given out",
    "review.kind.night": "Seen at night",
    "review.kind.removal": "Removed",
    "review.done": "Who did what how often",
    "review.who": "Who",
    "review.what": "What",
    "review.times": "Times",
    "review.all": "All {count} lines",
    "review.newest": "Only the newest {count} are shown. The rest stands in state/access.jsonl.",
    "review.nothing": "Nothing was logged in this month.",
    "review.people": "To the people",
    "access.reviewed": "Review of the access log",
    "access.login_refused": "Refused sign-in",
}
