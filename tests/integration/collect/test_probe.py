"""``aiops check --probe`` against endpoints that really answer."""

import subprocess

from tests.acceptance.daemon import AIOPS
from tests.integration.collect.serving import serve

CONFIG = """\
collect:
  series_per_source: 50
  sources:
    - {{name: small, type: prometheus, interval: 15s, settings: {{url: "{small}"}}}}
    - {{name: large, type: prometheus, interval: 15s, settings: {{url: "{large}"}}}}
    - {{name: dead, type: prometheus, interval: 15s, settings: {{url: "http://127.0.0.1:9/metrics"}}}}
    - {{name: agents, type: influx_line}}
"""


def exposition(count: int) -> bytes:
    lines = ["# TYPE queue gauge", *(f'queue{{name="q{n}"}} {n}' for n in range(count))]
    return "\n".join([*lines, "# TYPE up gauge", "up 1", ""]).encode()


def probe(tmp_path, config):
    path = tmp_path / "config.yaml"
    path.write_text(config)
    command = [AIOPS, "check", "--probe", "--config", path]
    return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)


def test_a_source_beyond_its_budget_is_told_with_what_makes_it_large(tmp_path):
    with serve(exposition(20)) as small, serve(exposition(200)) as large:
        done = probe(tmp_path, CONFIG.format(small=small, large=large))
    assert done.returncode == 1
    lines = {line.split()[1]: line for line in done.stdout.splitlines() if line[4:5] == " "}
    assert lines["small:"].startswith("ok   small: 21 series of 1 assets, 120,960 samples a day")
    assert "201 series" in lines["large:"]
    assert "more than its budget of 50 series" in lines["large:"]
    assert "most series have queue (200), up (1)" in lines["large:"]
    assert lines["dead:"].startswith("FAIL dead:")
    assert "agents:" not in lines
    assert not (tmp_path / "data").exists(), "nothing is kept"


def test_a_source_may_have_a_budget_of_its_own(tmp_path):
    with serve(exposition(20)) as small, serve(exposition(200)) as large:
        config = CONFIG.format(small=small, large=large).replace(
            "http://127.0.0.1:9/metrics", small
        )
        more = config.replace("name: large,", "name: large, max_series: 201,")
        assert probe(tmp_path, more).returncode == 0
        less = more.replace("name: small,", "name: small, max_series: 5,")
        assert "small: 21 series" in probe(tmp_path, less).stdout
        assert probe(tmp_path, less).returncode == 1


def test_sources_within_their_budget_pass(tmp_path):
    with serve(exposition(20)) as url:
        config = CONFIG.format(small=url, large=url).replace("http://127.0.0.1:9/metrics", url)
        assert probe(tmp_path, config).returncode == 0


def test_a_source_of_which_nothing_can_be_used_fails_with_what_was_wrong(tmp_path):
    (tmp_path / "bench.csv").write_text("time,asset,temp\n24.11.2026 10:00,press,41\n")
    (tmp_path / "half.csv").write_text("time,asset,temp\nnow,press,41\n1795521600,press,41\n")
    sources = [f"{{name: {n}, type: file, settings: {{path: {n}.csv}}}}" for n in ("bench", "half")]
    config = "collect: {sources: [" + ", ".join(sources) + "]}\n"
    done = probe(tmp_path, config)
    assert done.returncode == 1
    assert "FAIL bench: nothing of its answer can be used; left out: no_time 1" in done.stdout
    assert "ok   half: 1 series" in done.stdout
    assert "left out: no_time 1" in done.stdout
    (tmp_path / "config.yaml").write_text(config)
    command = [AIOPS, "doctor", "--config", "config.yaml"]
    told = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "FAIL source bench: nothing of its answer can be used" in told.stdout
    assert "1 samples of 1 series, 1 assets, 0 limits; left out: no_time 1" in told.stdout
