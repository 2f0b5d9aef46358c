"""English of the first steps."""

TEXTS: dict[str, str] = {
    "first.title": "First steps",
    "first.steps": "Steps",
    "first.next": "Next",
    "first.not_done": "not yet",
    "first.needed": "Nothing is guarded yet. The first shelf takes ten minutes.",
    "first.begin": "Begin",
    "first.store.name": "Store",
    "first.store.title": "What is your store called?",
    "first.store.lead": "For pages and messages. It can be changed later.",
    "first.store.label": "Name of the store",
    "first.store.manager": "Who answers for the cameras",
    "first.store.phone": "Telephone",
    "first.store.why": (
        "A shop with cameras has to say on a sign whom to ask. The sign is filled in for you."
    ),
    "first.store.wrong": "Please give the store a name. Names have 60 characters, numbers 40.",
    "first.store.open": "Give the store a name first.",
    "first.products.name": "Products",
    "first.products.title": "What do you sell?",
    "first.products.lead": (
        "Begin with what goes on the first shelf. The weight is that of one, packed, on a kitchen "
        "scale."
    ),
    "first.products.label": "Product",
    "first.products.example": "Banana milk",
    "first.products.price": "Price (won)",
    "first.products.grams": "Weight of one (g)",
    "first.products.more": "+ another product",
    "first.products.none": "Please name one product at least.",
    "first.products.weight": (
        "Please give the weight of one. Without a kitchen scale take a little more than what the "
        "packet says."
    ),
    "first.products.open": "Name your products.",
    "first.scales.name": "Scales",
    "first.scales.title": "These scales were found",
    "first.scales.lead": (
        "Press on a shelf with your hand: its scale lights up. Choose what goes on each."
    ),
    "first.scales.pressed": "pressed",
    "first.scales.on": "What goes on it",
    "first.scales.nothing": "not used",
    "first.scales.again": "Look for scales again",
    "first.scales.not_found": (
        "No scale was found. Put its four wires (red 3.3 V, black GND, DT, SCK) where the wiring "
        "card says, and look again."
    ),
    "first.scales.none": "Choose a product for one scale at least.",
    "first.scales.twice": "A product cannot lie on two scales.",
    "first.scales.open": "Choose what goes on the scales.",
    "first.weigh.name": "Weight",
    "first.weigh.title": "Put one, now five",
    "first.weigh.lead": (
        "Each scale learns its weight from one piece, then from five. Just do what the page says."
    ),
    "first.weigh.begin": "Begin",
    "first.weigh.again": "Once more",
    "first.weigh.done": "Done",
    "first.weigh.none": "No scale has been given a product yet.",
    "first.weigh.missing": "Scales {scales} still have to learn their weight.",
    "first.weigh.open": "Let the scales learn their weight.",
    "first.camera.name": "Camera",
    "first.camera.title": "Does the camera see it?",
    "first.camera.lead": "Place it so that door and shelf are both in the picture.",
    "first.camera.picture": "What the camera sees now",
    "first.camera.picamera": "Raspberry Pi camera",
    "first.camera.opencv": "USB or network camera",
    "first.camera.sim": "A camera to practise with (drawn)",
    "first.camera.address": "Address of a network camera",
    "first.camera.without": "Without a camera",
    "first.camera.wrong": "Please choose a camera.",
    "first.camera.blind": (
        "No picture comes from this camera. Check its cable and press again, or choose another."
    ),
    "first.camera.open": "Choose a camera.",
    "first.phone.name": "SMS",
    "first.phone.title": "Where shall we tell you?",
    "first.phone.lead": "A test SMS is sent. When it arrives, all is well.",
    "first.phone.to": "Your mobile number",
    "first.phone.sender": "Sender's number (registered at Solapi)",
    "first.phone.why": (
        "SMS go through Solapi (solapi.com). After signing up and registering a sender you get an "
        "API key and a secret. They stay on this device and are not shown again."
    ),
    "first.phone.send": "Send a test SMS",
    "first.phone.later": "Later",
    "first.phone.kept": "You can be told by SMS",
    "first.phone.incomplete": "Fill in all four, or press 'Later'. Type the secret again.",
    "first.phone.failed": "The SMS could not be sent: {why}",
    "first.phone.open": "Say whether you want SMS.",
    "first.start.name": "Start",
    "first.start.title": "Shall we guard it?",
    "first.start.lead": "Leave the shelves empty. They are filled together after the restart.",
    "first.start.go": "Start guarding",
    "first.start.law": "With a camera, a sign has to be put up at the door.",
    "first.start.sign": "CCTV sign",
    "first.start.by_hand": "Saved. Please start storeguard again.",
    "first.filling.title": "Now fill the shelves",
    "first.filling.lead": "Everything is counted as you put it down. Press when the numbers fit.",
    "first.filling.go": "They fit, all is filled",
    "first.guarded.title": "It is guarded",
    "first.guarded.lead": (
        "Take one and walk out without paying: shortly after, an issue appears on the first page."
    ),
    "first.guarded.now": "See it now",
    "first.guarded.devices": "Devices",
}
