"""What to look ahead for: each series that has a limit."""

from collections.abc import Callable, Mapping, Sequence

from aiops.domain.metric import Direction, Limit, Metric
from aiops.domain.series import IntArray, SeriesInfo, SeriesKey
from aiops.forecast.resolution import Request


def requests_of(
    infos: Sequence[SeriesInfo],
    first_ns: IntArray,
    metrics: Mapping[str, Metric],
    limits: Sequence[Limit],
    find: Callable[[SeriesKey], SeriesInfo | None],
    zones: Sequence[str],
) -> list[Request]:
    """Returns one request for each series with a limit, the nearest rule first.

    A limit of the series' own asset goes before one for every asset. One that is a share of a
    series that is not there has no value.

    Args:
        first_ns: ``(len(infos),)`` time of each series' first sample, 0 where it has none.
        find: Looks a series up, whatever its step.
        zones: Time zone of each series' asset.
    """
    limit_by_place = {(limit.asset, limit.metric): limit for limit in limits}
    requests = []
    for info, first, zone in zip(infos, first_ns.tolist(), zones, strict=True):
        key = info.key
        limit = limit_by_place.get((key.asset, key.metric)) or limit_by_place.get(("", key.metric))
        if limit is None or not first:
            continue
        metric = metrics.get(key.metric) or Metric(key.metric)
        reference = 0
        if limit.of:
            same, bare = (SeriesKey(key.asset, limit.of, labels) for labels in (key.labels, ()))
            found = find(same) or find(bare)
            reference = found.id if found else 0
        lacking = bool(limit.of) and not reference
        requests.append(
            Request(
                series=info.id,
                key=key,
                step_ns=info.step_ns,
                first_ns=first,
                limit=float("nan") if lacking else limit.fail,
                direction=Direction.DOWN if limit.direction is Direction.DOWN else Direction.UP,
                floor=float("-inf") if metric.floor is None else metric.floor,
                ceiling=float("inf") if metric.ceiling is None else metric.ceiling,
                warn=float("nan") if limit.warn is None or lacking else limit.warn,
                of=limit.of,
                reference=reference,
                learnt=limit.learnt,
                zone=zone,
            )
        )
    return requests
