"""Values and times in words, in English and Chinese."""

import math
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_BINARY = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_SYMBOLS = {"Cel": "°C", "s": "s", "d": "d", "h": "h", "V": "V", "A": "A", "A.h": "A·h", "W": "W"}


def format_value(value: float, unit: str, *, ratio: bool = False) -> str:
    """Returns a value with its UCUM unit as people write it.

    Args:
        ratio: The value is a share of 1 and is shown in percent.

    >>> format_value(0.8649, "1", ratio=True), format_value(3.2e9, "By"), format_value(71, "Cel")
    ('86.5 %', '2.98 GiB', '71 °C')
    """
    if not math.isfinite(value):
        return "?"
    if ratio:
        return f"{_short(100 * value)} %"
    if unit in {"By", "By/s"}:
        power = min(int(math.log(abs(value), 1024)), 5) if abs(value) >= 1 else 0
        return f"{_short(value / 1024**power)} {_BINARY[power]}{'/s' if '/' in unit else ''}"
    symbol = "" if unit in {"", "1"} or unit.startswith("{") else f" {_SYMBOLS.get(unit, unit)}"
    return f"{_short(value)}{symbol}"


def format_time(time: datetime, zone: str, language: str, *, now: datetime) -> str:
    """Returns a time in the asset's zone, as exact as its distance asks for.

    >>> from datetime import UTC
    >>> at = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
    >>> format_time(at, "Asia/Shanghai", "en", now=at - timedelta(days=1))
    'Thu 26 Nov 12:00'
    >>> format_time(at, "UTC", "zh", now=at - timedelta(minutes=3))
    '11月26日 04:00:00'
    """
    local = time.astimezone(ZoneInfo(zone))
    clock = "%H:%M:%S" if abs(time - now) < timedelta(hours=1) else "%H:%M"
    year = f"{local.year}年" if language == "zh" else f" {local.year}"
    far = abs(time - now) > timedelta(days=300)
    if language == "zh":
        text = f"{local.month}月{local.day}日 {local.strftime(clock)}"
        return f"{year}{text}" if far else text
    names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
    day = f"{names[local.weekday()]} {local.day} {months[local.month - 1]}"
    return f"{day}{year if far else ''} {local.strftime(clock)}"


def format_span(span: timedelta, language: str) -> str:
    """Returns a duration in its largest fitting unit.

    >>> format_span(timedelta(hours=31), "en"), format_span(timedelta(days=7), "zh")
    ('31 h', '7 天')
    """
    seconds = max(span.total_seconds(), 0.0)
    units = ((86400, "d", "天"), (3600, "h", "小时"), (60, "min", "分钟"), (1, "s", "秒"))
    for size, english, chinese in units:
        if seconds >= 2 * size or size == 1:
            count = f"{seconds / size:.0f}"
            return f"{count} {chinese if language == 'zh' else english}"
    return "0 s"


def _short(value: float) -> str:
    magnitude = abs(value)
    if magnitude == 0:
        return "0"
    digits = max(0, 2 - math.floor(math.log10(magnitude)))
    text = f"{value:.{min(digits, 6)}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text
