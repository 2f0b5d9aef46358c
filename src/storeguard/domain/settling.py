"""When a weight has held: statistics over the last settling time of one scale."""

from itertools import pairwise
from statistics import median

Samples = tuple[tuple[float, float], ...]
"""(t_s, gross g), oldest first."""

TRIMMED = 0.1
"""Share of a settling window that may be spikes, at either end."""

FEWEST_SAMPLES = 3
SPAN_SHARE = 0.9
"""A window of 2 s at 10 samples/s spans 1.9 s: the fence-post is missing."""

MEDIAN_LOSS = 1.2533
"""The median of n normal samples scatters by so much more than their mean."""

CREEP_SIGMAS = 5.0
"""Between the halves of a window that does not creep: 3.5 sigma of their difference."""

DRIFTING_SIGMAS = 2.5
"""The same where the halves differ already by what a zero may drift from one to the other. The more
samples, the less the noise leaves them to differ by; a zero drifts all the same."""

PAUSE_S, FEWEST_IN_PAUSE = 0.6, 5
"""A hand that has let go of a plate comes back no sooner, to put down something else. A device of
less than about 8 Hz shows no such moment."""


def is_steady(window: Samples, settle_for_s: float, band_g: float, drifts_g_per_s: float) -> bool:
    """Has the weight held for the settling time, spikes aside, and not crept either?

    `drifts_g_per_s`: so fast its zero may drift.
    """
    if len(window) < FEWEST_SAMPLES:
        return False
    if window[-1][0] - window[0][0] < settle_for_s * SPAN_SHARE - gap_s(window):
        return False
    grams = [g for _, g in window]
    middle = median(grams)
    if any(abs(g - middle) > band_g for g in grams[-2:]):
        return False
    trimmed = sorted(grams)
    spikes = int(len(grams) * TRIMMED)
    if trimmed[-1 - spikes] - middle > band_g or middle - trimmed[spikes] > band_g:
        return False
    half = len(grams) // 2
    crept_g = abs(median(grams[:half]) - median(grams[half:]))
    unsure_g = median_sigma_g(sigma_g(window), half)
    drifted_g = drifts_g_per_s * (window[-1][0] - window[0][0]) / 2 + DRIFTING_SIGMAS * unsure_g
    return crept_g <= min(band_g / 2, max(CREEP_SIGMAS * unsure_g, drifted_g))


def pause_g(window: Samples, still_g: float) -> float | None:
    """The level of the last moment, where no sample of it was further off than `still_g`."""
    since_s = window[-1][0] - PAUSE_S
    moment = [(t_s, g) for t_s, g in window if t_s >= since_s]
    if len(moment) < FEWEST_IN_PAUSE or moment[-1][0] - moment[0][0] < SPAN_SHARE * PAUSE_S - 0.1:
        return None
    middle = median(g for _, g in moment)
    return middle if all(abs(g - middle) <= still_g for _, g in moment) else None


def gap_s(window: Samples) -> float:
    """The mean time between two samples: a window cannot span more than it has fence-posts."""
    return (window[-1][0] - window[0][0]) / (len(window) - 1)


def sigma_g(window: Samples) -> float:
    """Noise from the median jump between neighbours: steps and ramps do not show in it."""
    jumps = [abs(b - a) for (_, a), (_, b) in pairwise(window)]
    return median(jumps) / 0.954 if jumps else 0.0  # median |N(0, sigma·√2)|


def median_sigma_g(noise_g: float, samples: int) -> float:
    """How far the median of so many samples may be off."""
    return float(noise_g * MEDIAN_LOSS / max(1, samples) ** 0.5)


def is_frozen(window: Samples) -> bool:
    """Is every sample of the window the same word, spikes aside?"""
    grams = sorted([g for _, g in window])
    spikes = int(len(grams) * TRIMMED)
    return grams[spikes] == grams[-1 - spikes]
