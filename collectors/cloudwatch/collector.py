"""The cloudwatch collector: what there is once an hour, what it measured once a period."""

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from aiops.contracts.book import Draft, SeriesBook
from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.errors import ConfigError, Unreachable
from aiops.domain.asset import Asset, Location
from aiops.domain.identity import identify_host
from aiops.domain.instant import to_ns
from aiops.domain.metric import Metric
from collectors._periods import TO, due
from collectors._web.fetch import check_url
from collectors.cloudwatch.settings import CloudMetricSettings, CloudwatchSettings

# Source: Amazon CloudWatch API reference, GetMetricData: 500 queries, 100,800 points.
_PER_REQUEST: Final = 500
_MAX_POINTS: Final = 100_000
_MAX_PIECE: Final = timedelta(days=14)
_LIST_SECONDS: Final = 3600.0
_CONNECT_SECONDS: Final = 5
_READ_SECONDS: Final = 20
_INSTANCE: Final = "InstanceId"
_REGION: Final = re.compile(r"[a-z]{2}(-[a-z]+)+-\d")
_AUTH: Final = frozenset(
    {
        "AccessDenied", "AccessDeniedException", "ExpiredToken", "InvalidClientTokenId",
        "SignatureDoesNotMatch", "UnrecognizedClientException", "IncompleteSignature",
        "MissingAuthenticationToken", "OptInRequired",
    }
)  # fmt: skip
_THROTTLED: Final = frozenset({"Throttling", "ThrottlingException", "RequestLimitExceeded"})


@dataclass(frozen=True, slots=True)
class _Listed:
    """One series at CloudWatch."""

    rule: CloudMetricSettings
    metric: Metric
    asset: Asset

    def query(self, number: int, period: int) -> dict[str, Any]:
        """Returns what is asked for it."""
        dimension = {"Name": self.rule.dimension, "Value": self.asset.key}
        named = {"Namespace": self.rule.namespace, "MetricName": self.rule.name}
        return {
            "Id": f"m{number}",
            "MetricStat": {
                "Metric": {**named, "Dimensions": [dimension]},
                "Period": period,
                "Stat": self.rule.statistic,
            },
        }


