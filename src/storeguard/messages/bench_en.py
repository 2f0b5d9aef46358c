"""English of the work on a scale."""

TEXTS: dict[str, str] = {
    "setup.areas": "Draw what does not count, what stays black",
    "areas.title": "Camera areas",
    "areas.of": "Areas of camera {camera}",
    "areas.picture": "Camera {camera} now",
    "areas.ignore": "People do not count here",
    "areas.mask": "Stays black",
    "areas.help": (
        "Draw its outline in one go with your finger. Tap an area to choose it. Outside of a glass "
        "door nobody counts; a neighbour's shop or a toilet's door stays black."
    ),
    "areas.view": "What the picture shows",
    "areas.view_lead": (
        "Look at the picture and answer. Whatever is seen has to be drawn as covered."
    ),
    "areas.view.street": "A street or a neighbour's door?",
    "areas.view.private": "A changing room or a toilet?",
    "areas.view.pin_pad": "A pad where a PIN is typed (a card terminal)?",
    "areas.yes": "Yes",
    "areas.no": "No",
    "areas.view_save": "Save the answers",
    "areas.unanswered": "Not answered yet.",
    "areas.unmasked": "What you see is not covered yet. Please draw what stays black.",
    "areas.masked": "Something is seen, and parts are covered. Look whether all of it is.",
    "areas.remove": "Delete the chosen one",
    "areas.undo": "Undo",
    "areas.save": "Save",
    "areas.back": "Devices",
    "areas.saved": "Saved. Press 'Restart' in the settings to have it in force.",
    "areas.not_saved": "It could not be saved. What is drawn is still here; press again.",
    "bench.lead": (
        "Tare: the empty scale is 0 g. Calibrate: with goods or a weight. Diagnose: ten seconds, "
        "untouched."
    ),
    "bench.job.tare": "Tare",
    "bench.job.calibrate": "Calibrate",
    "bench.job.diagnose": "Diagnose",
    "bench.title.tare": "Tare scale {scale}",
    "bench.title.calibrate": "Calibrate scale {scale}",
    "bench.title.diagnose": "Diagnose scale {scale}",
    "bench.cancel": "Cancel",
    "bench.how": "With what?",
    "bench.with_product": "Goods of this shelf (one, then five)",
    "bench.with_mass": "Something of known weight (g)",
    "bench.grams": "Its weight (g)",
    "bench.begin": "Begin",
    "bench.next": "Done",
    "bench.end": "Finish",
    "bench.working": "Weighing. Hands off, please wait.",
    "bench.put_back": "Put the goods back, then press 'Finish'. From then on it is guarded again.",
    "bench.busy": "Another scale is being worked on. Finish that first.",
    "bench.not_sent": "That could not be sent. Please press again.",
    "bench.refused.did_not_move": (
        "The load did not move the scale. Does the plate rest on the cell, are its four wires "
        "right? Nothing was changed."
    ),
    "bench.refused.too_light": "That is too light. Take something heavier. Nothing was changed.",
    "bench.refused.not_back": (
        "With everything off it is not as before. Is something left on it, has the plate moved? "
        "Nothing was changed."
    ),
    "bench.refused.uneven": (
        "Count and weight do not fit. Count again, put them in the middle, and repeat. Nothing "
        "was changed."
    ),
    "bench.refused.implausible": (
        "This cell cannot show that. Check the weight (g) of the product. Nothing was changed."
    ),
    "bench.refused.reversed": (
        "It moved the other way than before. Begin with the empty scale. Nothing was changed."
    ),
    "bench.refused.restless": (
        "Not at rest within 30 seconds. Keep hands and draught off. Nothing was changed."
    ),
    "bench.refused.no_calibration": "It has no calibration yet. Calibrate it first.",
    "bench.refused.silent": (
        "Nothing comes from the scale. Check its power and the wires DT and SCK. Nothing was "
        "changed."
    ),
    "bench.refused.given_up": "Given up. Nothing was changed.",
}
