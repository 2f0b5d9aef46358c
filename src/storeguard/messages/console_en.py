"""English of the console: signing in, and the owner's pages."""

from storeguard.messages import (
    bench_en,
    breach_en,
    first_en,
    issues_en,
    review_en,
    settings_en,
    sheets_en,
    viewing_en,
)

TEXTS: dict[str, str] = {
    # The door.
    "login.title": "Sign in",
    "login.lead": "For the owner and the staff only.",
    "login.name": "Name",
    "login.password": "Password",
    "login.sign_in": "Sign in",
    "login.lost": "First time here, or password lost?",
    "login.kiosk": "To the kiosk",
    "login.code_title": "Set up the owner",
    "login.code_lead": (
        "Enter the one-time code that the shop's computer shows. There, this makes a new one:"
    ),
    "login.code": "One-time code",
    "login.new_password": "New password",
    "login.rule": "12 signs or more. A few words in a row are easy to remember.",
    "login.change": "Change the password",
    "login.current": "Current password",
    "people.own_password": "Change my password",
    "people.yourself": "Change your own password with the current one, on its own page.",
    "login.set": "Save and enter",
    "login.back": "Back to sign in",
    "login.wrong": "The name or the password is not right.",
    "login.link_over": "This link has been used, or is too old. Please sign in.",
    "login.wrong_code": "The code is not right, or too old. Make a new one.",
    "login.too_many": "Wrong too often. Try again in {minutes} min.",
    "login.bad_name": "A name has 1 to 32 letters and digits.",
    "login.length": "A password has 12 to 128 signs.",
    "login.weak": "This password is guessed easily. Choose another one.",
    "login.no_files": "The state folder cannot be written, so no account can be kept.",
    "login.needed": "Sign in first.",
    "login.not_yours": "Only the owner may see this page.",
    # Around every page.
    "nav.label": "Menu",
    "nav.now": "Now",
    "nav.out": "Sign out",
    "nav.kiosk": "Kiosk",
    "web.foreign_host": "Not to be opened by this name. See web.allowed_hosts of the settings.",
    "sale.no_such": "There is no such sale.",
    "kiosk.search": "Find a product",
    "kiosk.unknown_barcode": "Unknown barcode: {barcode}",
    "kiosk.card": "Enter card numbers at the terminal only.",
    "web.too_many": "Please wait a moment and try again.",
    "people.code": "One-time code: {code} (for {minutes} min). Enter it at {url}/login/code",
    "people.code_nowhere": (
        "One-time code: {code} (for {minutes} min). Enter it at /login/code of the pages."
    ),
    "demo.cloud_page": "The page behind the SMS (cloud): {link}  {name} / {password}",
    "demo.door": "owner: {link} (a link for once). To come back: {name} / {password}",
}

TEXTS |= bench_en.TEXTS | first_en.TEXTS | issues_en.TEXTS | settings_en.TEXTS | sheets_en.TEXTS
TEXTS |= breach_en.TEXTS | review_en.TEXTS | viewing_en.TEXTS