class CloudwatchCollector:
    """Reads one account in one region; the library may block, so it lives in a worker."""

    def __init__(self, settings: CloudwatchSettings) -> None:
        _check(settings)
        self._settings = settings
        self._book = SeriesBook()
        self._client: Any = None
        self._listed: list[_Listed] = []
        self._listed_at = 0.0

    def collect(self, cursor: Cursor, until: datetime, deadline: timedelta) -> Collection:
        """Reads the periods that are over; asks nothing, and pays nothing, while there is none.

        Raises:
            Unreachable: CloudWatch cannot be had, refuses us, or has more series than allowed.
        """
        del deadline
        most = min(self._settings.period * (_MAX_POINTS // _PER_REQUEST), _MAX_PIECE)
        start, end = due(self._settings, cursor, until, most)
        draft = Draft(self._book)
        if start == end:
            return draft.collection(cursor)
        try:
            if self._client is None:
                self._client = self._connect()
            self._list()
            for piece in range(0, len(self._listed), _PER_REQUEST):
                self._read(draft, self._listed[piece : piece + _PER_REQUEST], start, end)
        except NoCredentialsError as error:
            words = f"{self._settings.region}: no credentials; set access_key_id or a role"
            raise Unreachable(words, "auth") from error
        except ClientError as error:
            raise self._refusal(error) from error
        except BotoCoreError as error:
            raise Unreachable(f"{self._settings.region}: {error}", "refused") from error
        return draft.collection({TO: end.isoformat()})

    def discover(self) -> Inventory:
        """Returns what has the metrics."""
        return self._book.inventory()

    def close(self) -> None:
        """Closes the connections."""
        if self._client is not None:
            self._client.close()
            self._client = None

    def _connect(self) -> Any:
        settings = self._settings
        secret = settings.secret_access_key
        given: dict[str, Any] = {}
        if settings.access_key_id:
            given["aws_access_key_id"] = settings.access_key_id
            given["aws_secret_access_key"] = secret.reveal() if secret else ""
        return boto3.client(
            "cloudwatch",
            region_name=settings.region,
            endpoint_url=settings.endpoint or None,
            config=Config(
                connect_timeout=_CONNECT_SECONDS,
                read_timeout=_READ_SECONDS,
                retries={"total_max_attempts": 2, "mode": "standard"},
            ),
            **given,
        )

    def _list(self) -> None:
        now = time.monotonic()
        if self._listed and now - self._listed_at < _LIST_SECONDS:
            return
        found: list[_Listed] = []
        for rule in self._settings.metrics:
            metric = Metric(rule.metric, rule.unit, bad_direction=rule.bad_direction)
            for value in self._values(rule):
                found.append(
                    _Listed(rule, metric, Asset(value, rule.kind, location=Location.CLOUD))
                )
                if len(found) > self._settings.max_metrics:
                    most = self._settings.max_metrics
                    words = f"{self._settings.region}: over {most} series, and each costs"
                    raise Unreachable(f"{words}; name fewer metrics or raise max_metrics", "limit")
        if not found:
            words = f"{self._settings.region}: nothing has any of the metrics"
            raise Unreachable(words, "empty")
        self._listed, self._listed_at = found, now
        for one in found:
            if one.rule.dimension == _INSTANCE:
                self._book.know(identify_host(one.asset.key, one.asset.key))

    def _values(self, rule: CloudMetricSettings) -> Iterator[str]:
        pages = self._client.get_paginator("list_metrics").paginate(
            Namespace=rule.namespace,
            MetricName=rule.name,
            Dimensions=[{"Name": rule.dimension}],
            RecentlyActive="PT3H",
        )
        seen: set[str] = set()
        for page in pages:
            for told in page.get("Metrics", ()):
                dimensions = told.get("Dimensions", ())
                # With further dimensions it is a part of what the one alone tells.
                if len(dimensions) == 1 and dimensions[0]["Value"] not in seen:
                    seen.add(dimensions[0]["Value"])
                    yield dimensions[0]["Value"]

    def _read(
        self, draft: Draft, listed: Sequence[_Listed], start: datetime, end: datetime
    ) -> None:
        period = int(self._settings.period.total_seconds())
        pages = self._client.get_paginator("get_metric_data").paginate(
            MetricDataQueries=[one.query(number, period) for number, one in enumerate(listed)],
            StartTime=start,
            EndTime=end,
            ScanBy="TimestampAscending",
        )
        for page in pages:
            for told in page.get("MetricDataResults", ()):
                one = listed[int(told["Id"][1:])]
                if told.get("StatusCode") not in {"Complete", "PartialData"}:
                    draft.drop("source")
                rule = one.rule
                scale = rule.scale / (period if rule.statistic == "Sum" else 1)
                for at, value in zip(told["Timestamps"], told["Values"], strict=True):
                    draft.add(
                        one.metric, (one.asset,), value * scale, to_ns(at),
                        fail=rule.fail, warn=rule.warn,
                    )  # fmt: skip

    def _refusal(self, error: ClientError) -> Unreachable:
        told = error.response.get("Error", {})
        code = str(told.get("Code", ""))
        kind = "auth" if code in _AUTH else "throttled" if code in _THROTTLED else "http"
        words = f"{self._settings.region}: {code}: {str(told.get('Message', ''))[:200]}"
        return Unreachable(words, kind)


def _check(settings: CloudwatchSettings) -> None:
    problems: list[str] = []
    if not _REGION.fullmatch(settings.region):
        problems.append(f"region: {settings.region!r} is no region such as eu-central-1")
    seconds = settings.period.total_seconds()
    if seconds < 60 or seconds % 60:
        problems.append("period: CloudWatch has whole minutes")
    if settings.access_key_id and not settings.secret_access_key:
        problems.append("secret_access_key: access_key_id needs it")
    if not settings.metrics:
        problems.append("metrics: there are none; write at least one")
    if settings.endpoint:
        check_url(settings.endpoint)
    if problems:
        raise ConfigError(problems)
