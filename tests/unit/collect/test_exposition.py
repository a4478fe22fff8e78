"""Reading an exposition line by line, against the official parser and against noise."""

import math

from hypothesis import given, settings
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from aiops.contracts.errors import Unreachable
from collectors.prometheus.exposition import ExpositionReader

# The official parser refuses label names that begin with two underscores.
_NAMES = st.from_regex(r"[a-zA-Z]([a-zA-Z_]{0,6})", fullmatch=True)
_TEXTS = st.text(
    st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00"), max_size=12
)
_VALUES = st.floats(allow_nan=False, allow_infinity=False)
_SAMPLES = st.lists(st.tuples(_NAMES, st.dictionaries(_NAMES, _TEXTS, max_size=3), _VALUES))


def _escape(text):
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def _line(name, labels, value):
    inner = ",".join(f'{key}="{_escape(text)}"' for key, text in labels.items())
    return f"{name}{{{inner}}} {value!r}" if inner else f"{name} {value!r}"


def _read(text, reader=None):
    reader = reader or ExpositionReader()
    found = reader.read(text.encode())
    pairs = zip(found.ids, found.values, strict=True)
    return {reader.identities[series]: value for series, value in pairs}, found.dropped


@given(_SAMPLES)
@settings(deadline=None, max_examples=200)
def test_it_reads_what_the_official_parser_reads(samples):
    lines = [
        _line(f"m{i}_{name}", labels, value) for i, (name, labels, value) in enumerate(samples)
    ]
    text = "".join(f"{line}\n" for line in lines)
    official = {
        (sample.name, tuple(sorted((k, v) for k, v in sample.labels.items() if v))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }
    reader = ExpositionReader()
    for _ in range(2):  # the second time from memory
        ours, dropped = _read(text, reader)
        assert {(key.name, key.labels): value for key, value in ours.items()} == official
        assert not dropped


@given(_SAMPLES, st.lists(st.text(st.characters(blacklist_characters="\n\r"), min_size=1)))
@settings(deadline=None, max_examples=200)
def test_a_bad_line_costs_no_neighbour(samples, noise):
    lines = [
        _line(f"m{i}_{name}", labels, value) for i, (name, labels, value) in enumerate(samples)
    ]
    good, _ = _read("\n".join(["ok 1", *lines]))
    mixed = ["ok 1"]
    for i, line in enumerate(lines):
        mixed += ["!" + noise[i % len(noise)] if noise else "!", line]
    ours, _ = _read("\n".join(mixed))
    assert ours == good


@given(st.binary(max_size=200))
@settings(deadline=None, max_examples=500)
def test_any_bytes_are_read_or_refused(body):
    for openmetrics in (False, True):
        kind = ""
        try:
            found = ExpositionReader().read(body, openmetrics=openmetrics)
            assert all(math.isfinite(value) for value in found.values)
        except Unreachable as error:
            kind = error.kind
        assert kind in {"", "not_exposition", "limit", "truncated"}


def test_a_label_of_a_megabyte_is_dropped_and_its_neighbours_kept():
    huge = "x" * (1 << 20)
    found, dropped = _read(f'a 1\nb{{c="{huge}"}} 2\nd 3\n')
    assert [key.name for key in found] == ["a", "d"]
    assert dropped == {"labels": 1}


def test_a_quote_that_is_never_closed_ends_with_its_line():
    found, dropped = _read('a 1\nb{c="open 2\nd 3\ne{c="x"} 4\n')
    assert [key.name for key in found] == ["a", "d", "e"]
    assert dropped == {"parse": 1}
