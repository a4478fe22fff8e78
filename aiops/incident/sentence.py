"""One deterministic sentence per incident: the same words in page, mail and ticket."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from aiops.domain.anomaly import Anomaly
from aiops.domain.asset import Asset
from aiops.domain.forecast import REMAINING_LIFE, Crossing
from aiops.domain.incident import Incident, ProbableCause
from aiops.domain.metric import Direction, Metric
from aiops.domain.phrase import name_signal
from aiops.domain.series import SeriesKey
from aiops.incident.quantity import format_span, format_time, format_value


@dataclass(frozen=True, slots=True)
class Subject:
    """What a sentence speaks of."""

    asset: Asset
    metric: Metric
    series: SeriesKey

    @property
    def ratio(self) -> bool:
        """Whether values are shares of 1, shown in percent."""
        return self.metric.unit == "1" and self.metric.name.endswith(("utilization", "ratio"))

    def value(self, value: float) -> str:
        """Returns a value of this signal in words."""
        return format_value(value, self.metric.unit, ratio=self.ratio)

    def name(self, language: str) -> str:
        """Returns the signal's name, in words where it is a well-known one."""
        return name_signal(self.series, language)


def predicted(subject: Subject, crossing: Crossing, now: datetime) -> dict[str, str]:
    """Returns what will happen, when, how sure, and on what it rests."""
    early, likely, late = crossing.early, crossing.likely, crossing.late
    if early is None or likely is None or late is None or crossing.probability is None:
        msg = f"a crossing without an answer has no sentence: {crossing.series.text}"
        raise ValueError(msg)
    if subject.metric.name == REMAINING_LIFE:
        return _life_ends(subject, crossing, now)
    zone, asset = subject.asset.time_zone, subject.asset.display
    limit, value = subject.value(crossing.limit), subject.value(crossing.value)
    percent = f"{100 * crossing.probability:.0f} %"
    at = {
        language: [format_time(t, zone, language, now=now) for t in (early, likely, late)]
        for language in ("en", "zh")
    }
    moving = _movement(subject, crossing)
    english = (
        f"{asset}: {subject.name('en')} will reach its limit of {limit} between {at['en'][0]} "
        f"and {at['en'][2]} {zone}, most likely {at['en'][1]} ({percent} within "
        f"{format_span(crossing.horizon, 'en')}); now {value}{moving['en']}."
    )
    chinese = (
        f"{asset}：{subject.name('zh')}预计在 {at['zh'][0]} 至 {at['zh'][2]}（{zone}）之间达到上限 "
        f"{limit}，最可能为 {at['zh'][1]}"
        f"（{format_span(crossing.horizon, 'zh')}内概率 {percent}）；"
        f"当前 {value}{moving['zh']}。"
    )
    if crossing.direction is Direction.DOWN:
        chinese = chinese.replace("达到上限", "降至下限")
    return {"en": english, "zh": chinese}


def _life_ends(subject: Subject, crossing: Crossing, now: datetime) -> dict[str, str]:
    asset, zone = subject.asset, subject.asset.time_zone
    times = [t for t in (crossing.early, crossing.likely, crossing.late) if t is not None]
    early, likely, late = (
        [format_time(t, zone, lang, now=now) for lang in ("en", "zh")] for t in times
    )
    percent = f"{100 * (crossing.probability or 0.0):.0f} %"
    return {
        "en": f"{asset.display}: will probably fail between {early[0]} and {late[0]} {zone}, most "
        f"likely {likely[0]} ({percent} within {format_span(crossing.horizon, 'en')}), as assets "
        f"of kind {asset.kind} that failed before it did.",
        "zh": f"{asset.display}：预计在 {early[1]} 至 {late[1]}（{zone}）之间发生故障，最可能为 "
        f"{likely[1]}（{format_span(crossing.horizon, 'zh')}内概率 {percent}），"
        f"依据同类（{asset.kind}）资产以往的故障。",
    }


def happened(subject: Subject, value: float, limit: float, at: datetime) -> dict[str, str]:
    """Returns that the limit is met now, without a prediction before it."""
    zone, asset = subject.asset.time_zone, subject.asset.display
    words = subject.value(value), subject.value(limit)
    return {
        "en": f"{asset}: {subject.name('en')} is at {words[0]}, its limit is {words[1]}, since "
        f"{format_time(at, zone, 'en', now=at)} {zone}.",
        "zh": f"{asset}：{subject.name('zh')}为 {words[0]}，限值为 {words[1]}，自 "
        f"{format_time(at, zone, 'zh', now=at)}（{zone}）起。",
    }


