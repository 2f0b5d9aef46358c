"""English of the console's further pages."""

TEXTS: dict[str, str] = {
    "nav.issues": "Discrepancies",
    "nav.inventory": "Inventory",
    "nav.visits": "Visits",
    "nav.days": "Days",
    "nav.devices": "Devices",
    "nav.settings": "Settings",
    "nav.people": "People",
    "people.title": "Who may come in",
    "people.role.owner": "Owner",
    "people.role.staff": "Staff",
    "people.remove": "Remove",
    "people.remove_of": "Remove the account {name}",
    "people.add": "New account, or a new password",
    "people.name": "Name",
    "people.password": "Password (12 signs or more)",
    "people.role": "Role",
    "people.roles": (
        "Staff sees the shop and its devices. Pictures and clips of discrepancies are the "
        "owner's alone."
    ),
    "people.save": "Save",
    "people.accesses": "Who viewed and exported what",
    "people.accesses_lead": "Kept for more than a year; nobody can change or remove a line.",
    "people.viewings": "When customers ask to see themselves",
    "people.viewings_open": "Viewing requests",
    "people.review": "Monthly review",
    "people.none": "Nothing yet.",
    "people.last_owner": "The last owner cannot be removed.",
    "stock.title": "Inventory",
    "stock.kiosk": "Kiosk book",
    "stock.shelf": "Shelf book",
    "stock.give": "Get the CSV",
    "stock.restocking": "Restock mode is on.",
    "stock.restock_off": "Turn it off",
    "stock.restock_lead": "In restock mode both books follow what you put in and take out.",
    "stock.restock_on": "Turn it on",
    "stock.saved": "Saved. The books follow within seconds.",
    "stock.lead_kiosk": (
        "Counts by sales, prices and weights. What is sold while you edit is still taken off."
    ),
    "stock.lead_shelf": (
        "Counts by weight. A count that you edit says what is on the shelf now, and sets the "
        "scale's zero."
    ),
    "stock.product": "Product",
    "stock.count": "Count",
    "stock.price": "Price (won)",
    "stock.weight": "Weight (g)",
    "stock.history": "History",
    "stock.new": "New product",
    "stock.save": "Save",
    "stock.take": "Send a CSV",
    "stock.take_lead": (
        "As Excel has saved it. A wrong cell is named, and the books stay as they are."
    ),
    "weights.title": "Weights that may be better",
    "weights.lead": (
        "Single units that came and went weigh something else than the inventory says. Taking a "
        "weight changes that product's weight and tolerance, and nothing else."
    ),
    "weights.grams": "{grams:g}\u00a0g",
    "weights.from": "Weighed {weighings:,} times; units differ by {tolerance_g:g}\u00a0g",
    "weights.take": "Write it down",
    "weights.decline": "Not now",
    "weights.declined": "The inventory stays as it is. You are asked again if the weight moves on.",
    "weights.gone": (
        "The inventory, or what was weighed, has changed meanwhile: nothing was written. "
        "Please look again."
    ),
    "weights.task": "Products that weigh something else than the inventory says: {count}.",
    "stock.at": "Time",
    "stock.book": "Book",
    "stock.before": "Before",
    "stock.after": "After",
    "stock.why": "Why",
    "stock.no_history": "No change yet.",
    "stock.back": "To the inventory",
    "past.visits": "Visits",
    "past.issue": "See the discrepancy",
    "past.days": "Days",
    "past.chart.visits": "Visits",
    "past.chart.sales": "Sales",
    "past.chart.loss": "Losses",
    "past.table": "As a table",
    "past.day": "Day",
    "past.at": "When",
    "past.items": "Products",
    "past.won": "Amount",
    "past.unseen": "Payments while nobody was seen",
    "past.unseen_count": "{count}",
    "past.unseen_lead": (
        "Before and after these payments the camera showed nobody. A kiosk that the camera does "
        "not see looks so, and so does a payment that was sent from elsewhere. Nothing changes "
        "because it stands here: please have a look."
    ),
    "past.source.kiosk": "kiosk",
    "past.source.terminal": "card terminal",
    "past.source.api": "POS or command",
    "past.source.demo": "demo",
    "setup.devices": "Devices",
    "setup.settings": "Settings",
    "setup.in_force": "All settings",
    "setup.in_force_lead": "What is in force now. The others are changed in config.yaml.",
    "setup.tests": "Test notices",
    "setup.tests_lead": "Has the test of this time reached you? If not, run 'storeguard doctor'.",
    "setup.received": "Received",
    "setup.law": "Sign and policy",
    "setup.law_lead": (
        "A shop with cameras has to put up a sign and say how it treats pictures. Both are "
        "filled in from this configuration."
    ),
    "setup.unanswered": "Please say whether a street, a changing room or a PIN pad is seen.",
    "setup.unmasked": "Something that has to be covered is not covered yet.",
    "setup.law_missing": (
        "Name who answers for the cameras, and their telephone, in the settings."
    ),
    "setup.sign": "CCTV sign",
    "setup.viewings": "Viewing requests",
    "setup.policy": "Privacy policy",
    "law.sign": "CCTV in operation",
    "law.policy": "CCTV policy",
    "law.back": "To the settings",
    "law.print": "Print it with the browser.",
    "law.purpose": "Purpose",
    "law.purpose_is": "Prevention of crime, safety and management of the premises",
    "law.place": "Place and range",
    "law.cameras": "{count} camera(s)",
    "law.hours": "Hours",
    "law.hours_is": "24 hours.",
    "law.kept": "Kept",
    "law.kept_is": (
        "Pictures of visits without a discrepancy are deleted at once, those of a discrepancy "
        "after {days} days."
    ),
    "law.manager": "Manager",
    "law.does_not": (
        "AI only detects whether somebody is there. No sound is recorded, no face is "
        "recognised, no age or sex is judged, nothing is published."
    ),
    "law.where_is": "Pictures are kept on a device in the shop.",
    "law.cloud_is": (
        "Evidence of discrepancies is also kept in the owner's cloud storage ({region})."
    ),
    "law.look": "Where pictures can be seen",
    "law.look_is": "In the shop, by appointment with the manager.",
    "law.request": "Requests to see pictures",
    "law.request_is": (
        "Whoever was filmed may ask to see it and is answered within 10 days. Others are made "
        "unrecognisable before."
    ),
    "law.safe": "How they are kept safe",
    "law.safe_is": (
        "Only the owner sees pictures; who viewed or exported them is kept for more than a "
        "year. Pictures are deleted by themselves when their time is over."
    ),
    "law.not": "What is not done",
}
