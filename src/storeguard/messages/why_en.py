"""English of why a judgement says what it says."""

TEXTS: dict[str, str] = {
    "why.taken": "At {time}, {count} {product} ({grams} g) left shelf {scale}.",
    "why.overdue": (
        "By {until}, {count} {product} had not been paid, and somebody is still in the store."
    ),
    "why.unpaid": "By {until}, {count} {product} had not been paid.",
    "why.named": "By the weight it was most likely {product}, but may have been: {others}.",
    "why.contested": (
        "The payment at {until} for {count} {product} was taken for an earlier visitor's. "
        "It may have been this one's: look at both visits."
    ),
    "why.promoted": (
        "Promotion '{promotion}': {count} {product} may be taken beyond what the kiosk recorded."
    ),
    "why.proposed": (
        "{count} {product} fit the promotion '{promotion}', which nobody has confirmed yet: "
        "not judged."
    ),
    "why.bulk": (
        "{scale}: from {time} on, {product}, about {count} items, some {won} won, went unpaid. "
        "The weight of a freezer does not say which products."
    ),
    "why.bulk_unsure": (
        "The freezer did not rest for long: this weight may be wrong by up to {count} g, and what "
        "it is worth with it."
    ),
    "why.standing": "With nobody inside, the shelf has {count} {product} fewer than booked.",
    "why.standing_start": "While the power was off, {count} {product} went from the shelf.",
    "why.interrupted": (
        "It was cut short by a stop and could not be judged. The books were compared afterwards."
    ),
    "why.by_amount": "A payment of {won} won that named no product paid for {count} × {product}.",
    "why.amount_over": "{won} won more were paid without naming a product than was owed.",
    "why.amount_unmatched": "{won} won paid without naming a product fit no product's price.",
    # What may be unpaid; {range} is how many.
    "why.uncertain": (
        "What changed at {time} on shelf {scale} ({change} g) does not tell how many {product}. "
        "{range}"
    ),
    "why.either": (
        "What changed at {time} on shelf {scale} ({change} g) may be {product}, or {others}. "
        "{product}: {range}"
    ),
    "why.drifted": (
        "The weight of shelf {scale} has crept by {change} g with nobody touching it, so the "
        "count of {product} is not certain. {range}"
    ),
    "why.unclear": "The weight alone does not tell how many {product}. {range}",
    "why.perhaps_paid": "{product} may have been paid for as something else ({others}). {range}",
    "why.refund": (
        "Money for {product} was given back at {until}, so nobody can say whether any is unpaid. "
        "{range}"
    ),
    "range.none": "None seems to be unpaid.",
    "range.most": "At most {high} may be unpaid.",
    "range.between": "{low} to {high} are unpaid.",
    "range.exactly": "{low} not paid.",
    # What could not be checked.
    "why.failed": (
        "The scale of shelf {scale} could not be used from {time} on: {product} was not checked."
    ),
    "why.restless": "The scale of shelf {scale} did not come to rest: {product} was not checked.",
    "why.shared": (
        "What changed at {time} on shelf {scale} ({change} g) may be this visitor's or an earlier "
        "one's: {product} was not checked."
    ),
    "why.no_sales": "No sales were told within a day: {product} was not checked.",
    "why.bulk_failed": (
        "The scale of freezer {scale} could not be used from {time} on: what left it was not "
        "checked."
    ),
    "why.bulk_restless": (
        "Freezer {scale} has not come to rest since {time}: what left it was not checked."
    ),
    "why.bulk_shared": (
        "What changed at freezer {scale} from {time} on ({change} g) may be this visitor's or "
        "another's."
    ),
    "why.bulk_fetched": (
        "What left freezer {scale} at {time} ({grams} g) weighs what somebody had left there "
        "before: it was not taken for unpaid goods."
    ),
    "why.bulk_lifted": (
        "At {time}, {grams} g left freezer {scale}: more than anybody carries, so that the freezer "
        "itself seems to have been lifted or moved. Have a look at it."
    ),
    "why.unverified": "{product} was not checked.",
    # What is not missing.
    "why.mixed_up": "{count} {product} went through the kiosk as something else ({others}).",
    "why.misplaced": (
        "{count} {product} left shelf {from_scale} at {from_time} and came to shelf {scale} at "
        "{time}."
    ),
    "why.put_elsewhere": "At {time}, {count} {product} came to shelf {scale}, which is not theirs.",
    "why.brought": "At {time}, {count} more {product} came to shelf {scale}.",
    "why.overpaid": "Paid for beyond what had left: {count} {product}.",
    "why.written_off": "Taken by whoever looks after the store: {count} {product}.",
}
