import io
import zipfile

import numpy as np
import pytest

from aiops.contracts.dispatcher import Dispatcher
from aiops.contracts.errors import InputError, NotEnoughHistory
from aiops.incident.dispatch.columns import ColumnKind, tell_kind
from aiops.incident.dispatch.confidence import calibrate
from aiops.incident.dispatch.keep import from_bytes, to_bytes
from aiops.incident.dispatch.model import fit
from aiops.incident.dispatch.words import MOST_CHARACTERS, clean, word_terms

WORDS = {
    "network": ["router", "switch", "link", "packet", "vlan", "cable", "port", "latency"],
    "storage": ["disk", "volume", "raid", "array", "lun", "snapshot", "quota", "backup"],
    "access": ["password", "login", "account", "token", "badge", "permission", "role", "reset"],
}


def tickets(n: int, seed: int = 0, noise: float = 0.2) -> tuple[dict[str, list[str]], list[str]]:
    rng = np.random.default_rng(seed)
    labels = [str(rng.choice(list(WORDS))) for _ in range(n)]
    texts = []
    for label in labels:
        source = label if rng.random() > noise else str(rng.choice(list(WORDS)))
        texts.append(" ".join(rng.choice(WORDS[source], 6)) + f" please help {rng.integers(99)}")
    return {"text": texts}, labels


def test_a_ticket_goes_where_its_words_went_before():
    columns, labels = tickets(300)
    answer = fit(columns, labels).assign({"text": ["the raid array lost a disk volume"]})
    assert answer.label == ("storage",)
    assert {answer.second[0], answer.third[0]} == {"network", "access"}
    assert not answer.abstained[0]


def test_chinese_text_needs_no_spaces():
    rng = np.random.default_rng(0)
    parts = {
        "网络组": ["交换机", "路由器", "网络不通"],
        "存储组": ["磁盘满", "存储阵列", "备份失败"],
    }
    labels = [str(rng.choice(list(parts))) for _ in range(80)]
    texts = ["请处理" + "".join(rng.choice(parts[label], 2)) + "谢谢各位" for label in labels]
    model = fit({"描述": texts}, labels)
    assert model.assign({"描述": ["机房磁盘满了请尽快看", "三楼路由器坏了"]}).label == (
        "存储组",
        "网络组",
    )


def test_kept_tickets_keep_the_promised_precision():
    columns, labels = tickets(3000, noise=0.3)
    new, truth = tickets(3000, seed=9, noise=0.3)
    answer = fit(columns, labels).assign(new, 0.75)
    kept = ~answer.abstained
    right = np.array(answer.label) == np.array(truth)
    assert kept.any()
    assert right[kept].mean() > 0.72


def test_an_impossible_precision_withholds_everything_and_still_fills_the_label():
    columns, labels = tickets(300, noise=0.5)
    answer = fit(columns, labels).assign(tickets(20, seed=5)[0], 0.999)
    assert answer.abstained.all()
    assert all(answer.label)


def test_a_ticket_without_a_known_word_is_withheld():
    columns, labels = tickets(600, noise=0)
    answer = fit(columns, labels).assign({"text": ["", "zzz qqq"]}, 0.5)
    assert answer.abstained.tolist() == [True, True]
    assert answer.confidence.max() <= 0.5


def test_categories_decide_where_there_is_no_text():
    rng = np.random.default_rng(0)
    kind = [str(rng.choice(["disk", "fan", "psu"])) for _ in range(300)]
    team = {"disk": "storage", "fan": "facility", "psu": "facility"}
    model = fit({"part": kind, "hour": [str(rng.random()) for _ in kind]}, [team[k] for k in kind])
    answer = model.assign({"part": ["disk", "fan"], "new column": ["a", "b"]})
    assert answer.label == ("storage", "facility")


def test_only_one_class_is_an_answer_with_its_own_certainty():
    model = fit({"text": ["disk full"] * 30}, ["storage"] * 30)
    answer = model.assign({"text": ["anything"]}, 0.99)
    assert (answer.label, answer.second) == (("storage",), ("",))
    assert answer.abstained[0]
    assert 0.9 < answer.confidence[0] < 1


@pytest.mark.parametrize("n", [1, 2, 3, 5, 9])
def test_a_handful_of_tickets_is_enough_for_a_label(n):
    columns, labels = tickets(n)
    answer = fit(columns, labels).assign(columns, 0.9)
    assert set(answer.label) <= set(labels)
    assert answer.abstained.all()


