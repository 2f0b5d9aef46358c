"""English, by setting."""

TEXTS: dict[str, str] = {
    "exhibit.curve": "Scale {scale} · {what}",
    # Both pages.
    "page.won": "₩{won}",
    "page.count": "{count}",
    "page.count_of": "{product} × {count}",
    "page.script_needed": "This page needs JavaScript.",
    "page.disconnected": "The connection to the store's computer is lost. Reconnecting.",
    # The kiosk.
    "kiosk.title": "Self checkout",
    "kiosk.lead": "Tap what you have taken",
    "kiosk.products": "Products",
    "kiosk.no_products": "Nothing is on sale.",
    "kiosk.left": "{count} left",
    "kiosk.sold_out": "Sold out",
    "kiosk.add": "{product}, {price}, add",
    "kiosk.in_basket": "{product}, {price}, {count} in the basket, add one more",
    "kiosk.plus": "One more {product}",
    "kiosk.minus": "One {product} less",
    "kiosk.basket": "Basket",
    "kiosk.basket_empty": "The basket is empty",
    "kiosk.clear": "Empty it",
    "kiosk.total": "Total",
    "kiosk.total_of": "Items: {count}, total {total}",
    "kiosk.pay": "Pay",
    "kiosk.paying": "Paying",
    "kiosk.retry": "Try again",
    "kiosk.network": (
        "The connection broke, so the payment is not confirmed yet. It is sent again as soon as "
        "there is one, and never paid twice."
    ),
    "kiosk.refused": "The payment was not taken. Please check the basket.",
    "kiosk.at_most": "At most {count} of one product.",
    "kiosk.only_left": "{product}: only {count} left.",
    "kiosk.partly_paid": "Your earlier payment of {total} went through. Please pay the rest.",
    "kiosk.idle": "The basket is emptied in {seconds} s.",
    "kiosk.stay": "Keep shopping",
    "kiosk.thanks": "Thank you",
    "kiosk.paid": "Your payment is complete",
    "kiosk.repeated": "This order has already been paid.",
    "kiosk.again": "Start over",
    # The owner's page.
    "owner.title": "Store overview",
    "owner.live": "Live",
    "owner.offline": "Disconnected",
    "owner.kiosk": "Checkout page",
    "owner.presence.empty": "Store is empty",
    "owner.presence.occupied": "Customers inside",
    "owner.presence.unknown": "Cannot see",
    "owner.blind_since": "The store cannot be seen since {since}. What happened since is unknown.",
    "owner.people": "People: {count}",
    "owner.for.seconds": "for {count} s",
    "owner.for.minutes": "for {count} min",
    "owner.for.hours": "for {count} h",
    "owner.for.days": "for {count} d",
    "owner.cameras": "Cameras",
    "owner.no_camera": "No camera is set up.",
    "owner.no_picture": "No picture",
    "owner.picture_of": "What camera {camera} sees now",
    "owner.faults": "Devices",
    "owner.no_faults": "All devices are well.",
    "owner.fault_since": "since {since}",
    "owner.scales": "Scales",
    "owner.no_scales": "No scale is set up.",
    "owner.grams": "{grams} g",
    "owner.no_grams": "No reading",
    "owner.stock": "Stock",
    "owner.no_stock": "The inventory has no product.",
    "owner.product": "Product",
    "owner.price": "Price",
    "owner.shelf": "Shelf",
    "owner.kiosk_book": "Kiosk",
    "owner.difference": "Difference",
    "owner.agrees": "Agrees",
    "owner.missing": "{count} missing",
    "owner.surplus": "{count} more",
    "owner.unverified": "Scale needs a look",
    "owner.uncertain": "Count uncertain",
    "owner.unweighed": "On no scale",
    "owner.all_agree": "Shelf and kiosk agree on every product.",
    "owner.differ": "Products whose stock differs: {count}.",
    "owner.some_unknown": "Products that cannot be compared now: {count}.",
    "owner.issues": "Stock discrepancies",
    "owner.no_issues": "No stock discrepancy on record.",
    "owner.issue": "No. {number}",
    "owner.loss": "Loss",
    "owner.loss_today": "loss today {won}",
    "owner.unseen_today": "{count} payments today while nobody was seen",
    "owner.no_evidence": "No picture",
    "owner.evidence": "Picture of stock discrepancy no. {number}",
    "owner.clip": "Clip {number}",
    "owner.picture": "Picture",
    "owner.needs_look": "Needs a look",
    "owner.stand.checking": "Being checked",
    "owner.stand.settled": "Still missing",
    "owner.stand.paid": "Payment confirmed",
    "owner.stand.withdrawn": "Withdrawn",
    "owner.issue.local": "Kept on this device",
    "owner.issue.pending": "Waiting for upload",
    "owner.issue.uploaded": "Uploaded",
    "owner.issue.confirmed": "Message sent",
    "owner.issue.told_later": "Told in a digest",
    "owner.visits": "Visits",
    "owner.no_visits": "No visit yet.",
    "owner.visit.open": "Inside now",
    "owner.visit.pending": "Being settled",
    "owner.visit.awaiting": "waiting for sales data",
    "owner.visit.clean": "All in order",
    "owner.visit.issue": "Stock discrepancy",
    "owner.visit.unsure": "Needs a look",
    "owner.until": "{started} – {ended}",
    "owner.since": "{started} –",
    "owner.taken": "Taken",
    "owner.paid": "Paid",
    "owner.unpaid": "Not paid",
    "owner.nothing_taken": "Nothing taken",
    "owner.notices": "Messages sent",
    "owner.no_notices": "No message sent.",
    "owner.upload": "Upload",
    "owner.upload_to": "S3 bucket {bucket}",
    "owner.upload_off": "Not configured: discrepancies are kept on this device only.",
    # Answers of the server.
    "web.count": "The count must be 1 to 99.",
    "web.malformed": "The order could not be read. Please start over.",
    "web.too_large": "The request is too large.",
    "web.cross_site": "Requests from other sites are refused.",
    "web.not_found": "Not found.",
    "web.not_possible": "This request cannot be served.",
    "web.broken": "Something went wrong. Number {number}.",
    "web.back": "To the overview",
    # What the desk refuses.
    "promotion.title": "promotion",
    "promotion.ask": (
        "Is it a promotion ({buy}+{free})? Visit after visit takes {taken} {product} and pays "
        "{buy}. If so, write it into promotions.csv; if not: storeguard promotions reject "
        "'{name}'. Until then such visits are not judged."
    ),
    "promotion.ask_set": (
        "Is '{name}' a set? Who paid it took {products} with it. If so, write it into "
        "promotions.csv; if not: storeguard promotions reject '{name}'. Until then such visits "
        "are not judged."
    ),
    "promotion.ask_bundle": (
        "Is '{name}' a bundle of {count}, in any mix? Who paid it took {count} of {products}. If "
        "so, write it into promotions.csv; if not: storeguard promotions reject '{name}'. Until "
        "then such visits are not judged."
    ),
    "promotion.issues": "{count} earlier stock mismatch(es) that fit it are taken back.",
    "scale.learnt": (
        "{product}: the inventory says {written_g:g} g, "
        "{weighings} units weighed {unit_g:g} g (±{tolerance_g:g}). "
        "If that is right, correct its weight."
    ),
    "scale.learnt_none": "The inventory fits what was weighed, or fewer than 20 units were.",
    "bulk.name": "freezer {scale}",
    "bulk.label": "{scale} about {grams} g",
    "sale.amount": "the amount must be 1 to {most} won",
    "sale.received": "received {won} won",
    "sale.empty": "The basket is empty.",
    "sale.count": "The count must be 1 to 99.",
    "sale.sold_out": "Not enough left: {left} {product}.",
    "sale.unknown": "There is no product '{product}'. Known: {known}",
    "sale.done": "sold {count} × {product} for {won} won",
    "sale.left": "{left} left",
    "fleet.store": "store",
    "fleet.name": "name",
    "fleet.seen": "last seen (UTC)",
    "fleet.open": "open",
    "fleet.week": "issues, 7 days",
    "fleet.loss": "won lost, 7 days",
    "fleet.blind": "min blind, 7 days",
    "issues.today": "loss today: {won} won",
    "scale.settled": "at rest",
    "scale.moving": "moving",
    # When only half of it runs.
    "safe.last_good": (
        "K701 The configuration cannot be used; the last good one is in force. {problem}"
    ),
    "safe.banner": (
        "S103 Safe mode: several starts have failed, so cameras and scales are off. "
        "Sales and uploads go on."
    ),
    "safe.no_books": "The books cannot be used, so nothing can be sold. Uploads go on.",
    "safe.returns": (
        "A normal start is tried every {minutes} minutes, and when the configuration changes."
    ),
    "safe.why": "Last error: {why}",
    "safe.no_sales": "Nothing can be sold now: the shop's computer is being looked after.",
    # The scale commands.
    "scale.list.id": "scale",
    "scale.list.backend": "backend",
    "scale.list.pins": "pins",
    "scale.list.products": "products",
    "scale.list.calibration": "calibration (counts a gram, zero)",
    "scale.list.missing": "scale {scale}: no calibration; storeguard scale calibrate {scale}",
    "scale.read.nothing": "no reading: {why}",
    "scale.tared": "scale {scale}: its zero is {raw} now ({moved} g from the one before).",
    "scale.tared_far": (
        "Needs a look: the zero has moved by {moved} g. If the scale was not empty, empty it and "
        "do it again."
    ),
    "scale.ask.mass": "Type the mass that you will put on it, in grams.",
    "scale.ask.mass_or_product": (
        "Type the mass that you will put on it, in grams. Without one leave it empty (then "
        "'{product}' is used)."
    ),
    "scale.ask.empty": "Empty scale {scale}, hands off.",
    "scale.ask.weight": "Put {grams} g in the middle, hands off.",
    "scale.ask.units": "Put {count} '{product}' in the middle, hands off.",
    "scale.ask.more": "Put {more} more '{product}', {count} in all, hands off.",
    "scale.ask.back": "Take everything off, hands off.",
    "scale.made": (
        "scale {scale} is calibrated: 1 g = {counts} (error ±{error} %), zero {raw}, "
        "zero came back {back} g, noise {noise} g"
    ),
    "scale.upside_down": (
        "Needs a look: a load makes the value smaller. The cell is upside down, or its wires A+ "
        "and A- are swapped; it works all the same. If you did not begin with the empty scale, "
        "calibrate again."
    ),
    "scale.verdict.sound": "scale {scale}: in order",
    "scale.verdict.faulty": "scale {scale}: needs a look",
    "scale.figure.rate": "{rate} samples/s (configured {nominal})",
    "scale.figure.failed": "failed {failed} %, saturated {saturated}",
    "scale.figure.spread": "spread rms {counts}{grams}",
    "scale.figure.peak": "spread peak to peak {counts}{grams}",
    "scale.figure.drift": "drift over the run {counts}{grams}",
    "scale.finding.no_reading": (
        "No value arrives. Check the board's power (VCC, GND), the wires DT and SCK, and the pins "
        "in the configuration."
    ),
    "scale.finding.saturated": (
        "The value is at its end. Take the load off; if it stays, check the cell's four wires "
        "(E+, E-, A+, A-): one is broken or swapped."
    ),
    "scale.finding.frozen": (
        "The value never changes. The cell is not connected, or the board is broken: check the "
        "cell's wires, then try another board."
    ),
    "scale.finding.failing": (
        "{failed} % of the readings fail. Shorten the wires and check the contacts; if the device "
        "speaks of long pulses, use backend gpiod."
    ),
    "scale.finding.too_slow": (
        "Only {rate} samples/s arrive (configured {nominal}). Make the board's RATE pin and "
        "sample_rate_hz agree."
    ),
    "scale.finding.too_fast": (
        "{rate} samples/s arrive (configured {nominal}). Make the board's RATE pin and "
        "sample_rate_hz agree."
    ),
    "scale.finding.restless": (
        "The weight moved meanwhile. Hands off, and do it again; if nobody touched it, look "
        "whether the plate touches something or a screw is loose."
    ),
    "scale.finding.noisy": (
        "It trembles too much to be counted. Keep the cell's cable away from the fridge's motor "
        "and mains, use a shielded one, check the 5 V supply."
    ),
    "scale.finding.unit_too_light": (
        "It trembles no more than such a cell does, but too much for the lightest product on it. "
        "Put that one on a smaller cell, or write 0 for its weight so that it is not counted."
    ),
    "scale.finding.drifting": (
        "The value keeps moving. Do it again ten minutes after switching on; if it still does, "
        "look whether the plate touches something, or water or cold air reaches the cell."
    ),
    "scale.finding.near_limit": (
        "The value is almost at its end. Take some load off, or write gain: 64 and calibrate."
    ),
    "scale.finding.dropouts": "{failed} % of the readings fail. Usable, but check the contacts.",
    "scale.finding.somewhat_noisy": (
        "It trembles a little. Usable, but light products may be uncertain."
    ),
    "scale.finding.spikes": "Some values jump. Usable, but keep the cable away from mains.",
    "scale.finding.uncalibrated": "It has no calibration: storeguard scale calibrate {scale}",
    "scale.device_says": "device: {why}",
    # The demo's story.
    "demo.opens": "The simulated store opens. Pages: {url} (owner), {url}/kiosk (kiosk)",
    "demo.opens_without_pages": "The simulated store opens (no pages: the port is taken, --port 0)",
    "demo.scene_honest": "── Act 1. A customer who pays",
    "demo.scene_thief": "── Act 2. A customer who does not pay",
    "demo.scene_both": "── Act 3. A customer who pays for a part",
    "demo.enters": "  a customer comes in",
    "demo.takes": "  takes {count} {product}",
    "demo.pays": "  pays for {count} {product}",
    "demo.leaves": "  the customer goes",
    "demo.empty": "  the store is empty",
    "demo.clean": "  visit {number}: shelves and sales agree, its clips are deleted",
    "demo.unpaid": "  visit {number}: stock mismatch, {goods}",
    "demo.sealed": "  issue sealed {id}",
    "demo.delivered": "  uploaded to S3",
    "demo.sms": "  SMS sent: {message}",
    "demo.exit_to_sms": "Exit to SMS: {waits} s, {grace} s of it for a payment. The owner's phone:",
    "demo.stays_open": "The store stays open: {url} (Ctrl-C ends)",
    # Restock mode and deliveries.
    "kiosk.staff": "Staff",
    "kiosk.staff_title": "Restock mode",
    "kiosk.staff_lead": "While it is on, both books follow what you put in and take out.",
    "kiosk.staff_who": "Who are you?",
    "kiosk.staff_owner": "Owner",
    "kiosk.staff_cleaner": "Cleaner",
    "kiosk.staff_staff": "Staff",
    "kiosk.staff_pin": "PIN",
    "kiosk.staff_digits": "Digits entered: {count}",
    "kiosk.staff_erase": "Erase one",
    "kiosk.staff_on": "Turn on",
    "kiosk.staff_off": "Turn off",
    "kiosk.staff_close": "Close",
    "kiosk.staff_failed": "No connection. Please press again.",
    "owner.questions": "Deliveries to confirm",
    "owner.question": "{product}: {count} more since the visit of {seen}. Was it a delivery?",
    "owner.question_yes": "Yes",
    "owner.question_no": "No",
    "owner.question_failed": "The answer was not taken. Please press again.",
    "owner.restock": (
        "Restock mode is on ({who}, since {since}). Both books follow what moves meanwhile. "
        "Without a movement it ends by itself at {until}."
    ),
    "owner.restock.off": "Putting goods in, or taking some out? Say whose visit this is.",
    "owner.mark": "Restock mode",
    "owner.mark.owner": "Owner",
    "owner.mark.cleaner": "Cleaner",
    "owner.mark.staff": "Staff",
    "owner.mark.off": "Turn off",
    "owner.mark.failed": "No connection. Please press again.",
    "owner.restock.owner": "owner",
    "owner.restock.cleaner": "cleaner",
    "owner.restock.staff": "staff",
    "restock.owner": (
        "This is the owner's visit. It ends by itself after 30 minutes without a movement."
    ),
    "restock.cleaner": (
        "This is the cleaner's visit. It ends by itself after 30 minutes without a movement."
    ),
    "restock.staff": "Restock mode is on. It ends by itself after 30 minutes without a movement.",
    "restock.off": "Restock mode is off. What moves from now on is a customer's.",
    "restock.unset": (
        "No PIN is set. Put 4 to 12 digits into the environment variable STOREGUARD_KIOSK_PIN."
    ),
    "restock.wrong": "That is another PIN.",
    "restock.too_many": "Too many tries. Please try again in a minute.",
    "questions.yes": "{product}: noted as a delivery.",
    "questions.no": (
        "{product}: {count} taken back out of the kiosk book. The shelf still shows them: "
        "count, and if that is wrong, correct inventory_weight.csv."
    ),
    "questions.gone": "{product}, {count}: an issue has taken them out of the kiosk book already.",
}