def strange(subject: Subject, seed: Anomaly, signals: int, assets: Sequence[str]) -> dict[str, str]:
    """Returns what is unusual, since when, and how far it reaches.

    Args:
        signals: How many are strange, the seed among them.
        assets: Their names, the seed's first.
    """
    zone, asset = subject.asset.time_zone, subject.asset.display
    value, usual = subject.value(seed.value), subject.value(seed.expected)
    at = {code: format_time(seed.start, zone, code, now=seed.start) for code in ("en", "zh")}
    english = f"{asset}: {subject.name('en')} is at {value} where {usual} is usual"
    chinese = f"{asset}：{subject.name('zh')}为 {value}，通常为 {usual}"
    if seed.guilty:
        english = f"{asset}: unusual together: {_guilty(seed, 'en')}"
        chinese = f"{asset}：以下信号同时异常：{_guilty(seed, 'zh')}"
    english += f", since {at['en']} {zone}"
    chinese += f"，自 {at['zh']}（{zone}）起"
    if signals > 1:
        others = f"with {signals - 1} more signals" if signals > 2 else "with one more signal"
        if len(assets) > 1:
            named = ", ".join(assets[1:4]) + (" …" if len(assets) > 4 else "")
            others += f" on {len(assets)} assets ({named})"
            chinese += f"，另有 {signals - 1} 个信号，涉及 {len(assets)} 个资产（{named}）"
        else:
            chinese += f"，另有 {signals - 1} 个信号"
        english += f", {others}"
    return {"en": f"{english}.", "zh": f"{chinese}。"}


def _guilty(seed: Anomaly, language: str) -> str:
    names = [name_signal(each.series, language) for each in seed.guilty[:3]]
    more = " …" if len(seed.guilty) > len(names) else ""
    return ("、" if language == "zh" else ", ").join(names) + more


def with_cause(
    incident: Incident, causes: Sequence[ProbableCause], name: Callable[[str], str]
) -> dict[str, str]:
    """Returns the incident's sentence, and where several assets are involved its likely cause."""
    words = dict(incident.sentence)
    if not causes or len({member.series.asset for member in incident.members}) < 2:
        return words
    best = causes[0]
    english, chinese = words.get("en", ""), words.get("zh", "")
    english = english.removesuffix(".") + f"; probable cause {name(best.asset)}"
    chinese = chinese.removesuffix("。") + f"；可能原因：{name(best.asset)}"
    return {
        "en": f"{english}: {best.reason.get('en', '')}.",
        "zh": f"{chinese}（{best.reason.get('zh', '')}）。",
    }


def failed(asset: Asset, kind: str, at: datetime) -> dict[str, str]:
    """Returns that a failure was reported."""
    zone = asset.time_zone
    return {
        "en": f"{asset.display}: failed ({kind}) at {format_time(at, zone, 'en', now=at)} {zone}.",
        "zh": f"{asset.display}：于 {format_time(at, zone, 'zh', now=at)}（{zone}）"
        f"发生故障（{kind}）。",
    }


def lost(asset: Asset, at: datetime) -> dict[str, str]:
    """Returns that samples are lost on their way to the series store."""
    zone, name = asset.time_zone, asset.display
    return {
        "en": f"{name}: samples are lost since {format_time(at, zone, 'en', now=at)} {zone}: "
        "the series store was away for longer than the spool can hold, so the oldest were "
        "dropped and are missing from all that is seen of that time.",
        "zh": f"{name}：自 {format_time(at, zone, 'zh', now=at)}（{zone}）起样本丢失："
        "时序存储不可用的时间超过了暂存上限，最旧的样本已被丢弃，该时段的数据将缺失。",
    }


def _movement(subject: Subject, crossing: Crossing) -> dict[str, str]:
    per_second = crossing.growth
    away = (per_second > 0) is (crossing.direction is Direction.DOWN)
    if not per_second or math.isnan(per_second) or away:
        return {"en": "", "zh": ""}
    left = abs(crossing.limit - crossing.value) / abs(per_second)
    size, english, chinese = next(
        (item for item in _RATES if left >= 2 * item[0]), (1, "second", "每秒")
    )
    change = subject.value(abs(per_second) * size)
    up = per_second > 0
    return {
        "en": f", {'rising' if up else 'falling'} {change} per {english}",
        "zh": f"，{chinese}{'上升' if up else '下降'} {change}",
    }


_RATES = ((86400, "day", "每天"), (3600, "hour", "每小时"), (60, "minute", "每分钟"))
