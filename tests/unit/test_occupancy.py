"""Pictures → visits: empty is several person-free pictures over a time, never darkness."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from storeguard.domain.events import StoreEmptied, StoreOccupied
from storeguard.domain.occupancy import (
    SURE,
    Detection,
    Occupancy,
    Presence,
    Sighting,
    advance,
    kept,
    moved,
    outside,
    overlap,
    scaled,
    witness_step,
)

EMPTY_FOR_S = 5.0


NOTHING_KNOWN = Occupancy()


def look(pictures, state: Occupancy = NOTHING_KNOWN, empty_for_s: float = EMPTY_FOR_S):
    """Pictures are (t_s, people); returns the last state and all events."""
    events = []
    for t_s, people in pictures:
        state, new = advance(state, Sighting(t_s, people), empty_for_s)
        events += new
    return state, events


def every(step_s: float, start_s: float, until_s: float, people: int | None):
    count = round((until_s - start_s) / step_s)
    return [(start_s + n * step_s, people) for n in range(count + 1)]


OCCUPIED, _ = look([(0.0, 1)])
EMPTY, _ = look(every(1, 0, 10, 0))


def test_before_the_first_picture_nothing_is_known():
    assert look([]) == (Occupancy(), [])
    assert Occupancy().presence is Presence.UNKNOWN


def test_the_first_person_opens_a_visit_and_the_next_ones_do_not():
    state, events = look([(1.0, 1), (1.2, 2), (1.4, 1)])
    assert events == [StoreOccupied(1.0)]
    assert (state.presence, state.last_seen_s) == (Presence.OCCUPIED, 1.4)


def test_one_empty_frame_does_not_end_a_visit():
    state, events = look([(1.0, 0), (1.2, 1), (60.0, 0)], OCCUPIED)
    assert events == []
    assert state.presence is Presence.OCCUPIED


def test_the_visit_ends_with_the_last_person_seen():
    state, events = look([(1.0, 1), *every(0.5, 1.5, 7, 0)], OCCUPIED)
    assert events == [StoreEmptied(6.5, last_seen_s=1.0)]
    assert (state.presence, state.last_seen_s, state.emptied_s) == (Presence.EMPTY, None, 6.5)


def test_two_pictures_are_too_few_however_far_apart():
    state, events = look([(1.0, 0), (100.0, 0)], OCCUPIED)
    assert (events, state.presence) == ([], Presence.OCCUPIED)
    _, events = look([(100.2, 0)], state)
    assert events == [StoreEmptied(100.2, 0.0)]


def test_three_pictures_are_too_few_within_the_waiting_time():
    state, events = look(every(0.2, 1.0, 5.8, 0), OCCUPIED)
    assert (events, state.presence) == ([], Presence.OCCUPIED)


def test_a_person_begins_the_waiting_anew():
    _, events = look([*every(1, 1, 5, 0), (5.5, 1), *every(1, 6, 10, 0)], OCCUPIED)
    assert events == []


def test_no_waiting_time_still_takes_three_pictures():
    _, events = look(every(0.1, 1, 1.1, 0), OCCUPIED, empty_for_s=0.0)
    assert events == []
    _, events = look(every(0.1, 1, 1.2, 0), OCCUPIED, empty_for_s=0.0)
    assert len(events) == 1


# --- darkness


def test_darkness_never_empties_the_store():
    state, events = look(every(0.2, 1, 600, None), OCCUPIED)
    assert (events, state.presence) == ([], Presence.OCCUPIED)


def test_darkness_breaks_the_run_of_empty_pictures():
    pictures = [*every(1, 1, 5, 0), (5.5, None), *every(1, 6, 10, 0)]
    state, events = look(pictures, OCCUPIED)
    assert events == []
    _, [emptied] = look([(11.0, 0)], state)
    assert emptied == StoreEmptied(11.0, 0.0)


def test_an_empty_store_that_goes_dark_is_unknown_and_empty_again_only_after_a_full_look():
    dark, events = look([(20.0, None)], EMPTY)
    assert (dark.presence, events) == (Presence.UNKNOWN, [])
    state, events = look(every(1, 21, 25, 0), dark)
    assert (state.presence, events) == (Presence.UNKNOWN, [])
    state, events = look([(26.0, 0)], state)
    assert (state.presence, events) == (Presence.EMPTY, [])


def test_a_person_in_the_first_light_opens_a_visit():
    dark, _ = look([(20.0, None)], EMPTY)
    _, events = look([(21.0, 1)], dark)
    assert events == [StoreOccupied(21.0)]


# --- the start


def test_the_first_look_at_an_empty_store_ends_no_visit():
    state, events = look(every(1, 0, 10, 0))
    assert (state.presence, events) == (Presence.EMPTY, [])


def test_the_store_stays_empty_without_further_events():
    _, events = look(every(1, 11, 100, 0), EMPTY)
    assert events == []


# --- steps as witnesses


@pytest.mark.parametrize("before", [Occupancy(), EMPTY, look([(20.0, None)], EMPTY)[0]])
def test_a_step_with_nobody_seen_opens_a_visit(before):
    state, events = witness_step(before, started_s=30.0, now_s=32.0)
    assert events == (StoreOccupied(30.0, by_step=True),)
    assert (state.presence, state.last_seen_s) == (Presence.OCCUPIED, 32.0)


def test_the_visit_of_a_step_ends_like_any_other():
    state, _ = witness_step(EMPTY, started_s=30.0, now_s=32.0)
    _, events = look(every(1, 33, 38, 0), state)
    assert events == [StoreEmptied(38.0, 32.0)]


def test_a_step_while_the_customer_is_seen_says_nothing_new():
    state, _ = look([(10.0, 1), (11.0, 0)], OCCUPIED)
    assert witness_step(state, started_s=9.0, now_s=11.5) == (state, ())


def test_a_step_after_the_last_look_at_the_customer_prolongs_the_visit():
    state, _ = look([(10.0, 1), *every(1, 11, 14, 0)], OCCUPIED)
    state, events = witness_step(state, started_s=12.0, now_s=14.0)
    assert (events, state.last_seen_s) == ((), 14.0)
    _, events = look(every(1, 15, 19, 0), state)
    assert events == []


def test_a_step_that_comes_to_rest_after_its_visit_opens_no_other():
    """The customer left a swinging hook behind; it is no witness of a second person."""
    emptied, [event] = look(every(1, 1, 7, 0), OCCUPIED)
    assert witness_step(emptied, started_s=event.t_s - 3, now_s=event.t_s + 4) == (emptied, ())


# --- areas to ignore


WINDOW = ((0.5, 0.0), (1.0, 0.0), (1.0, 0.5), (0.5, 0.5))
TRIANGLE = ((0.0, 0.0), (1.0, 0.0), (0.0, 1.0))


def person(foot_x: float, foot_y: float) -> Detection:
    return Detection((foot_x - 10, foot_y - 50, foot_x + 10, foot_y), 0.9)


def test_nobody_stays_nobody():
    assert outside((), (WINDOW,), (640, 360)) == ()


@pytest.mark.parametrize(
    ("foot", "areas", "counts"),
    [
        ((480, 90), (), True),
        ((480, 90), (WINDOW,), False),
        ((480, 200), (WINDOW,), True),  # the body is in the window, the feet are not
        ((100, 90), (WINDOW,), True),
        ((100, 90), (WINDOW, TRIANGLE), False),
        ((500, 300), (TRIANGLE,), True),
        ((100, 100), (TRIANGLE,), False),
    ],
)
def test_people_count_by_where_they_stand(foot, areas, counts):
    one = person(*foot)
    assert outside((one,), areas, (640, 360)) == ((one,) if counts else ())


# --- properties


pictures = st.lists(
    st.tuples(st.floats(0.05, 3), st.sampled_from([0, 0, 0, 1, 2, None])), max_size=80
)


@given(pictures)
def test_visits_open_and_close_in_turn_and_only_after_the_whole_wait(gaps):
    t_s, history, state, events = 0.0, [], Occupancy(), []
    for gap_s, people in gaps:
        t_s += gap_s
        history.append((t_s, people))
        state, new = advance(state, Sighting(t_s, people), EMPTY_FOR_S)
        for event in new:
            if isinstance(event, StoreEmptied):
                since = [(t, n) for t, n in history if t > event.last_seen_s]
                run = [
                    t for t, n in since if t > max((t for t, n in since if n is None), default=-1)
                ]
                assert len(run) >= 3
                assert run[-1] - run[0] >= EMPTY_FOR_S
                assert all(not n for _, n in since)
        events += new
    kinds = [type(event) for event in events]
    assert kinds == [StoreOccupied, StoreEmptied] * (len(kinds) // 2) + [StoreOccupied] * (
        len(kinds) % 2
    )


# --- how sure a picture is


def doubtful(*pictures, state=NOTHING_KNOWN):
    events = []
    for t_s, people, confidence in pictures:
        state, new = advance(state, Sighting(t_s, people, confidence), EMPTY_FOR_S)
        events += new
    return state, events


def test_one_picture_that_is_not_sure_opens_no_visit():
    state, events = doubtful((1.0, 1, 0.45), (1.2, 0, 1.0), (9.0, 1, 0.45))
    assert events == []
    assert state.presence is not Presence.OCCUPIED


def test_two_of_three_that_are_not_sure_open_it_with_the_first():
    state, events = doubtful((1.0, 1, 0.45), (1.2, 0, 1.0), (1.4, 1, 0.5))
    assert events == [StoreOccupied(1.0)]
    assert state.last_seen_s == 1.4


def test_one_that_is_sure_opens_it_at_once():
    assert doubtful((1.0, 1, SURE))[1] == [StoreOccupied(1.0)]


def test_inside_a_visit_any_person_counts():
    state, _ = doubtful((5.0, 1, 0.3), state=OCCUPIED)
    assert state.last_seen_s == 5.0


# --- boxes

PERSON = Detection((10.0, 20.0, 30.0, 60.0), 0.5)


def test_people_on_a_smaller_picture_and_on_a_part_of_it_lie_where_they_are():
    assert scaled([PERSON], (100, 100), (200, 300))[0].xyxy == (20, 60, 60, 180)
    assert moved([PERSON], (5, 7))[0].xyxy == (15, 27, 35, 67)


def test_who_was_there_may_be_less_sure_than_who_appears():
    weak = Detection((12.0, 20.0, 32.0, 60.0), 0.25)
    elsewhere = Detection((200.0, 20.0, 230.0, 60.0), 0.25)
    assert kept([weak, elsewhere], [], 0.4) == ()
    assert kept([weak, elsewhere], [PERSON], 0.4) == (weak,)
    assert kept([Detection(weak.xyxy, 0.2)], [PERSON], 0.4) == ()
    assert kept([elsewhere, PERSON], [], 0.3) == (PERSON,)


def test_overlap_is_a_share_of_both():
    half = Detection((10.0, 20.0, 20.0, 60.0), 0.5)
    nothing = Detection((10.0, 20.0, 10.0, 20.0), 0.5)
    assert overlap(PERSON, PERSON) == 1.0
    assert overlap(PERSON, half) == 0.5
    assert overlap(PERSON, Detection((100.0, 0.0, 110.0, 9.0), 0.5)) == 0.0
    assert overlap(nothing, nothing) == 0.0
