import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.incident.dispatch.confidence import calibrate
from aiops.incident.dispatch.keep import from_bytes, to_bytes
from aiops.incident.dispatch.model import fit
from aiops.incident.dispatch.words import character_terms, clean, word_terms

TEXT = st.text(max_size=80)
ROWS = st.lists(st.tuples(TEXT, TEXT, st.sampled_from("abc")), min_size=1, max_size=25)


@settings(max_examples=60, deadline=None)
@given(ROWS, st.lists(TEXT, max_size=5), st.floats(0, 1))
def test_any_text_gets_an_answer_that_survives_the_file(rows, new, precision):
    columns = {"one": [row[0] for row in rows], "two": [row[1] for row in rows]}
    model = fit(columns, [row[2] for row in rows])
    answer = from_bytes(to_bytes(model), "m").assign({"one": new}, precision)
    assert len(answer.label) == len(new)
    assert set(answer.label) <= set(model.labels)
    assert np.all((answer.confidence >= 0) & (answer.confidence <= 1))


@given(st.text(alphabet=st.characters(), max_size=300))
def test_clean_text_is_clean_already(text):
    once = clean(text)
    assert all(ord(c) >= 32 for c in once)
    assert all(list(word_terms(once)))
    assert all(list(character_terms(once)))


@given(
    st.lists(st.tuples(st.floats(0, 5), st.booleans()), max_size=200),
    st.floats(0.1, 0.95),
    st.floats(0, 0.05),
)
def test_a_higher_promise_never_keeps_more(answers, precision, more):
    margin = np.array([answer[0] for answer in answers])
    right = np.array([answer[1] for answer in answers], dtype=bool)
    curve = calibrate(margin, right)
    assert curve.threshold(precision + more) >= curve.threshold(precision)
    chance = curve.probability(np.linspace(0, 5, 20))
    assert np.all(np.diff(chance) >= 0)
