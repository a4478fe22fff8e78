"""The file of dependencies: read, checked line by line, and taken back when a line goes."""

from datetime import UTC, datetime

import pytest

from aiops.collect.fleet import Fleet
from aiops.config.dependencies import load_dependencies
from aiops.contracts.errors import ConfigError
from aiops.domain.asset import Edge
from aiops.ledger.open import open_ledger

EDGES = (Edge("app-1", "db-07"), Edge("app-1", "nas"), Edge("db-07", "core-1"))


def test_a_table_and_a_list_by_asset_say_the_same(tmp_path):
    table, tree = tmp_path / "edges.csv", tmp_path / "edges.yaml"
    table.write_text("source,target\napp-1,db-07\napp-1, nas\n\ndb-07,core-1\n")
    tree.write_text("app-1: [db-07, nas]\ndb-07: core-1\n")
    assert load_dependencies(str(table)) == EDGES == load_dependencies(str(tree))
    assert load_dependencies("") == ()


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.csv", "from,to\n", ":1"),
        ("a.csv", "source,target\na,b\na\n", ":3"),
        ("a.csv", "source,target\na,a\n", "depends on itself"),
        ("a.yaml", "a: [b, {c: d}]\n", "list of keys"),
        ("a.yaml", "a: a\n", "depends on itself"),
    ],
)
def test_a_wrong_line_is_named(tmp_path, name, text, told):
    path = tmp_path / name
    path.write_text(text)
    with pytest.raises(ConfigError, match=name) as raised:
        load_dependencies(str(path))
    assert told in str(raised.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(ConfigError, match=r"collect\.dependencies"):
        load_dependencies(str(tmp_path / "none.csv"))


def test_a_line_that_is_gone_is_no_dependency_any_more():
    ledger = open_ledger("sqlite://", datetime(2026, 11, 24, tzinfo=UTC))
    try:
        Fleet(ledger, own_edges=EDGES).declare_own()
        assert set(ledger.edges()) == set(EDGES)
        Fleet(ledger, own_edges=EDGES[:1]).declare_own()
        assert ledger.edges() == [EDGES[0]]
    finally:
        ledger.close()
