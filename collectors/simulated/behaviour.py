"""What the things measure, as a pure function of simulated time."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from collectors.simulated.fleet import DAY, Ailment, Thing

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

_FAILS_AT = 0.8
_DOWN_FOR = 0.08
_CLEANED_AT = 0.85


@dataclass(frozen=True, slots=True)
class Moments:
    """Points in time to be evaluated.

    Attributes:
        simulated: ``(n,)`` simulated seconds since the start; negative before it.
        index: ``(n,)`` number of each sample, from which its noise follows.
    """

    simulated: Floats
    index: Integers


def uniform(index: Integers, salt: int) -> Floats:
    """Returns numbers in (0, 1) that depend on index and salt alone.

    Source: Steele, Lea, Flood, Fast splittable pseudorandom number generators, 2014
    (SplitMix64's finalizer).
    """
    with np.errstate(over="ignore"):
        z = index.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        z += np.uint64(salt * 0xBF58476D1CE4E5B9 % 2**64)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z ^= z >> np.uint64(31)
    return (z >> np.uint64(11)).astype(np.float64) / 2.0**53 + 2.0**-54


def noise(index: Integers, salt: int) -> Floats:
    """Returns standard normal numbers (Box-Muller)."""
    radius = np.sqrt(-2.0 * np.log(uniform(index, 2 * salt)))
    return np.asarray(radius * np.cos(2 * np.pi * uniform(index, 2 * salt + 1)))


def day_season(simulated: Floats) -> Floats:
    """Returns 0 at night to 1 at noon of the simulated day."""
    return np.asarray(0.5 - 0.5 * np.cos(2 * np.pi * simulated / DAY))


def wear(thing: Thing, at: Moments, seed: int) -> Floats:
    """Returns 0 (as new) to 1 (failed): it rises, stays at 1 until the repair, and starts anew.

    Cycle 0 ends in a failure at ``first_failure``. Of the others every third is cleaned up in
    time by somebody, and their lengths differ.
    """
    position = (at.simulated - thing.first_failure) / thing.period + _FAILS_AT
    cycle = np.floor(position).astype(np.int64)
    part = position - cycle
    luck = uniform(cycle, 1000 * seed + thing.number)
    fails_at = np.where(cycle == 0, _FAILS_AT, _FAILS_AT * (0.9 + 0.2 * luck))
    worn = part / fails_at
    cleaned = (cycle != 0) & (cycle % 3 == 0)
    worn = np.where(cleaned & (worn > _CLEANED_AT), 0.0, worn)
    return np.where(part > fails_at + _DOWN_FOR, 0.0, np.minimum(worn, 1.0))


def measure(thing: Thing, at: Moments, seed: int) -> dict[str, Floats]:
    """Returns the values of every metric of a thing."""
    worn = wear(thing, at, seed)
    salt = 1000 * seed + 10 * thing.number
    season = day_season(at.simulated + 3600.0 * (thing.number % 5))
    return _MEASURES[thing.ailment](worn, season, noise(at.index, salt), at, salt)


def _disk(worn: Floats, season: Floats, shake: Floats, *_: object) -> dict[str, Floats]:
    used = 0.35 + 0.65 * worn + 0.004 * season + 0.0008 * shake
    return {"system.filesystem.utilization": _at_end(worn, np.minimum(used, 0.9995), 1.0)}


def _logs(worn: Floats, season: Floats, shake: Floats, at: Moments, salt: int) -> dict[str, Floats]:
    del season, salt
    tooth = (at.simulated / (0.25 * DAY)) % 1.0
    used = 0.3 + 0.62 * worn + 0.08 * tooth + 0.0008 * shake
    return {"system.filesystem.utilization": _at_end(worn, np.minimum(used, 0.9995), 1.0)}


def _leak(worn: Floats, season: Floats, shake: Floats, at: Moments, salt: int) -> dict[str, Floats]:
    used = 0.35 + 0.64 * worn + 0.01 * season + 0.003 * shake
    cpu = 0.15 + 0.3 * season + 0.1 * worn + 0.02 * noise(at.index, salt + 1)
    return {
        "system.memory.utilization": _at_end(worn, np.minimum(used, 0.999), 1.0),
        "system.cpu.utilization": np.clip(cpu, 0.0, 1.0),
    }


def _thermal(
    worn: Floats, season: Floats, shake: Floats, at: Moments, salt: int
) -> dict[str, Floats]:
    heat = 45.0 + 43.0 * worn**2 + 1.5 * season + 0.3 * shake
    fan = 3200.0 * (1.0 - 0.6 * worn) + 25.0 * noise(at.index, salt + 1)
    return {
        "hw.temperature": _at_end(worn, np.minimum(heat, 89.9), 91.0 + 0.3 * np.abs(shake)),
        "hw.fan.speed": fan,
    }


def _bearing(
    worn: Floats, season: Floats, shake: Floats, at: Moments, salt: int
) -> dict[str, Floats]:
    shaking = 1.2 * (7.0 / 1.2) ** worn * (1.0 + 0.02 * shake)
    heat = 48.0 + 18.0 * worn + 2.0 * season + 0.4 * noise(at.index, salt + 1)
    return {
        "machine.vibration.velocity": _at_end(
            worn, np.minimum(shaking, 7.09), 7.4 + 0.1 * np.abs(shake)
        ),
        "hw.temperature": heat,
    }


def _certificate(worn: Floats, *_: object) -> dict[str, Floats]:
    return {"tls.certificate.time_left": 12.8 * (1.0 - worn)}


def _link(worn: Floats, season: Floats, shake: Floats, *_: object) -> dict[str, Floats]:
    busy = (0.3 + 0.63 * worn) * (0.85 + 0.15 * season) + 0.006 * shake
    return {
        "hw.network.bandwidth.utilization": _at_end(
            worn, np.clip(busy, 0.0, 0.949), 0.96 + 0.002 * np.abs(shake)
        )
    }


def _healthy_volume(worn: Floats, season: Floats, shake: Floats, *_: object) -> dict[str, Floats]:
    del worn
    return {"system.filesystem.utilization": 0.62 + 0.03 * season + 0.001 * shake}


def _healthy_logs(
    worn: Floats, season: Floats, shake: Floats, at: Moments, salt: int
) -> dict[str, Floats]:
    del worn, season, salt
    tooth = (at.simulated / (0.5 * DAY)) % 1.0
    return {"system.filesystem.utilization": 0.4 + 0.3 * tooth + 0.001 * shake}


def _healthy_host(
    worn: Floats, season: Floats, shake: Floats, at: Moments, salt: int
) -> dict[str, Floats]:
    del worn
    cpu = 0.1 + 0.5 * season + 0.03 * shake
    used = 0.45 + 0.1 * season + 0.005 * noise(at.index, salt + 1)
    return {
        "system.cpu.utilization": np.clip(cpu, 0.0, 1.0),
        "system.memory.utilization": used,
    }


def _at_end(worn: Floats, value: Floats, failed: Floats | float) -> Floats:
    """Returns the value, and beyond its limit exactly while the thing has failed."""
    return np.where(worn >= 1.0, failed, value)


_MEASURES: dict[Ailment, Callable[..., dict[str, Floats]]] = {
    Ailment.DISK: _disk,
    Ailment.LOGS: _logs,
    Ailment.LEAK: _leak,
    Ailment.THERMAL: _thermal,
    Ailment.BEARING: _bearing,
    Ailment.CERTIFICATE: _certificate,
    Ailment.LINK: _link,
    Ailment.HEALTHY_VOLUME: _healthy_volume,
    Ailment.HEALTHY_LOGS: _healthy_logs,
    Ailment.HEALTHY_HOST: _healthy_host,
}
