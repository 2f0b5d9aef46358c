"""English of the page for a breach."""

TEXTS: dict[str, str] = {
    "breach.title": "Breach",
    "breach.lead": (
        "Write it down here when the device is gone, a key has got out, or somebody may have "
        "been in. What to do now, what was there, the 72 hours and the text of the notice "
        "stand on one page. This is no legal advice."
    ),
    "breach.empty": "Nothing is written down.",
    "breach.new": "Write one down",
    "breach.kind": "What has happened",
    "breach.kind.card": "The SD card or the device is gone",
    "breach.kind.key": "The device's cloud key has got out",
    "breach.kind.intrusion": "Somebody may have been in",
    "breach.learnt": "When you learnt of it",
    "breach.learnt_help": "The 72 hours count from then.",
    "breach.note": "What you know (may be left empty)",
    "breach.save": "Write down, and see what to do",
    "breach.wrong": "Please give the time again: it cannot be later than now.",
    "breach.hours_left": "{hours} h left",
    "breach.over": "72 h are over",
    "breach.closed": "Closed",
    "breach.learnt_due": "Learnt {learnt} · due {due}",
    "breach.task": "Breach: it has to be told until {due}.",
    "breach.do": "What to do now",
    "breach.mark": "Done",
    "breach.unmark": "Not yet",
    "breach.sign_out": "Sign everybody out",
    "breach.step.police": "Report it to the police",
    "breach.step.police.how": "At the nearest station; write down the number of the report.",
    "breach.step.cloud": "Take every cloud key back",
    "breach.step.cloud.how": "storeguard cloud revoke",
    "breach.step.new_key": "Make a new key",
    "breach.step.new_key.how": "storeguard cloud key device-credentials",
    "breach.step.status": "Look at bucket and rights",
    "breach.step.status.how": "storeguard cloud status",
    "breach.step.channels": "New keys for SMS and messengers",
    "breach.step.channels.how": (
        "Delete the old key on the sender's page, and enter the new address."
    ),
    "breach.step.pos": "Another POS token",
    "breach.step.pos.how": "STOREGUARD_POS_TOKEN",
    "breach.step.restore": "Restore the backup on a new card",
    "breach.step.restore.how": "storeguard restore FILE",
    "breach.step.sign_out": "Sign everybody out",
    "breach.step.sign_out.how": (
        "The button below. Only you stay. A kiosk's tablet has to open its page anew."
    ),
    "breach.step.passwords": "Change all passwords",
    "breach.step.passwords.how": "The page 'People'",
    "breach.step.unplug": "Take the device off the internet",
    "breach.step.unplug.how": "Pull the router's cable. This page opens inside the shop.",
    "breach.step.keep": "Keep everything as it is now",
    "breach.step.keep.how": "storeguard backup FILE",
    "breach.step.wifi": "Change the passwords of router and Wi-Fi",
    "breach.step.wifi.how": "The router's own page",
    "breach.step.review": "Go through the access log",
    "breach.step.review.how": "The page 'Review of the access log'",
    "breach.did.nothing": "Measures are being taken.",
    "breach.did.police": "It was reported to the police.",
    "breach.did.cloud": "All keys of the cloud were taken back.",
    "breach.did.new_key": "A new key is in use.",
    "breach.did.status": "The rights of the store's bucket were checked.",
    "breach.did.channels": "SMS and messengers have new keys.",
    "breach.did.pos": "The token of the till was changed.",
    "breach.did.restore": "A new card is in use.",
    "breach.did.sign_out": "All sessions were ended.",
    "breach.did.passwords": "All passwords were changed.",
    "breach.did.unplug": "The device was taken off the internet.",
    "breach.did.keep": "The state at that time was kept.",
    "breach.did.wifi": "The passwords of router and Wi-Fi were changed.",
    "breach.did.review": "The access log was gone through.",
    "breach.exposed": "What was there",
    "breach.exposed_lead": "Counted on this device when it was written down.",
    "breach.exposed.clips": "{count} clips",
    "breach.exposed.pictures": "{count} pictures",
    "breach.exposed.issues": "{count} stock mismatches",
    "breach.exposed.visits": "times of {count} visits (no names)",
    "breach.exposed.sales": "{count} lines of sales (products and won, not who bought)",
    "breach.exposed.accounts": "names of {count} accounts",
    "breach.exposed.requests": "{count} requests to see recordings (names and contacts)",
    "breach.exposed.contacts": "{count} of the manager's name and telephone",
    "breach.exposed.nothing": "nothing that is known",
    "breach.exposed.key": (
        "The cloud key can only add new evidence of this store and read its receipts and the "
        "owner's decisions. It can neither see, delete nor change what was uploaded, nor see "
        "another store."
    ),
    "breach.exposed.account": (
        "If it was not the device's key but an administrator's key or account of AWS, take all "
        "clips and pictures of the bucket as exposed, and write it down as 'Somebody may have "
        "been in'."
    ),
    "breach.exposed.key_items": (
        "receipts of notices and the owner's decisions (nothing that shows a person)"
    ),
    "breach.exposed.passwords": (
        "Passwords are there only as values that cannot be turned back (argon2id). Short ones "
        "can be guessed."
    ),
    "breach.exposed.no_cards": (
        "There are no card numbers: this device neither takes nor keeps card data."
    ),
    "breach.clock": "72 hours",
    "breach.clock_lead": (
        "Whoever was recorded is told within 72 hours of your learning of it. Where somebody "
        "came in unlawfully from outside, more than 1,000 people or sensitive data are "
        "concerned, it is reported within the same time to the Personal Information Protection "
        "Commission or KISA. For customers whose contact you do not know, put the notice on "
        "your web site or where it is seen in the shop for 30 days or more."
    ),
    "breach.notice_title": "Notice to the customers",
    "breach.report_title": "What the report says",
    "breach.copy_lead": (
        "In Korean, for that is who reads it. Fill in the blanks and change what you like. "
        "What you mark as done stands in it."
    ),
    "breach.print": "Print it from the browser.",
    "breach.what.card": "The card (or the device) with the store's records is gone.",
    "breach.what.key": "The key with which the store's device uploads has got out.",
    "breach.what.intrusion": (
        "There are signs that somebody was in the store's device without leave; this is being "
        "looked into."
    ),
    "breach.notice": (
        "Notice about personal data\n\n"
        "Personal data of {store} have got out, or may have. We are sorry.\n\n"
        "1. What has, or may have\n"
        "{items}\n"
        "No card numbers or payment data: the device has none.\n\n"
        "2. When and how\n"
        "We learnt of it on {learnt}. {what}\n\n"
        "3. What you can do\n"
        "If you see clips or pictures of it, please do not pass them on, and tell us. Do not "
        "answer anybody who asks for data or money in the store's name.\n\n"
        "4. What we do\n"
        "{measures}\n"
        "If you have suffered by it, please tell us.\n\n"
        "5. Whom to ask\n"
        "{manager} {phone}\n\n"
        "{today}\n"
        "{store}"
    ),
    "breach.report": (
        "To: the Personal Information Protection Commission, or KISA\n\n"
        "Who: {store}\n"
        "Learnt: {learnt}\n"
        "Due: {due}\n"
        "Have those concerned been told: ________________\n"
        "What and how much:\n"
        "{items}\n"
        "How: {what}\n"
        "Measures:\n"
        "{measures}\n"
        "Contact: {manager} {phone}"
    ),
    "breach.close": "Close it",
    "breach.close_lead": (
        "Write down when it was told and reported, the number of the report, and what was found."
    ),
    "breach.outcome": "What came of it",
    "breach.back": "To the breaches",
    "breach.people": "When the device is gone or somebody may have been in",
    "breach.people_open": "Open the breach page",
    "access.breach": "Breach written down",
    "access.breach_step": "Breach: a measure",
    "access.breach_closed": "Breach closed",
}
