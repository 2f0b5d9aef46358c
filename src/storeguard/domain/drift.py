"""How far the zero of a quiet scale may be followed, and what it was if it went further.

Drift cannot be told from an item that is slid away slowly by looking at one moment, only by
how much of it there is: 1 to 7 g/°C on a 10 kg cell, steps of 5 °C within minutes, so 35 g and
a little creep in an hour. What moves further than that within an hour is goods: it is taken back
out of the zero, whole and with its true beginning, as a `Slide`. What moves less stays in
`total_g`, the residual that no count explains, until the owner says what is there: past a third
of a unit nobody can say any more that no unit went. Between winter and summer it may come to any
sum, so the sum alone is never goods; past what a cell moves in all by nature, nobody can say so of
any unit, however heavy.
"""

from dataclasses import dataclass, replace

PER_HOUR_PER_CAPACITY = 0.0045
"""5 °C at 7 g/°C on 10 kg are 35 g; with the day's own slope and creep 45 g."""

IN_ALL_PER_CAPACITY = 0.01
"""100 g on 10 kg: 14 °C at 7 g/°C, or a month of 3 g a day. Past it a scale has to be tared."""

RATE_PER_CAPACITY = 0.000035
"""A second: 5 °C at 7 g/°C within 100 s on 10 kg. What changes faster is no temperature."""

SMALLEST_CAPACITY_G = 10_000.0
"""The published figures are of 10 kg cells; smaller ones are not trusted to be better."""

REMEMBERED_S = 3600.0
NOTED_EVERY_S = 60.0
SLIDING_FOR_S = 600.0
"""After a slide the zero follows hardly at all for so long: the rest of it belongs to it."""

RAMP_PARTS_S = 20.0

JUMP_S, JUMP_PER_RATE, JUMP_SIGMAS = 2.0, 2.0, 5.0
"""What has changed within two seconds by twice what a zero can drift in that time is no drift."""

HELD_FOR_S = 60.0
"""So long the zero does not follow a jump: a hand that rests on a shelf is gone within a minute,
and where it goes as it takes something, both are one step."""

REFINED_AFTER_S, REFINED_PER_BAND = 3.0, 1 / 6
"""So long after a step the level is read again, of new samples: what it was off by is the noise of
the first reading, and no drift. Hundreds of steps a day would add up to a unit."""

DOUBT_PER_UNIT = 1 / 3
CERTAIN_PER_DOUBT = 3 / 4
"""The doubt goes where the residual is well below what made it."""


Notes = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class DriftRules:
    """Bounds of one scale's drift, in grams: what it may move in a second and in an hour, and
    since the owner's word before every count is in doubt."""

    per_s_g: float = RATE_PER_CAPACITY * SMALLEST_CAPACITY_G
    per_hour_g: float = PER_HOUR_PER_CAPACITY * SMALLEST_CAPACITY_G
    in_all_g: float = IN_ALL_PER_CAPACITY * SMALLEST_CAPACITY_G

    @classmethod
    def of(cls, capacity_g: float) -> "DriftRules":
        """They grow with the rated load of the cells."""
        capacity_g = max(capacity_g, SMALLEST_CAPACITY_G)
        return cls(
            RATE_PER_CAPACITY * capacity_g,
            PER_HOUR_PER_CAPACITY * capacity_g,
            IN_ALL_PER_CAPACITY * capacity_g,
        )


@dataclass(frozen=True, slots=True)
class Drift:
    """What the zero of one scale has been moved by since the owner said what is there.

    `past`: (t_s, total g) about once a minute over the last hour. `slid_s`: when more moved
    than drift can. `pushed`: since when, and from which total, the zero has been following as
    fast as it may: the beginning of a step, if one comes of it. `stepped_s`: the last step.
    `held`: a jump that the zero has not begun to follow.
    """

    total_g: float = 0.0
    past: Notes = ()
    slid_s: float | None = None
    pushed: tuple[float, float] | None = None
    stepped_s: float | None = None
    held: "Slide | None" = None

    @property
    def held_g(self) -> float:
        return 0.0 if self.held is None else self.held.grams


@dataclass(frozen=True, slots=True)
class Slide:
    """Grams that the zero had followed and that are none of its own, and since when."""

    since_s: float
    grams: float


Followed = tuple[Drift, Slide | None]


def follow(drift: Drift, t_s: float, off_g: float, elapsed_s: float, rules: DriftRules) -> Drift:
    """Moves by `off_g`, or by as much of it as the elapsed time allows."""
    most_g = rules.per_s_g * elapsed_s
    moved_g = max(-most_g, min(most_g, off_g))
    pushed = drift.pushed
    if moved_g == off_g:
        pushed = None
    elif pushed is None or (pushed[1] <= drift.total_g) != (moved_g > 0):
        pushed = (t_s - elapsed_s, drift.total_g)
    total_g = drift.total_g + moved_g
    past = drift.past
    if not past or t_s - past[-1][0] >= NOTED_EVERY_S:
        first = next((i for i, one in enumerate(past) if t_s - one[0] <= REMEMBERED_S), len(past))
        past = (*past[first:], (t_s, total_g))
    return Drift(total_g, past, drift.slid_s, pushed, drift.stepped_s, drift.held)


def is_too_early(drift: Drift, t_s: float) -> bool:
    """Is the level still that of the last step's own samples?"""
    return drift.stepped_s is not None and t_s - drift.stepped_s < REFINED_AFTER_S


