"""A playbook run by the real ansible-playbook, on this host."""

import shutil
import sys

import pytest

from aiops.automate.process import SEARCH_PATH
from aiops.automate.runbook import Ansible, Parameter, ParameterSource, Step
from aiops.domain.run import RunReason, RunState
from tests.unit.automate.scene import a_runbook, an_incident, scene

pytestmark = pytest.mark.skipif(
    shutil.which("ansible-playbook", path=SEARCH_PATH) is None,
    reason="not run: ansible-playbook is not installed (pip install ansible-core)",
)
PLAY = """\
- hosts: all
  gather_facts: false
  tasks:
    - ansible.builtin.copy:
        dest: "{{ place }}"
        content: "{{ inventory_hostname }}"
"""


@pytest.fixture
def book(tmp_path):
    (tmp_path / "play.yml").write_text(PLAY)
    local = f"ansible_connection=local ansible_python_interpreter={sys.executable}"
    (tmp_path / "hosts.ini").write_text(f"db-07 {local}\ndb-08 {local}\n")
    play = Ansible(
        str(tmp_path / "play.yml"),
        str(tmp_path / "hosts.ini"),
        "{host}",
        {"place": str(tmp_path / "made")},
    )
    return a_runbook(
        steps=(Step("play", ansible=play),), parameters=(Parameter("host", ParameterSource.HOST),)
    )


def test_a_playbook_acts_on_the_one_host_and_its_dry_run_on_none(tmp_path, book):
    with scene(tmp_path, book) as world:
        world.open(an_incident())
        world.tick(an_incident())
        run = world.automation.rehearse(world.run(), "ada")
        (dry,) = run.rehearsal
        assert dry.ok, dry.output
        assert "changed=1" in dry.output
        assert not (tmp_path / "made").exists()
        world.desk.approve(run, run.digest, "ada", world.now)
        world.tick(an_incident())
        run = world.wait()
    assert run.state is RunState.SUCCEEDED, run.results
    assert (tmp_path / "made").read_text() == "db-07"
    assert "db-08" not in run.results[0].output


def test_a_playbook_that_fails_is_a_failed_step(tmp_path, book):
    (tmp_path / "play.yml").write_text(PLAY.replace("copy:", "no_such_module:"))
    with scene(tmp_path, book) as world:
        run = world.carry_out(an_incident(), "ada")
    assert (run.state, run.reason) == (RunState.FAILED, RunReason.STEP_FAILED)
