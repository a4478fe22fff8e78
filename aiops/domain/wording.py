"""Sentences with places for values, in English and Simplified Chinese.

Codes are stored; a sentence may be reworded, a code never gets another meaning.
"""

from collections.abc import Mapping
from typing import Final

from aiops.domain.vocabulary import Both

_DECIDED: Final[Mapping[str, Both]] = {
    "risk_answered": ("a person has answered this risk", "已有人处理此风险"),
    "abstained": ("{abstention}", "{abstention}"),
    "below": ("{probability:.2f} is below {bar:.2f}", "{probability:.2f} 低于 {bar:.2f}"),
    "in_a_row": (
        "{probability:.2f}, {count} of {hold} times in a row",
        "{probability:.2f}，连续 {count}/{hold} 次",
    ),
    "falling": ("forecasts below in a row: {count}", "预测连续低于阈值 {count} 次"),
    "limit_met": ("its limit is met", "已达到限值"),
    "signal_met_limit": ("{signal} met its limit", "{signal} 达到限值"),
    "members_last": ("{lasting} of {members} last", "{members} 个信号中 {lasting} 个仍未恢复"),
    "repaired_at": ("repaired {at}", "维修于 {at}"),
    "repaired": ("repaired", "已维修"),
    "range_passed": ("its range passed", "预测区间已过"),
    "planned_window": ("planned window", "计划维护窗口"),
    "reported_in_window": (
        "reported in a planned window: {failure}",
        "在计划维护窗口内报告：{failure}",
    ),
    "stays_over": ("{signal} stays over", "{signal} 仍超过限值"),
    "sooner": ("a quarter sooner than said", "比此前预测提前四分之一以上"),
    "probability": ("probability {probability:.2f}", "概率 {probability:.2f}"),
    "went_back": ("{before} went back to {after}", "由 {before} 回落到 {after}"),
    "went_back_again": (
        "{before} went back to {after}, as it had before",
        "由 {before} 回落到 {after}，此前也曾如此",
    ),
    "trend_ended": ("the trend ended by itself", "趋势自行结束"),
    "ended": ("{outcome}: {note}", "{outcome}：{note}"),
    "closed_shortly": ("it had closed a short while ago", "不久前刚关闭"),
    "comes_and_goes": (
        "it comes and goes; it stays open until it is calm",
        "反复出现；平静之前保持打开",
    ),
    "until_calm": ("it stays open until it is calm", "平静之前保持打开"),
    "strange": ("{shape}, strength {strength:.1f}", "{shape}，强度 {strength:.1f}"),
    "strange_over": ("over, strength {strength:.1f}", "已结束，强度 {strength:.1f}"),
    "too_weak": (
        "strength {strength:.1f}, {lacks:.1f} too weak for the false-alarm budget",
        "强度 {strength:.1f}，距误报预算要求差 {lacks:.1f}",
    ),
    "budget_spent": (
        "{above:.1f} above the bar; {least:.1f} is needed until the week is over",
        "超出门槛 {above:.1f}；本周结束前需要 {least:.1f}",
    ),
}
_ORDERED: Final[Mapping[str, Both]] = {
    "by": ("{who}: {what}", "{who}：{what}"),
    "with_note": ("{what}: {note}", "{what}：{note}"),
    "new_normal": ("accepted as the new normal", "接受为新的常态"),
    "planned_for": ("planned for {at}", "计划于 {at}"),
    "assigned_to": ("to {assignee}", "指派给 {assignee}"),
    "merged_into": ("into {incident}", "并入 {incident}"),
    "merge_took": ("{incident} joined", "{incident} 已并入"),
    "split_left": ("signals that left: {count}", "移出的信号：{count}"),
    "often_together": (
        "{asset} and {other}: {times} times before",
        "{asset} 与 {other}：此前 {times} 次",
    ),
    "given_alone": (
        "to {who}, alone on shift until {until}, {load} open before",
        "交给 {who}：值班至 {until}，仅此一人，此前未关闭 {load} 个",
    ),
    "given_least": (
        "to {who}, on shift until {until}, {load} open before; nobody on shift has fewer",
        "交给 {who}：值班至 {until}，此前未关闭 {load} 个，当班者中无人更少",
    ),
    "nobody_on_shift": (
        "nobody of {team} is on shift; the next one begins {at}",
        "{team} 当前无人值班；下一班开始于 {at}",
    ),
    "split_from": ("from {incident}", "拆分自 {incident}"),
}
_SENT: Final[Mapping[str, Both]] = {
    "sent_to": ("{told} to {destination}", "{told} → {destination}"),
    "not_sent": ("{told} not sent", "{told}：未发送"),
    "silenced": (
        "{told} not sent: {note} ({by}, until {until})",
        "{told}：未发送：{note}（{by}，至 {until}）",
    ),
    "shared_ticket": (
        "{told}: {count} incidents share one ticket",
        "{told}：{count} 个事件共用一张工单",
    ),
    "over_before_ticket": (
        "the incident ended before its ticket was made",
        "工单创建之前事件已结束",
    ),
    "cancelled": (
        "cancelled: the incident ended before its ticket was made",
        "已取消：工单创建之前事件已结束",
    ),
    "duplicates": (
        "{destination} also has {tickets} for it: closed as duplicates",
        "{destination} 另有 {tickets}：已作为重复工单关闭",
    ),
    "set_aside": (
        "{told} to {destination} is set aside: {error}",
        "{told} → {destination} 已搁置：{error}",
    ),
}
_TICKET: Final[Mapping[str, Both]] = {
    "no_site": ("no site", "未设站点"),
    "storm_subject": ("{site}: {count} incidents at once", "{site}：同时发生 {count} 个事件"),
    "storm_stands": (
        "{count} incidents began at {site} within a short time; they share this ticket.",
        "{site} 短时间内发生 {count} 个事件，共用此工单。",
    ),
    "storm_over": (
        (
            "{count} incidents began at {site} within a short time; they share this ticket. "
            "All of them are closed."
        ),
        "{site} 短时间内发生 {count} 个事件，共用此工单。现已全部关闭。",
    ),
    "title_comment": ("Update:", "更新："),
    "title_resolve": ("Resolved:", "已解决："),
    "title_reopen": ("Reopened:", "重新打开："),
    "reason_by": ("{reason} ({actor})", "{reason}（{actor}）"),
    "expected": (
        "Expected: between {early} and {late}, most likely {likely}",
        "预计：{early} 至 {late}，最可能为 {likely}",
    ),
    "percent": ("Probability: {percent} %", "概率：{percent} %"),
    "safe_start": ("Start repair no later than: {at}", "最晚开始维修：{at}"),
    "evidence": ("Evidence:", "依据："),
    "details": ("Details: {url}", "详情：{url}"),
    "probable_cause": ("Probable cause:", "可能原因："),
    "cause": ("{asset} ({percent} %): {why}", "{asset}（{percent} %）：{why}"),
    "signals": ("{count} signals:", "{count} 个信号："),
    "since": ("{signal}: since {at}", "{signal}：自 {at} 起"),
    "since_until": (
        "{signal}: since {at}, normal again {until}",
        "{signal}：自 {at} 起，{until} 恢复正常",
    ),
    "priority_is": ("Priority: {priority}", "优先级：{priority}"),
    "priority_of": (
        "Priority: {priority} (impact {impact}, urgency {urgency})",
        "优先级：{priority}（影响{impact}，紧急度{urgency}）",
    ),
    "level_1": ("high", "高"),
    "level_2": ("medium", "中"),
    "level_3": ("low", "低"),
    "category_is": ("Category: {name}", "类别：{name}"),
    "service_is": ("Service: {name}", "服务：{name}"),
    "group_is": ("Group: {name}", "处理组：{name}"),
    "assignee_is": ("Assignee: {name}", "处理人：{name}"),
    "and_more": ("and {count} more", "另有 {count} 个"),
    "incident": ("Incident: {key}", "事件：{key}"),
}
_TRACED: Final[Mapping[str, Both]] = {
    "times_since": ("({times} times since {since})", "（自 {since} 起共 {times} 次）"),
    "incident_is": (
        "{incident} is {state}, stage {stage}. {sentence}",
        "{incident}：{state}，阶段：{stage}。{sentence}",
    ),
    "asset_calm": ("{asset}: no incident is open", "{asset}：没有未关闭的事件"),
    "asset_open": ("{asset}: open: {incidents}", "{asset}：未关闭：{incidents}"),
    "cells_looked_at": (
        (
            "{signal} was {value:.6g} in the last of {cells} cells looked at "
            "(from {start}, {first:.6g})"
        ),
        "{signal} 在所查看的 {cells} 个区间中最近一个为 {value:.6g}（起于 {start}，{first:.6g}）",
    ),
    "anomaly_over": (
        (
            "{signal}: {shape}, value {value:.6g} where {usual:.6g} is usual, score {score:.2f}, "
            "until {end} ({detector})"
        ),
        (
            "{signal}：{shape}，值 {value:.6g}，通常为 {usual:.6g}，得分 {score:.2f}，"
            "至 {end}（{detector}）"
        ),
    ),
    "anomaly_lasts": (
        (
            "{signal}: {shape}, value {value:.6g} where {usual:.6g} is usual, score {score:.2f}, "
            "and lasts ({detector})"
        ),
        (
            "{signal}：{shape}，值 {value:.6g}，通常为 {usual:.6g}，得分 {score:.2f}，"
            "仍在持续（{detector}）"
        ),
    ),
    "predicted_then": ("when it opened: {what}", "打开时：{what}"),
    "predicted_now": ("newest: {what}", "最新：{what}"),
    "limit_between": (
        (
            "the limit {limit:.6g} is met with probability {probability:.2f} between {early} and "
            "{late} ({method})"
        ),
        "在 {early} 至 {late} 之间达到限值 {limit:.6g} 的概率为 {probability:.2f}（{method}）",
    ),
    "limit_within": (
        (
            "{signal}: the limit {limit:.6g} is met with probability {probability:.2f} within "
            "{horizon} ({method})"
        ),
        "{signal}：{horizon} 内达到限值 {limit:.6g} 的概率为 {probability:.2f}（{method}）",
    ),
    "no_forecast": ("{signal}: no forecast: {abstention}", "{signal}：无预测：{abstention}"),
    "was": ("{signal} was {value:.6g}", "{signal} 为 {value:.6g}"),
    "message": ("{told} to {destination}: {delivery}", "{told} → {destination}：{delivery}"),
    "message_ticket": (", ticket {ticket}", "，工单 {ticket}"),
    "message_tries": (
        ", {attempts} attempts, next not before {at}",
        "，已尝试 {attempts} 次，下次不早于 {at}",
    ),
    "message_error": (", last error: {error}", "，最近的错误：{error}"),
    "ticket_open": ("{ticket}: {status} (open)", "{ticket}：{status}（未关闭）"),
    "ticket_closed": ("{ticket}: {status} (closed)", "{ticket}：{status}（已关闭）"),
    "ended_by": ("{incident} {outcome} by {actor}", "{incident} {outcome}，由{actor}判定"),
}
_RUN: Final[Mapping[str, Both]] = {
    "run_exit_code": ("exit code {code}", "退出码 {code}"),
    "run_ended_after": ("ended after {seconds:g} s", "{seconds:g} 秒后被终止"),
    "run_ended_by_switch": ("ended by the kill switch", "被紧急停止开关终止"),
    "run_not_begun": ("not begun", "未开始"),
    "run_timeout_over": (
        "not begun: the runbook's timeout is over",
        "未开始：预案的总时限已到",
    ),
    "run_not_sent": ("not sent", "未发送"),
    "run_no_dry_run": ("not run: no dry_run", "未执行：没有 dry_run"),
    "run_status": ("status {status}", "状态码 {status}"),
    "run_status_without_text": (
        "status {status}, without the text that was expected",
        "状态码 {status}，但没有预期的文字",
    ),
    "run_no_answer": ("no answer ({error})", "无应答（{error}）"),
    "run_not_awaited": ("sent; its answer was not awaited", "已发送，未等待应答"),
    "run_no_whole_answer": (
        "sent; no whole answer in {seconds:g} s",
        "已发送，{seconds:g} 秒内没有完整应答",
    ),
    "run_request_failed": ("the request failed", "请求失败"),
    "run_at_once": (
        "{runs} runs at once (automate.at_once {most})",
        "同时运行 {runs} 个（automate.at_once {most}）",
    ),
    "run_per_hour": (
        "{runs} runs in the last hour (automate.per_hour {most})",
        "最近一小时运行 {runs} 次（automate.per_hour {most}）",
    ),
    "run_per_asset": (
        "{runs} runs on {asset} in 24 h (automate.per_asset {most})",
        "24 小时内在 {asset} 上运行 {runs} 次（automate.per_asset {most}）",
    ),
    "run_blast_radius": (
        "{assets} assets in 24 h (automate.blast_radius {most})",
        "24 小时内涉及 {assets} 个资产（automate.blast_radius {most}）",
    ),
    "run_approvals_missing": ("approvals are missing", "缺少批准"),
}
PHRASES: Final[Mapping[str, Both]] = {
    **_DECIDED, **_ORDERED, **_SENT, **_TICKET, **_TRACED, **_RUN,
}  # fmt: skip