def is_refined(drift: Drift, t_s: float, elapsed_s: float, off_g: float, band_g: float) -> bool:
    """Is this the first look after a step, and the offset no more than a first reading is off?"""
    is_first = drift.stepped_s is not None and is_too_early(drift, t_s - elapsed_s)
    return is_first and abs(off_g) <= REFINED_PER_BAND * band_g


def slide(drift: Drift, t_s: float, band_g: float, rules: DriftRules) -> Followed:
    """What has moved further than a zero does, taken out of the drift; looked for at each note."""
    if drift.past[-1][0] != t_s:
        return drift, None
    is_sliding = drift.slid_s is not None and t_s - drift.slid_s < SLIDING_FOR_S
    limit_g = band_g if is_sliding else rules.per_hour_g
    oldest = next((one for one in drift.past if abs(drift.total_g - one[1]) > limit_g), None)
    if oldest is None:
        return drift, None
    return _taken_out(drift, t_s, *_beginning(drift.past, oldest, limit_g))


def _beginning(past: Notes, oldest: tuple[float, float], limit_g: float) -> tuple[float, float]:
    """Before it the zero moved no faster than would take an hour for the limit."""
    down = past[-1][1] < oldest[1]
    first = len(past) - 1
    while first > 0:
        (before_s, before_g), (after_s, after_g) = past[first - 1], past[first]
        moved_g = before_g - after_g if down else after_g - before_g
        if moved_g < limit_g * (after_s - before_s) / REMEMBERED_S:
            break
        first -= 1
    began = past[first]
    is_most_of_it = abs(past[-1][1] - began[1]) > limit_g / 2
    return began if is_most_of_it else oldest


def step_began(drift: Drift, t_s: float, grams: float, noise_g: float) -> Followed:
    """A step has settled: what the zero had begun to follow of it is part of it.

    `noise_g`: what a zero may be off by itself. One step soon after another is a ramp in parts.
    """
    stepped = Drift(drift.total_g, drift.past, drift.slid_s, stepped_s=t_s)
    if drift.pushed is None:
        return stepped, None
    since_s, total_g = drift.pushed
    moved_g = drift.total_g - total_g
    if moved_g * grams <= 0 or (abs(moved_g) < noise_g and not is_ramp(drift, t_s)):
        return stepped, None
    past = (*drift.past, (t_s, total_g))
    return replace(stepped, total_g=total_g, past=past), Slide(since_s, moved_g)


def is_ramp(drift: Drift, t_s: float) -> bool:
    """Is a change now the next part of a step that came a moment ago?"""
    return drift.stepped_s is not None and t_s - drift.stepped_s < RAMP_PARTS_S


def jumped(
    drift: Drift, t_s: float, elapsed_s: float, left_g: float, unsure_g: float, rules: DriftRules
) -> Slide | None:
    """What has changed at once, too little to be seen moving; said once, while the zero follows.

    Of a drift that is `pushed`. `left_g`: what the zero has still to follow; `unsure_g`: one
    sigma of the change.
    """
    assert drift.pushed is not None
    since_s, total_g = drift.pushed
    grams = drift.total_g - total_g + left_g
    is_now = t_s - elapsed_s - since_s < JUMP_S <= t_s - since_s
    return Slide(since_s, grams) if is_now and is_jump(grams, unsure_g, rules) else None


def is_jump(grams: float, unsure_g: float, rules: DriftRules) -> bool:
    """Is that more than a zero drifts in so short a time, and more than noise?"""
    return abs(grams) >= max(JUMP_PER_RATE * rules.per_s_g * JUMP_S, JUMP_SIGMAS * unsure_g)


def hold(drift: Drift, since_s: float, grams: float) -> Drift:
    """What the zero has begun to follow of the jump is given back; 0 g: none is held any more."""
    total_g = drift.total_g if drift.pushed is None else drift.pushed[1]
    held = Slide(since_s, grams) if grams else None
    return Drift(total_g, drift.past, drift.slid_s, stepped_s=drift.stepped_s, held=held)


def ease(drift: Drift, t_s: float, elapsed_s: float, rules: DriftRules) -> Drift:
    """What has been held for long is followed after all: somebody has moved the plate."""
    if drift.held is None or t_s - drift.held.since_s < HELD_FOR_S:
        return drift
    grams, most_g = drift.held.grams, rules.per_s_g * elapsed_s
    eased_g = max(-most_g, min(most_g, grams))
    held = replace(drift.held, grams=grams - eased_g) if eased_g != grams else None
    return replace(drift, total_g=drift.total_g + eased_g, held=held)


def began_s(drift: Drift, t_s: float) -> float:
    """Since when that has been there which the zero follows now: a jump came when it was seen."""
    if drift.held is None or t_s - drift.held.since_s < HELD_FOR_S:
        return t_s
    return drift.held.since_s


def told(drift: Drift) -> Drift:
    """The owner has said what is there: the residual is nothing again."""
    return Drift(slid_s=drift.slid_s)


def is_in_doubt(drift: Drift, unit_g: float, rules: DriftRules, *, was: bool) -> bool:
    """May a unit have gone, or come, with what the zero has followed?"""
    doubt_g = min(DOUBT_PER_UNIT * unit_g, rules.in_all_g)
    return abs(drift.total_g) > doubt_g * (CERTAIN_PER_DOUBT if was else 1.0)


def _taken_out(drift: Drift, t_s: float, since_s: float, total_g: float) -> Followed:
    grams = drift.total_g - total_g
    return Drift(total_g, ((t_s, total_g),), t_s), Slide(since_s, grams)
