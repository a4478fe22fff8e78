"""The questions to the API server, through the official client."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import orjson
from kubernetes import client
from kubernetes.client.exceptions import ApiException
from urllib3.exceptions import HTTPError, SSLError

from aiops.contracts.errors import Unreachable
from collectors.kubernetes.objects import Object, at, objects
from collectors.kubernetes.settings import KubernetesSettings

_PAGE: Final = 500
_CONNECT_SECONDS: Final = 5.0
_FORBIDDEN: Final = (401, 403)
_TOO_MANY: Final = 429
_METRICS: Final = ("metrics.k8s.io", "v1beta1")


class Cluster:
    """One collection's conversation with a cluster.

    Args:
        end: Monotonic seconds by which the last answer must be there.
    """

    def __init__(self, settings: KubernetesSettings, end: float) -> None:
        self._url = settings.url
        self._end = end
        told = client.Configuration(host=settings.url)
        told.verify_ssl = settings.verify
        told.ssl_ca_cert = settings.ca_file or None
        told.proxy, told.retries = None, False
        told.safe_chars_for_path_param = "/"  # or the path behind a node's proxy is one word
        token = _token(settings)
        self._api = client.ApiClient(told)
        if token:
            self._api.set_default_header("Authorization", f"Bearer {token}")
        self._core = client.CoreV1Api(self._api)
        self._custom = client.CustomObjectsApi(self._api)

    def close(self) -> None:
        """Closes the connections."""
        self._api.close()

    def nodes(self) -> Iterator[Object]:
        """Yields every node."""
        return self._pages(self._core.list_node)

    def pods(self) -> Iterator[Object]:
        """Yields every pod, piece by piece."""
        return self._pages(self._core.list_pod_for_all_namespaces)

    def usage(self, of: str) -> list[Object]:
        """Returns what ``nodes`` or ``pods`` use, as the metrics server says."""

        def ask(**more: Any) -> Any:
            return self._custom.list_cluster_custom_object(*_METRICS, of, **more)

        return objects(self._ask(ask).get("items"))

    def summary(self, node: str) -> Object:
        """Returns the stats summary of a node's kubelet."""

        def ask(**more: Any) -> Any:
            return self._core.connect_get_node_proxy_with_path(node, "stats/summary", **more)

        return self._ask(ask)

    def _pages(self, ask: Callable[..., Any]) -> Iterator[Object]:
        more: dict[str, Any] = {"limit": _PAGE}
        while True:
            page = self._ask(ask, **more)
            yield from objects(page.get("items"))
            mark = at(page, "metadata", "continue")
            if not isinstance(mark, str) or not mark:
                return
            more["_continue"] = mark

    def _ask(self, ask: Callable[..., Any], **more: Any) -> Object:
        left = self._end - time.monotonic()
        if left <= 0:
            raise Unreachable(f"{self._url}: no time left", "timeout")
        wait = (min(_CONNECT_SECONDS, left), left)
        try:
            answer = ask(_preload_content=False, _request_timeout=wait, **more)
            told = orjson.loads(answer.data)
        except ApiException as error:
            kind = "auth" if error.status in _FORBIDDEN else "http"
            kind = "throttled" if error.status == _TOO_MANY else kind
            words = f"{self._url}: HTTP {error.status} {error.reason}"
            raise Unreachable(words[:300], kind) from error
        except HTTPError as error:
            tls = isinstance(error, SSLError) or isinstance(
                getattr(error, "reason", None), SSLError
            )
            slow = "timed out" in str(error)
            kind = "tls" if tls else "timeout" if slow else "refused"
            raise Unreachable(f"{self._url}: {str(error)[:300]}", kind) from error
        except orjson.JSONDecodeError as error:
            raise Unreachable(f"{self._url}: the answer is no JSON", "format") from error
        if not isinstance(told, dict):
            raise Unreachable(f"{self._url}: the answer is no object", "format")
        return told


def _token(settings: KubernetesSettings) -> str:
    if settings.bearer_token:
        return settings.bearer_token.reveal()
    if not settings.token_file:
        return ""
    try:
        return Path(settings.token_file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise Unreachable(f"token_file: {settings.token_file} cannot be read", "auth") from error
