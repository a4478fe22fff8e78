"""Whatever stands in the file, the answer is settings or a list of problems."""

import re
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st
from yaml.nodes import ScalarNode

from aiops.config import parse
from aiops.config.reference import write_example
from aiops.config.values import read_duration, write_duration
from aiops.contracts.errors import ConfigError

SIGNS = ["\n  ", ": ", "- ", "&a ", "*a", "!!str ", "<<: ", "---\n", "\ufeff", "\u2028", "\x00"]
WORDS = "server port assets match collect sources name type host interval 60 30s null env:X 1e3 é"
PIECES = st.sampled_from([*"[]{}:,-#&*!|>%@`'\"?~ \n\t", *SIGNS, *WORDS.split()])
LINE = re.compile(r"f(:\d+:\d+)?: \S")


def answer(text: str) -> None:
    problems = ["f: none"]
    try:
        parse(text, "f")
    except ConfigError as error:
        problems = error.problems
    assert problems
    assert all(LINE.match(line) and "\n" not in line for line in problems)


@settings(max_examples=300, deadline=None)
@given(st.lists(PIECES, max_size=40).map("".join))
def test_pieces_of_yaml_get_an_answer(text):
    answer(text)


EXAMPLE = write_example()


@settings(max_examples=30, deadline=None)
@given(
    st.integers(0, len(EXAMPLE)),
    st.integers(0, 30),
    st.lists(PIECES, max_size=5).map("".join),
)
def test_a_damaged_example_gets_an_answer(at, length, piece):
    answer(EXAMPLE[:at] + piece + EXAMPLE[at + length :])


@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=36_500)))
def test_a_written_duration_reads_back(value):
    value -= timedelta(microseconds=value.microseconds % 1000)
    assert read_duration(ScalarNode("", write_duration(value))) == value
