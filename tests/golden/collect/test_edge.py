"""What the centre answers to edge agents whose clock, name or inventory is not right."""

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from aiops import plugins
from aiops.contracts.collector import Inventory
from aiops.contracts.relay import Relayed, encode
from aiops.domain.asset import Asset
from aiops.domain.series import Batch, SeriesKey
from aiops.testing.receiver import Recorder
from tests.contract.collect.pushes import NOW_NS, push

_KEY = SeriesKey("pump-1", "vibration")
_HOUR = 3600 * 10**9


class Centre:
    def __init__(self):
        plugin = plugins.load("collectors", "edge")
        self.receiver, self.sink = plugin.create(plugin.settings()), Recorder()

    def take(self, *times, agent="one", after=0.0, inventory=True):
        count = len(times)
        batch = Batch((_KEY,), np.zeros(count, np.int32), np.array(times), np.arange(count) * 1.0)
        told = Inventory((Asset("pump-1"),)) if inventory else None
        sent = push("edge", encode(Relayed(batch, told)))
        headers = {**sent.headers, "x-aiops-agent": agent}
        now = sent.now + timedelta(seconds=after)
        answer = self.receiver.receive(replace(sent, headers=headers, now=now), self.sink)
        return answer, json.loads(answer.body)

    def stored(self):
        return [int(time) for batch in self.sink.batches for time in batch.times]


@pytest.mark.parametrize("ahead", [3 * _HOUR, 365 * 24 * _HOUR])
def test_times_ahead_are_refused_as_clock_and_the_agent_is_told_the_time(ahead):  # A1
    centre = Centre()
    answer, told = centre.take(NOW_NS + ahead, NOW_NS)
    assert (answer.status, answer.dropped) == (200, {"clock": 1})
    assert (told["dropped"], told["received_at"]) == ({"clock": 1}, NOW_NS)
    assert centre.stored() == [NOW_NS]


@pytest.mark.parametrize("time", [0, -1, NOW_NS - 365 * 24 * _HOUR])
def test_times_long_ago_cost_no_neighbour(time):  # A1: 1970 after a loss of battery, a year behind
    centre = Centre()
    answer, told = centre.take(time, NOW_NS)
    assert answer.status == 200
    assert told["received_at"] == NOW_NS
    assert NOW_NS in centre.stored()


def test_a_second_agent_with_the_same_token_is_refused_while_the_first_lives():  # A2
    centre = Centre()
    assert centre.take(NOW_NS)[0].status == 200
    answer, told = centre.take(NOW_NS + 1, agent="two", after=30)
    assert (answer.status, answer.dropped) == (409, {"agent_in_use": 1})
    assert told["detail"].startswith("agent id in use")
    assert centre.take(NOW_NS + 2, after=40)[0].status == 200  # the first is not disturbed
    assert centre.stored() == [NOW_NS, NOW_NS + 2]


def test_an_agent_that_was_set_up_anew_goes_on_when_the_old_one_is_silent():  # A2
    centre = Centre()
    centre.take(NOW_NS)
    assert centre.take(NOW_NS, NOW_NS + 1, agent="two", after=600)[0].status == 200


def test_what_is_sent_again_counts_once():  # A2: sent again, and a sequence that goes back
    centre = Centre()
    centre.take(NOW_NS, NOW_NS + 1)
    centre.sink.refuses = {"duplicate": 2}
    answer, told = centre.take(NOW_NS, NOW_NS + 1)
    assert (answer.status, told["accepted"], told["dropped"]) == (200, 2, {})


def test_after_a_restart_of_the_centre_the_inventory_is_asked_for():
    answer, told = Centre().take(NOW_NS, inventory=False)
    assert (answer.status, told["detail"]) == (409, "say the inventory first")
