"""The words of the replay report's page, in both languages."""

from collections.abc import Mapping
from html import escape
from typing import Final

from aiops.domain.abstention import Abstention

LANGUAGES: Final = ("en", "zh")

_WORDS: Final[Mapping[str, tuple[str, str]]] = {
    "title": ("Replay report", "回放报告"),
    "about": (
        "What the service would have said, had it watched this history. Nothing was sent.",
        "如果当时由本服务监视这段历史，它会说什么。没有发送任何内容。",
    ),
    "span": ("{first} to {last} (UTC)", "{first} 至 {last}（UTC）"),
    "fact.warned": ("failures warned of", "提前预警的故障"),
    "fact.false": ("false incidents", "误报事件"),
    "fact.rate": ("false per asset and month", "每资产每月误报"),
    "fact.lead": ("median lead time", "提前时间中位数"),
    "fact.range": ("median range of a prediction", "预测区间中位数"),
    "fact.samples": ("samples of {assets} assets", "样本，{assets} 个资产"),
    "choice": ("Choose a bar", "选择阈值"),
    "choice.about": (
        (
            "An incident opens once a forecast is at least this probable. Each row is what that "
            "bar would have brought over this history, decided anew from the same {n} forecasts. "
            "Pick a point or a row: it tells what to set."
        ),
        (
            "预测概率达到该阈值时才会建立事件。每一行是该阈值在这段历史中会带来的结果，"
            "由同样的 {n} 次预测重新决策得出。点选图中一点或表中一行，即显示应设置的值。"
        ),
    ),
    "choice.plot": ("Failures warned of against false warnings", "预警故障与误报的取舍"),
    "choice.now": ("in force", "当前"),
    "choice.cheapest": ("cheapest", "成本最低"),
    "choice.bar": ("bar", "阈值"),
    "choice.warned": ("warned of", "预警"),
    "choice.missed": ("missed", "漏报"),
    "choice.warnings": ("warnings", "预警事件"),
    "choice.false": ("false", "误报"),
    "choice.week": ("false a week", "每周误报"),
    "choice.month": ("false per asset, month", "每资产每月误报"),
    "choice.lead": ("median lead", "提前时间中位数"),
    "choice.cost": ("cost left", "剩余成本"),
    "choice.none": (
        "No forecast came near a bar, so there is nothing to choose.",
        "没有任何预测接近阈值，因此无可选择。",
    ),
    "axis.false": ("false warnings per asset and month", "每资产每月误报"),
    "axis.lead": ("median hours before the failure", "故障前小时数中位数"),
    "axis.recall": ("share of failures warned of", "提前预警的故障比例"),
    "calibration": ("Is the probability right?", "概率可信吗？"),
    "calibration.about": (
        (
            "Every forecast with a probability, held against what came within the time it spoke "
            "of. On the dotted line, 80 % came true eight times in ten. {n} forecasts; Brier "
            "{brier}, calibration error {error}; {unknown} more were not over when "
            "the recording ended."
        ),
        (
            "每个给出概率的预测与其所述时间内实际发生的情况对照。"
            "点在虚线上表示：说 80 % 的十次中有八次成真。"
            "共 {n} 次预测；Brier {brier}，校准误差 {error}；"
            "另有 {unknown} 次在记录结束时尚未到期。"
        ),
    ),
    "calibration.none": ("No forecast gave a probability.", "没有预测给出概率。"),
    "axis.stated": ("probability as stated", "预测概率"),
    "axis.came": ("share that came true", "实际发生比例"),
    "made": ("Every forecast, and what came of it", "每次预测及其结果"),
    "made.about": (
        (
            "All {n} forecasts were kept as they were made and held against what came later; "
            "--forecasts FILE writes them one by one."
        ),
        "全部 {n} 次预测均按原样保留，并与之后实际发生的情况对照；--forecasts FILE 逐条写出。",
    ),
    "made.came": ("with a probability: it came in time", "给出概率：在所述时间内发生"),
    "made.came_not": ("with a probability: it did not come", "给出概率：未发生"),
    "made.not_over": (
        "with a probability: not over when the recording ended",
        "给出概率：记录结束时尚未到期",
    ),
    "made.silent": ("nothing foretold: {reason}", "未作预测：{reason}"),
    "lead": ("How long before the failure?", "提前多久？"),
    "lead.about": (
        (
            "From the earliest warning to the failure: p10 {p10} h, median {median} h, p90 {p90} "
            "h. Compare it with the time a repair needs."
        ),
        (
            "从最早预警到故障：p10 {p10} 小时，中位数 {median} 小时，p90 {p90} 小时。"
            "请与维修所需时间比较。"
        ),
    ),
    "lead.none": ("No failure was warned of.", "没有故障得到预警。"),
    "axis.hours": ("hours before the failure", "故障前小时数"),
    "axis.failures": ("failures", "故障数"),
    "weeks": ("Incidents a week", "每周事件"),
    "weeks.about": (
        "What a team would have had to look at: {mean} a week on average, {most} in the busiest.",
        "团队需要查看的事件：平均每周 {mean} 个，最忙一周 {most} 个。",
    ),
    "axis.week": ("week from the first sample", "自首个样本起的周数"),
    "axis.incidents": ("incidents", "事件数"),
    "timeline": ("Incidents on the time line", "事件时间线"),
    "timeline.about": (
        "A bar runs from the opening to the late end of its range; a cross is a failure.",
        "横条从建立事件到预测区间的最晚时间；叉号为故障。",
    ),
    "timeline.cut": (
        "The {shown} assets with most to show of {all}.",
        "共 {all} 个资产，显示内容最多的 {shown} 个。",
    ),
    "misses": ("Failures nobody was warned of", "未获预警的故障"),
    "misses.none": ("None: every failure was warned of.", "没有：每个故障都有预警。"),
    "misses.no_failures": (
        "The bundle names no failures, so none can have been missed.",
        "数据包未列出故障，因此无从漏报。",
    ),
    "miss.range_long": (
        (
            "An incident opened at {opened}, but its range of {days} days is longer than {most} "
            "days: it says too little to count."
        ),
        "{opened} 建立了事件，但其区间 {days} 天超过 {most} 天：信息太少，不计入。",
    ),
    "miss.too_early": (
        "An incident opened at {opened}, but its range ended at {late}, too long before.",
        "{opened} 建立了事件，但其区间在 {late} 已结束，过早。",
    ),
    "miss.not_held": (
        "A forecast{signal} reached {probability} at {at}, but not {hold} times in a row.",
        "预测{signal}在 {at} 达到 {probability}，但未连续 {hold} 次。",
    ),
    "miss.below": (
        "The highest forecast{signal} was {probability} at {at}, below the bar of {bar}.",
        "最高的预测{signal}为 {at} 的 {probability}，低于阈值 {bar}。",
    ),
    "miss.abstained": (
        "No probability was given in {n} forecasts; the last, {signal} at {at}: {reason}.",
        "{n} 次预测均未给出概率；最后一次（{signal}，{at}）：{reason}。",
    ),
    "miss.no_limit": (
        (
            "Nothing was forecast of it shortly before: no signal of it has a limit, and "
            "{known} failures were known by then to learn from."
        ),
        "此前不久未做任何预测：其信号均无限值，且当时已知可供学习的故障为 {known} 次。",
    ),
    "money": ("Money", "费用"),
    "money.about": (
        (
            "At the prices in the configuration: an hour of downtime, an outage's length, a false "
            "alarm."
        ),
        "按配置中的价格：每小时停机、停机时长、每次误报。",
    ),
    "money.free": (
        "No prices are configured; set prices.downtime_per_hour and prices.false_alarm.",
        "未配置价格；请设置 prices.downtime_per_hour 与 prices.false_alarm。",
    ),
    "money.downtime_warned": ("downtime that was warned of", "已预警的停机"),
    "money.downtime_missed": ("downtime that came unannounced", "未预警的停机"),
    "money.false_alarms": ("looking at false alarms", "处理误报"),
    "all": ("Every incident", "全部事件"),
    "col.asset": ("asset", "资产"),
    "col.time": ("time", "时间"),
    "col.kind": ("kind", "类型"),
    "col.why": ("why nothing was said", "为何没有预警"),
    "col.opened": ("opened (UTC)", "建立（UTC）"),
    "col.outcome": ("outcome", "结果"),
    "col.lead": ("lead, h", "提前，小时"),
    "col.said": ("what was said", "内容"),
    "kind.predictive": ("predicted", "预测"),
    "kind.reactive": ("seen", "发现"),
    "outcome.happened": ("happened", "已发生"),
    "outcome.averted": ("averted", "已避免"),
    "outcome.false": ("false", "误报"),
    "outcome.expired": ("expired", "过期"),
    "outcome.open": ("open", "未结束"),
    "outcome.reactive": ("seen, not predicted", "发现而非预测"),
    "failure": ("failure", "故障"),
}

