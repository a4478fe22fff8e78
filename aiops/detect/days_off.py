"""Days nobody works at a site: weekends and holidays of its country, moved workdays left out.

Source: the ``holidays`` library, which knows the weekend days that China works on as well. What
people report goes before it: a works holiday, a Saturday that is worked on.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Final

from aiops.contracts.errors import ConfigError
from aiops.domain.calendar import build_calendar
from aiops.domain.event import Holiday
from aiops.domain.instant import from_ns
from aiops.domain.panel import Calendar
from aiops.domain.series import IntArray

_SATURDAY: Final = 5


def countries_of(sites: Sequence[str], countries: Mapping[str, str]) -> list[str]:
    """Returns the country of each site by the last pattern that matches it, "" without one.

    >>> countries_of(["shanghai-2", "bonn", ""], {"b*": "DE", "shanghai-*": "CN"})
    ['CN', 'DE', '']
    """
    by_site = {
        site: ([""] + [c for pattern, c in countries.items() if fnmatchcase(site, pattern)])[-1]
        for site in set(sites)
    }
    return [by_site[site] for site in sites]


def days_off(countries: Iterable[str], times: IntArray) -> dict[str, frozenset[date]]:
    """Returns every day off of each country around the times (ns).

    Raises:
        ConfigError: No holidays are known of a country.
    """
    if not len(times):
        return {}
    years = range(from_ns(int(times[0])).year - 1, from_ns(int(times[-1])).year + 2)
    return {
        country: frozenset[date]().union(*(_year(country, year) for year in years))
        for country in set(countries)
        if country
    }


def work_calendar(
    times: IntArray,
    zones: Sequence[str],
    sites: Sequence[str],
    countries: Mapping[str, str],
    reported: Sequence[Holiday] = (),
) -> Calendar:
    """Returns the calendar of each row: of its site's country, and of what was reported of it.

    Args:
        zones, sites: One a row.
        countries: Site (a pattern) to country.
    """
    own = countries_of(sites, countries)
    off = days_off(own, times)
    names: dict[str, str] = {}
    for site, country in dict(zip(sites, own, strict=True)).items():
        told = [each for each in reported if fnmatchcase(site, each.site)]
        # A site with days of its own keeps a calendar of its own.
        names[site] = f"{country}\n{site}" if told else country
        if told:
            usual = off[country] if country in off else _weekends(times)
            off[names[site]] = _with_reported(usual, told)
    return build_calendar(times, zones, [names[site] for site in sites], off)


def _with_reported(usual: frozenset[date], told: Sequence[Holiday]) -> frozenset[date]:
    """Returns the days off once what was reported is taken up, in its order."""
    days = set(usual)
    for each in told:
        span = {each.first + timedelta(days=n) for n in range((each.last - each.first).days + 1)}
        days = days - span if each.working else days | span
    return frozenset(days)


def _weekends(times: IntArray) -> frozenset[date]:
    if not len(times):
        return frozenset()
    first = date(from_ns(int(times[0])).year - 1, 1, 1)
    last = date(from_ns(int(times[-1])).year + 2, 1, 1)
    days = (first + timedelta(days=n) for n in range((last - first).days))
    return frozenset(day for day in days if day.weekday() >= _SATURDAY)


def check_countries(countries: Sequence[str]) -> None:
    """Checks that holidays are known of each.

    Raises:
        ConfigError: Of one they are not.
    """
    for country in countries:
        _year(country, 2026)


@lru_cache(maxsize=512)
def _year(country: str, year: int) -> frozenset[date]:
    import holidays

    try:
        known = holidays.country_holidays(country, years=year)
    except NotImplementedError as error:
        msg = f"detect.countries: no holidays are known of {country!r}; write an ISO code, CN or DE"
        raise ConfigError([msg]) from error
    first = date(year, 1, 1)
    days = (first + timedelta(days=i) for i in range((date(year + 1, 1, 1) - first).days))
    return frozenset(day for day in days if not known.is_working_day(day))