def test_tickets_without_any_label_are_refused():
    with pytest.raises(NotEnoughHistory):
        fit({"text": ["a b c"]}, [""])


def test_markup_control_characters_and_a_megabyte_are_read_in_bounded_time():
    columns, labels = tickets(60)
    monster = "<p>\x00" + "disk\x07 volume <b>raid</b> &nbsp; " * 40_000
    assert fit(columns, labels).assign({"text": [monster]}).label == ("storage",)
    assert len(clean("x" * 1_000_000)) == MOST_CHARACTERS


def test_where_tickets_carry_times_they_calibrate_on_the_newest():
    columns, labels = tickets(400, noise=0)
    # In the newest half every team has swapped its work: the past says nothing of it.
    swapped = {"network": "storage", "storage": "access", "access": "network"}
    labels = [label if i < 200 else swapped[label] for i, label in enumerate(labels)]
    stamps = [f"2026-01-{1 + i // 24:02d}T{i % 24:02d}:00:00Z" for i in range(400)]
    timed = fit({**columns, "opened_at": stamps}, labels)
    assert timed.calibration.right.mean() < fit(columns, labels).calibration.right.mean() + 0.5
    assert len(timed.calibration.margin) == 200
    assert timed.assign({**tickets(20, seed=3)[0]}, 0.95).abstained.all()


def test_the_order_of_rows_does_not_matter_where_tickets_carry_times():
    columns, labels = tickets(200)
    stamps = [f"2026-01-{1 + i // 24:02d}T{i % 24:02d}:00:00Z" for i in range(200)]
    columns["opened_at"] = stamps
    back = {name: cells[::-1] for name, cells in columns.items()}
    one, other = fit(columns, labels), fit(back, labels[::-1])
    assert to_bytes(one) == to_bytes(other)


def test_a_model_read_from_its_file_answers_the_same():
    columns, labels = tickets(200)
    columns["part"] = ["a", "b"] * 100
    model = fit(columns, labels)
    data = to_bytes(model)
    again = from_bytes(data, "m")
    assert isinstance(again, Dispatcher)
    new = tickets(30, seed=4)[0]
    one, other = model.assign(new, 0.8), again.assign(new, 0.8)
    assert one.label == other.label
    assert one.confidence.tolist() == other.confidence.tolist()
    assert to_bytes(again) == data


def test_a_file_that_is_no_model_is_refused_and_nothing_in_it_runs():
    with pytest.raises(InputError, match=r"x\.zip: is no dispatcher"):
        from_bytes(b"PK not a zip", "x.zip")
    hostile = io.BytesIO()
    with zipfile.ZipFile(hostile, "w") as archive:
        archive.writestr("model.json", '{"format": "aiops dispatcher 1"}')
        evil = io.BytesIO()
        np.save(evil, np.array([{"a": 1}], dtype=object), allow_pickle=True)
        archive.writestr("weights.npy", evil.getvalue())
    with pytest.raises(InputError, match="is no dispatcher"):
        from_bytes(hostile.getvalue(), "x.zip")


def test_kinds_of_columns():
    assert tell_kind(["", " "]) is ColumnKind.NOTHING
    assert tell_kind(["2026-01-02T03:04:05Z", "2026-01-03"]) is ColumnKind.TIME
    assert tell_kind([str(i / 7) for i in range(60)]) is ColumnKind.NUMBER
    assert tell_kind([str(i % 4) for i in range(60)]) is ColumnKind.CATEGORY
    assert tell_kind([f"INC{i:07d}" for i in range(60)]) is ColumnKind.NOTHING
    assert tell_kind([f"the disk of host {i} is full" for i in range(60)]) is ColumnKind.TEXT


def test_confidence_rises_with_the_margin_and_matches_the_share_of_right_answers():
    rng = np.random.default_rng(0)
    margin = rng.uniform(0, 2, 4000)
    right = rng.random(4000) < 0.5 + margin / 4
    curve = calibrate(margin, right)
    asked = np.linspace(0, 2, 9)
    assert np.all(np.diff(curve.probability(asked)) >= 0)
    assert np.abs(curve.probability(asked) - (0.5 + asked / 4)).max() < 0.08


def test_words_keep_the_neighbour():
    assert "disk full" in set(word_terms(clean("Disk   FULL!")))


def test_a_pasted_key_does_not_become_a_term_as_long_as_itself():
    assert max(map(len, word_terms(clean("k" * 10_000)))) <= 64
