"""The tls_certificate collector: a handshake with each server, all at once."""

import asyncio
import ssl
from collections import Counter
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Final

from cryptography import x509

from aiops.contracts.book import SeriesBook
from aiops.contracts.collector import Collection, Cursor, Inventory
from aiops.contracts.errors import ConfigError, Unreachable
from aiops.domain.address import is_metadata
from aiops.domain.asset import Asset
from aiops.domain.instant import to_stored_ns
from aiops.domain.metric import Direction, Limit, Metric
from aiops.domain.series import SeriesKey
from collectors.tls_certificate.settings import TlsCertificateSettings

TIME_LEFT: Final = Metric(
    "tls.certificate.time_left",
    "d",
    bad_direction=Direction.DOWN,
    description="Days until the server's certificate expires; negative when it has",
)
_HTTPS: Final = 443
_MARGIN_SECONDS: Final = 1.0


class TlsCertificateCollector:
    """Reads the certificates of some servers."""

    def __init__(self, settings: TlsCertificateSettings) -> None:
        self._settings = settings
        self._targets = {target: _split(target) for target in settings.targets}
        self._book = SeriesBook()

    def collect(self, cursor: Cursor, until: datetime, deadline: timedelta) -> Collection:
        """Shakes hands with every server once.

        Raises:
            Unreachable: Not one of them showed a certificate.
        """
        seconds = min(
            self._settings.timeout_seconds,
            max(deadline.total_seconds() - _MARGIN_SECONDS, deadline.total_seconds() / 2),
        )
        found = asyncio.run(_ask_all(self._targets, seconds))
        rows: list[int] = []
        values: list[float] = []
        dropped: Counter[str] = Counter()
        for target, answer in found.items():
            if isinstance(answer, Unreachable):
                dropped[answer.kind] += 1
                continue
            rows.append(self._row(target))
            values.append((answer - until) / timedelta(days=1))
        if not rows:
            problems = [str(answer) for answer in found.values() if isinstance(answer, Unreachable)]
            kind = next(iter(dropped), "unreachable")
            raise Unreachable("; ".join(problems[:5]) or "there are no targets", kind)
        at = to_stored_ns(until)
        return Collection(self._book.batch(rows, [at] * len(rows), values), cursor, dropped)

    def discover(self) -> Inventory:
        """Returns the servers and their certificates."""
        return self._book.inventory()

    def close(self) -> None:
        """Holds no connection between two collections."""

    def _row(self, target: str) -> int:
        server = Asset(target, "service")
        asset = Asset(
            f"{target}/certificate:tls", "certificate", f"{target} certificate", parent=target
        )
        self._book.limit(
            Limit(TIME_LEFT.name, Direction.DOWN, 0.0, self._settings.warn_days, asset.key)
        )
        return self._book.row(SeriesKey(asset.key, TIME_LEFT.name), TIME_LEFT, server, asset)


async def _ask_all(
    targets: dict[str, tuple[str, int]], seconds: float
) -> dict[str, datetime | Unreachable]:
    answers = await asyncio.gather(*(_ask(*place, seconds) for place in targets.values()))
    return dict(zip(targets, answers, strict=True))


async def _ask(host: str, port: int, seconds: float) -> datetime | Unreachable:
    # What is wrong with the certificate is the finding: nothing secret is sent.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    place = f"{host}:{port}"
    try:
        async with asyncio.timeout(seconds):
            _, writer = await asyncio.open_connection(host, port, ssl=context, server_hostname=host)
            try:
                der = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
            finally:
                writer.close()
                with suppress(OSError, ssl.SSLError):
                    await writer.wait_closed()
        return x509.load_der_x509_certificate(der).not_valid_after_utc
    except TimeoutError:
        return Unreachable(f"{place}: no handshake within {seconds:g} s", "timeout")
    except ssl.SSLError as error:
        return Unreachable(f"{place}: no TLS server ({error.reason})", "tls")
    except OSError as error:
        return Unreachable(f"{place}: {error.strerror or error}", "refused")
    except (ValueError, TypeError) as error:
        return Unreachable(f"{place}: its certificate cannot be read ({error})", "certificate")


def _split(target: str) -> tuple[str, int]:
    host, colon, port = target.rpartition(":") if not target.endswith("]") else (target, "", "")
    if not colon:
        host, port = target, str(_HTTPS)
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdigit() or not 0 < int(port) < 1 << 16 or "/" in target:
        raise ConfigError([f"targets: {target!r}, expected host:port such as shop.example:443"])
    if is_metadata(host):
        raise ConfigError(
            [f"targets: {host} is a link-local or metadata address; these are never read"]
        )
    return host, int(port)
