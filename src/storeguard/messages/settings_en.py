"""English of the settings that are changed on the page."""

TEXTS: dict[str, str] = {
    "set.title": "Store settings",
    "set.save": "Save",
    "set.saved": "Saved.",
    "set.nothing_saved": "Please correct what is marked below. Nothing has been changed yet.",
    "set.wrong": "{name}: '{value}' cannot be used. {expected}",
    "set.after_restart": "after a restart",
    "set.waiting": "Some of what was saved is in force only after a restart.",
    "set.restart": "Restart",
    "set.restarting": "Restarting",
    "set.restarting_lead": (
        "It takes about ten seconds. With a customer inside it waits until they have left. This "
        "page goes on by itself."
    ),
    "set.true": "Yes",
    "set.false": "No",
    "set.until": "until",
    "set.store.name": "Name of the store",
    "set.store.name.help": "On pages, in messages and on the CCTV sign. It cannot be empty.",
    "set.store.language": "Language of pages and messages",
    "set.store.language.help": "Of all that owner and customers read.",
    "set.store.language.ko": "한국어",
    "set.store.language.en": "English",
    "set.kiosk.oversell": "More is paid than the stock has",
    "set.kiosk.oversell.help": "The inventory may be wrong, so 'take and note' is advised.",
    "set.kiosk.oversell.allow": "Take and note",
    "set.kiosk.oversell.refuse": "Refuse, and say what is left",
    "set.visits.payment_grace_s": "Time to pay (seconds)",
    "set.visits.payment_grace_s.help": (
        "So long after a customer has left a payment still counts. A number from 0 to 3600."
    ),
    "set.visits.empty_for_s": "Time until the store is empty (seconds)",
    "set.visits.empty_for_s.help": (
        "With nobody seen for so long the visit is over. A number from 0 to 3600."
    ),
    "set.notices.min_won": "Least loss that is told at once (won)",
    "set.notices.min_won.help": (
        "What is less waits for the next morning's digest. A whole number from 0."
    ),
    "set.notices.quiet_hours": "Quiet hours",
    "set.notices.quiet_hours.help": (
        "What happens then is told afterwards. Fill in both times, or neither."
    ),
    "set.notices.escalate_after_min": "Tell the second person after (minutes)",
    "set.notices.escalate_after_min.help": (
        "When you have not opened it for so long. A whole number from 5; empty: never."
    ),
    "set.notices.text_only": "Tell without pictures",
    "set.notices.text_only.help": "With 'yes' no picture and no clip leaves the store.",
    "set.tamper.dwell_s": "Time at the kiosk (seconds)",
    "set.tamper.dwell_s.help": (
        "Somebody is there longer without buying: you are told. A number from 10."
    ),
    "set.retention.clips_days": "Days that clips of visits are kept",
    "set.retention.clips_days.help": "Of visits in doubt. More than 0, at most 3650.",
    "set.retention.issues_days": "Days that issues are kept",
    "set.retention.issues_days.help": (
        "After they were delivered. More than the usual 30 needs a reason. More than 0, at most "
        "3650."
    ),
    "set.law.manager": "Who answers for the cameras",
    "set.law.manager.help": "The name on the sign and in the policy, at most 60 characters.",
    "set.law.phone": "Their telephone",
    "set.law.phone.help": "On the sign and in the policy, at most 40 characters.",
    "access.settings": "changed settings",
}
