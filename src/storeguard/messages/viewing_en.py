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
        "Clips of that time that are kept now stay until you have answered. Clips of visits "
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
        "A clip in which you have marked the person shows that person; all the rest is blurred, "
        "and the whole picture where they are lost or somebody else overlaps them. A clip without "
        "a mark is blurred all over. Open what you made before you hand it over."
    ),
    "viewing.no_network": (
        "To show the person alone a network that finds people is needed: "
        "storeguard models pull yolox-nano"
    ),
    "viewing.mark": "Mark the person",
    "viewing.marked": "marked on {count}",
    "viewing.mark_of": "Which one is {who}?",
    "viewing.mark_lead": (
        "Tap the person on a picture, or choose the number below. One picture is enough to follow "
        "them both ways. Where people cross it stops: a mark on a later picture shows more."
    ),
    "viewing.still": "second {second}",
    "viewing.still_people": "picture with numbers on {count} people",
    "viewing.person": "No. {number}",
    "viewing.not_there": "Not there, not sure",
    "viewing.mark_save": "Save",
    "viewing.mark_back": "To the clips",
    "viewing.nobody_found": "Nobody was found in this clip. It can be exported blurred all over.",
    "viewing.busy": "Other clips are being blurred. Please try again when that is done.",
    "viewing.working": "Blurring the clips, {percent} %",
    "viewing.ready": "The file is ready. Open it before you hand it over.",
    "viewing.share": "Clip {number}: the person is seen on {percent} % of the pictures",
    "viewing.fetch": "Download (zip)",
    "viewing.export_failed": "No file was made. Try again; if it goes on, see the log.",
    "viewing.export_full": "Too little space, so no file was made. Choose fewer clips at a time.",
    "viewing.export": "Make a file of the chosen clips",
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
    "viewing.only_oneself": "shows the person alone (on {percent} %), the rest blurred",
    "viewing.blurred": "blurred",
    "viewing.use": "For the person who asked, and nobody else. Do not publish it.",
    "viewing.held": "viewing request {id}",
    "viewing.task": "Viewing requests to answer: {count}, by {due}.",
    "access.viewing": "Viewing request noted",
    "access.viewing_export": "Viewing request: export",
    "access.viewing_answered": "Viewing request answered",
    "access.viewing_refused": "Viewing request refused",
}
