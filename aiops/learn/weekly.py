"""The weekly report in words: what happened, what it was worth, what to change next."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from aiops.domain.silence import WEEKDAYS

WEEK: Final = timedelta(days=7)

_WORDS: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "title": "aiops: value report, {start} to {end}",
        "incidents": "{n} incidents: {endings}",
        "none": "No incident was opened.",
        "figures": "Over the last 90 days:",
        "value": "{name}: {value} ({low} to {high}), {n} cases",
        "not_yet": "{name}: not measurable yet, {n} of {enough} cases",
        "services": "Services by expected loss:",
        "service": "{key}: {loss} {currency}, {used} of its error budget used",
        "advice": "What to change:",
        "no_advice": "Nothing needs to be changed.",
        "next": "Next step: {step}",
        "handled": "Were these handled well?",
        "more": "Every figure with its cases: {url}",
        "ended.none": "not ended",
        "raise_bar": "{subject}: raise its bar to {value:.2f}",
        "leave_in_shadow": "{subject}: leave it in the shadow",
        "mend_runbook": "mend runbook {subject}",
        "use_or_remove_runbook": "use or remove runbook {subject}",
        "say_how_it_ended": "say how {n} predictions ended",
    },
    "zh": {
        "title": "aiops：价值周报，{start} 至 {end}",
        "incidents": "{n} 个事件：{endings}",
        "none": "本周没有新事件。",
        "figures": "最近 90 天：",
        "value": "{name}：{value}（{low} 至 {high}），{n} 个案例",
        "not_yet": "{name}：尚不可测，{n}/{enough} 个案例",
        "services": "按预期损失排列的服务：",
        "service": "{key}：{loss} {currency}，错误预算已用 {used}",
        "advice": "建议改进：",
        "no_advice": "暂无需要改进之处。",
        "next": "下一步：{step}",
        "handled": "这些事件处理得好吗？",
        "more": "全部数据及案例：{url}",
        "ended.none": "未结束",
        "ended.happened": "已发生",
        "ended.averted": "已避免",
        "ended.false": "误报",
        "ended.expired": "已过期",
        "precision": "准确率",
        "lead_time": "提前量",
        "time_to_detect": "发现时间",
        "time_to_acknowledge": "确认时间",
        "time_to_resolve": "解决时间",
        "downtime_averted": "避免的停机损失",
        "false_alarm_cost": "误报成本",
        "satisfaction": "满意度",
        "raise_bar": "{subject}：将阈值提高到 {value:.2f}",
        "leave_in_shadow": "{subject}：保持静默观察",
        "mend_runbook": "修正预案 {subject}",
        "use_or_remove_runbook": "使用或移除预案 {subject}",
        "say_how_it_ended": "确认 {n} 个预测的结果",
    },
}


@dataclass(frozen=True, slots=True)
class Letter:
    """A message as plain text."""

    title: str
    body: str


def newest_slot(now: datetime, day: str, at: str, zone: str) -> datetime:
    """Returns the last time that a weekly report was due.

    >>> newest_slot(datetime.fromisoformat("2026-11-24T12:00+00:00"), "mon", "07:00", "UTC")
    datetime.datetime(2026, 11, 23, 7, 0, tzinfo=zoneinfo.ZoneInfo(key='UTC'))
    """
    local = now.astimezone(ZoneInfo(zone))
    back = (local.weekday() - WEEKDAYS.index(day)) % 7
    date = local.date() - timedelta(days=back)
    slot = datetime.combine(date, time.fromisoformat(at), ZoneInfo(zone))
    if slot > now:
        slot = datetime.combine(date - WEEK, time.fromisoformat(at), ZoneInfo(zone))
    return slot


def write_letter(
    week: Mapping[str, Any],
    quarter: Mapping[str, Any],
    language: str,
    public_url: str,
    surveys: Mapping[str, str],
) -> Letter:
    """Returns the report as a letter.

    Args:
        week, quarter: Value reports of the last seven and the last 90 days.
        surveys: Name of a closed incident to the address of its question.
    """
    words = _WORDS.get(language, _WORDS["en"])
    lines = [_endings(week, words), "", words["figures"]]
    lines += [f"- {_figure(each, quarter, words)}" for each in quarter["figures"] if not each["of"]]
    if quarter["services"]:
        lines += ["", words["services"]]
        lines += [f"- {_service(row, quarter, words)}" for row in quarter["services"][:5]]
    advice = [_advice(item, words) for item in quarter["evaluation"]["advice"]]
    lines += ["", words["advice"], *(f"- {each}" for each in advice[:10])]
    if not advice:
        lines[-1] = words["no_advice"]
    upcoming = quarter["maturity"]["next"].replace("_", " ")
    if upcoming:
        lines += ["", words["next"].format(step=upcoming)]
    if surveys:
        lines += ["", words["handled"], *(f"- {name}: {url}" for name, url in surveys.items())]
    if public_url:
        lines += ["", words["more"].format(url=f"{public_url.rstrip('/')}/value")]
    title = words["title"].format(start=week["from"][:10], end=week["to"][:10])
    return Letter(title, "\n".join(lines) + "\n")


def _endings(week: Mapping[str, Any], words: Mapping[str, str]) -> str:
    counts = week["counts"]["outcome"]
    if not week["incidents"]:
        return words["none"]
    named = [f"{words.get(f'ended.{k}', k)} {n}" for k, n in sorted(counts.items())]
    return words["incidents"].format(n=len(week["incidents"]), endings=", ".join(named))


def _figure(figure: Mapping[str, Any], report: Mapping[str, Any], words: Mapping[str, str]) -> str:
    name = words.get(figure["name"], figure["name"].replace("_", " "))
    if not figure["measurable"]:
        return words["not_yet"].format(name=name, n=figure["n"], enough=report["enough"])

    def shown(value: float) -> str:
        if figure["unit"] == "1":
            return f"{value:.0%}"
        return (
            f"{value / 3600:.1f} h" if figure["unit"] == "s" else f"{value:,.0f} {figure['unit']}"
        )

    ends = {key: shown(figure[key]) for key in ("value", "low", "high")}
    return words["value"].format(name=name, n=figure["n"], **ends)


def _service(row: Mapping[str, Any], report: Mapping[str, Any], words: Mapping[str, str]) -> str:
    used = row["budget_used"]
    return words["service"].format(
        key=row["name"],
        loss=f"{row['expected_loss']:,.0f}",
        currency=report["currency"],
        used="–" if used is None else f"{used:.0%}",
    )


def _advice(item: Mapping[str, Any], words: Mapping[str, str]) -> str:
    value = item.get("value") or 0.0
    return words[item["what"]].format(subject=item["subject"], value=value, n=item["n"])
