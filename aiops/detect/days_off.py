"""Days nobody works at a site: weekends and holidays of its country, moved workdays left out.

Source: the ``holidays`` library, which knows the weekend days that China works on as well.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from fnmatch import fnmatchcase
from functools import lru_cache

from aiops.contracts.errors import ConfigError
from aiops.domain.instant import from_ns
from aiops.domain.series import IntArray


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
