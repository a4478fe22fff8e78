"""What an InfluxDB must be and have before samples go there."""

from typing import Any, Final
from urllib.parse import urlencode

import orjson

from aiops.contracts.errors import Refused, Unreachable
from aiops.store.remote.http import Answer, Endpoint
from aiops.store.remote.naming import MEASUREMENT, STORE
from aiops.store.remote.settings import InfluxSettings

_JSON: Final = {"Content-Type": "application/json"}


class Setup:
    """Checks the version once, and creates bucket and task where the settings ask for it."""

    def __init__(self, settings: InfluxSettings, endpoint: Endpoint) -> None:
        self._settings, self._endpoint = settings, endpoint
        self.version = ""
        self._ready = not (settings.create_bucket or settings.downsample)

    def check_version(self) -> None:
        """Asks a server once what it is.

        Raises:
            Unreachable: It is no InfluxDB 2: 1.x answers a ping too, but knows no Flux buckets.

        Source: InfluxDB API, "Ping": Cloud "isn't versioned and doesn't return
        X-Influxdb-Version"; what has buckets and no version is Cloud.
        """
        if self.version:
            return
        answer = self._endpoint.request("GET", "/ping")
        version = answer.headers.get("x-influxdb-version", "").lstrip("v")
        build = answer.headers.get("x-influxdb-build", "")
        if version.startswith("2.") or "cloud" in f"{version} {build}".lower():
            self.version = version or build
            return
        if not version and not build and self._has_buckets():
            self.version = "Cloud"
            return
        found = f"InfluxDB {version} {build}".strip() if version else "no InfluxDB"
        raise Unreachable(
            f"{self._endpoint.url}: is {found}; this store needs InfluxDB 2.x or Cloud. For 1.x "
            "upgrade with `influxd upgrade`, or send its samples to a collector",
            "wrong_version",
        )

    def _has_buckets(self) -> bool:
        query = urlencode({"org": self._settings.org, "limit": 1})
        try:
            self._json(self._endpoint.request("GET", f"/api/v2/buckets?{query}"), "buckets")
        except Refused:
            return False
        except Unreachable as error:
            if error.kind not in {"http", "not_found", "not_a_store"}:
                raise
            return False
        return True

    def prepare(self) -> None:
        """Creates what is missing; the token needs the right only when it is.

        Raises:
            Unreachable: It cannot be created.
        """
        self.check_version()
        if self._ready:
            return
        retention = round(self._settings.retention.total_seconds())
        if self._settings.create_bucket:
            self._have_bucket(self._settings.bucket, retention)
        if self._settings.downsample:
            self._have_bucket(f"{self._settings.bucket}_1h", 0)
            self._have_task()
        self._ready = True

    def _have_bucket(self, name: str, retention: int) -> None:
        if self._is_there("buckets", name):
            return
        rules = [{"type": "expire", "everySeconds": retention}] if retention else []
        body = {"orgID": self._org_id(), "name": name, "retentionRules": rules}
        self._endpoint.request("POST", "/api/v2/buckets", orjson.dumps(body), _JSON)

    def _have_task(self) -> None:
        name = f"aiops hourly {self._settings.name}"
        if self._is_there("tasks", name):
            return
        body = {"orgID": self._org_id(), "status": "active", "flux": self.task(name)}
        self._endpoint.request("POST", "/api/v2/tasks", orjson.dumps(body), _JSON)

    def _is_there(self, kind: str, name: str) -> bool:
        """Whether something has this name; asked for a name that there is not, servers differ.

        Source: influxdata/influxdb issue 14900 (it answers the system's own buckets), pull
        request 13071 (404).
        """
        query = urlencode({"org": self._settings.org, "name": name})
        try:
            answer = self._endpoint.request("GET", f"/api/v2/{kind}?{query}")
        except Unreachable as error:
            if error.kind != "not_found":
                raise
            return False
        return any(each.get("name") == name for each in self._json(answer, kind))

    def task(self, name: str) -> str:
        """Returns the Flux of the task that keeps hourly means."""
        source, target, store, org, title = (
            orjson.dumps(text).decode()
            for text in (
                self._settings.bucket,
                f"{self._settings.bucket}_1h",
                self._settings.name,
                self._settings.org,
                name,
            )
        )
        return (
            f"option task = {{name: {title}, every: 1h, offset: 10m}}\n"
            f"from(bucket: {source})\n"
            "  |> range(start: -2h)\n"
            f'  |> filter(fn: (r) => r._measurement == "{MEASUREMENT}" and r.{STORE} == {store})\n'
            "  |> aggregateWindow(every: 1h, fn: mean, createEmpty: false)\n"
            f"  |> to(bucket: {target}, org: {org})\n"
        )

    def _org_id(self) -> str:
        query = urlencode({"org": self._settings.org})
        found = self._json(self._endpoint.request("GET", f"/api/v2/orgs?{query}"), "orgs")
        if not found:
            raise Unreachable(
                f"{self._endpoint.url}: no organisation is called {self._settings.org!r}, "
                "or the token may not see it",
                "auth",
            )
        return str(found[0]["id"])

    def _json(self, answer: Answer, key: str) -> list[Any]:
        try:
            found = orjson.loads(answer.body)[key]
        except (orjson.JSONDecodeError, KeyError, TypeError) as error:
            raise Unreachable(
                f"{self._endpoint.url}: answers {answer.content_type or 'nothing'}, not a list of "
                f"{key}",
                "not_a_store",
            ) from error
        return list(found or [])
