"""Tables say what is wrong with them, and appear whole or not at all."""

import pandas as pd
import pytest

from aiops.contracts.errors import InputError
from aiops.replay.tables import read_table, read_times, write_tables


def test_a_row_with_too_many_cells_is_named_in_words(tmp_path):
    path = tmp_path / "wide.csv"
    path.write_text("timestamp,cpu\n2026-01-01T00:00:00Z,1\n2026-01-01T00:01:00Z,1,2\n")
    with pytest.raises(InputError) as caught:
        read_table(str(path))
    assert caught.value.problems == [
        f"{path}: row 3: has 3 cells, the header has 2; quote cells that hold commas"
    ]


def test_among_plain_steps_only_the_cell_that_is_none_is_wrong():
    with pytest.raises(InputError) as caught:
        read_times("h.csv", pd.Series(["1", "2", "later"], name="time"))
    (problem,) = caught.value.problems
    assert problem.startswith("h.csv: row 4, column time: 'later' is no integer")


def test_several_tables_are_written_together_or_not_at_all(tmp_path):
    frame = pd.DataFrame({"a": [1]})
    blocked = tmp_path / "is_a_folder.csv"
    blocked.mkdir()
    with pytest.raises(InputError, match="it is a directory"):
        write_tables([(frame, str(tmp_path / "a.csv")), (frame, str(blocked))])
    assert [path.name for path in tmp_path.iterdir()] == ["is_a_folder.csv"]


def test_two_tables_of_one_name_are_refused(tmp_path):
    out = str(tmp_path / "a.csv")
    with pytest.raises(InputError, match="is named for two tables"):
        write_tables([(pd.DataFrame({"a": [1]}), out), (pd.DataFrame({"b": [1]}), out)])
    assert not list(tmp_path.iterdir())