_REASONS_ZH: Final = {
    Abstention.NONE: "",
    Abstention.MISSING: "该区间没有样本",
    Abstention.WARMING_UP: "仍在学习何为正常",
    Abstention.CONSTANT: "数值从未变化",
    Abstention.SHORT_HISTORY: "历史过短",
    Abstention.GAPPY_HISTORY: "历史缺口过多",
    Abstention.NO_TREND: "没有朝向限值的显著趋势",
    Abstention.BAD_DATA: "数据质量过差",
    Abstention.MAINTENANCE: "处于维护中",
    Abstention.ALREADY_OVER: "已超过限值",
    Abstention.NO_LIMIT: "没有已知限值",
    Abstention.QUARANTINED: "该方法在此资产上失败，已停用",
    Abstention.OUT_OF_TIME: "未在期限内算完",
}


def say(key: str, **values: object) -> str:
    """Returns both languages as markup; the page's style shows one. Values are escaped.

    Args:
        values: Named in the text; a mapping holds a value for each language.
    """
    said = []
    for language, text in zip(LANGUAGES, _WORDS[key], strict=True):
        own = {
            name: escape(str(value[language] if isinstance(value, Mapping) else value))
            for name, value in values.items()
        }
        said.append(f"<span lang={language}>{text.format(**own)}</span>")
    return "".join(said)


def draw(key: str) -> str:
    """Returns both languages for a text of a plot."""
    pairs = zip(LANGUAGES, _WORDS[key], strict=True)
    return "".join(f"<tspan lang={language}>{text}</tspan>" for language, text in pairs)


def plain(key: str) -> str:
    """Returns the English words, for what only readers of the markup meet."""
    return _WORDS[key][0]


def reason(abstained: Abstention) -> dict[str, str]:
    """Returns why nothing was computed, by language."""
    return {"en": abstained.words, "zh": _REASONS_ZH[abstained]}
