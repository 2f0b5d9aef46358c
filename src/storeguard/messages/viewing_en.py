"""English of the requests to see recordings of oneself."""

TEXTS: dict[str, str] = {
    "viewing.title": "Viewing requests",
    "viewing.lead": (
        "When a customer asks to see recordings of themselves, note it here. You have to answer "
        "within 10 days."
    ),
    "viewing.empty": "Nobody has asked yet.",
    "viewing.new": "Note a request",
    "viewing.who": "Who asks",
    "viewing.contact": "How to reach them",
    "viewing.day": "Day of the recording",
    "viewing.from": "From",
    "viewing.to": "To",
    "viewing.ten_days": (
        "Clips of discrepancies in that time are kept until the answer is due. Clips of visits "
        "where nothing was missing are gone already."
    ),
    "viewing.save": "Save and find clips",
    "viewing.wrong": "Please check name, day and times. A day to come cannot have been recorded.",
    "viewing.asked_due": "asked {asked} · answer by {due}",
    "viewing.state.open": "Waiting",
    "viewing.state.late": "Overdue",
    "viewing.state.answered": "Answered",
    "viewing.state.refused": "Refused",
    "viewing.found": "Clips found",
    "viewing.found_lead": "Whatever any camera has of that time. Find the person, and choose.",
    "viewing.clip": "Clip {number}",
    "viewing.no_camera": "camera not known",
    "viewing.issue": "clip of a discrepancy",
    "viewing.not_exact": "the time is the file's",
    "viewing.give": "Export",
    "viewing.alone": "Nobody else is in it: do not blur",
    "viewing.blur_lead": (
        "Clips with other people in them leave blurred all over, so that nobody can be known. "
        "Only a clip in which nobody else is seen may leave as recorded; that is logged too."
    ),
    "viewing.export": "Export the chosen clips (zip)",
    "viewing.none_chosen": "Please choose a clip to export.",
    "viewing.nothing": (
        "Nothing is kept of that time. Clips of visits where nothing was missing are deleted at "
        "once; that is your answer."
    ),
    "viewing.span": "Recorded",
    "viewing.asked_on": "Asked on",
    "viewing.due_on": "Answer by",
    "viewing.closed": "Closed",
    "viewing.reason": "Reason",
    "viewing.close": "How was it answered?",
    "viewing.how": "In which way (optional)",
    "viewing.answer": "Answered",
    "viewing.refuse": "Refuse",
    "viewing.refuse_lead": (
        "Say why, and tell the person too. 'Come with the police' and 'others are in it' are no "
        "grounds."
    ),
    "viewing.back": "All requests",
    "viewing.answer_title": "Answer to a viewing request",
    "viewing.file": "File",
    "viewing.recorded": "Recorded, camera",
    "viewing.not_given": "left out: it does not play",
    "viewing.as_recorded": "as recorded, nobody else is in it",
    "viewing.blurred": "blurred",
    "viewing.use": "For the person who asked, and nobody else. Do not publish it.",
    "viewing.held": "viewing request {id}",
    "viewing.task": "Viewing requests to answer: {count}, by {due}.",
    "access.viewing": "Viewing request noted",
    "access.viewing_export": "Viewing request: export",
    "access.viewing_answered": "Viewing request answered",
    "access.viewing_refused": "Viewing request refused",
}
