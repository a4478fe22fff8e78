"""What the pages' header and ``/api/v1/status`` show of the running service."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:  # it imports this module
    from aiops.daemon.service import Service


def status_of(service: "Service") -> dict[str, Any]:
    """Returns how the service is, as plain values."""
    now = service.clock.now()
    sources = [
        {
            "name": status.name,
            "type": status.type,
            "silent": status.silent_since is not None,
            "last_at": status.last_success.isoformat() if status.last_success else None,
            "error": status.error,
            "samples": status.samples,
            "dropped": dict(status.dropped or {}),
            "series": status.series,
            "skipped": status.skipped,
            "seconds": round(status.seconds, 4),
        }
        for status in (*service.collectors.statuses(), *service.pushes.statuses())
    ]
    quality: dict[str, set[str]] = {}
    for (_, asset), reasons in service.pipeline.gate.current(now).items():
        quality.setdefault(asset, set()).update(reasons)
    return {
        **service.health.report(now),
        "leader": service.fence is not None,
        "sources": sources,
        "quality": {asset: sorted(words) for asset, words in quality.items() if words and asset},
        "simulated": any(s.type == "simulated" for s in service.settings.collect.sources),
        "currency": service.settings.prices.currency,
        "insecure": bool(service.settings.server.insecure),
        "store": dict(service.store.status()),
        "ledger": dict(service.ledger.status()),
        "forward": dict(service.forward.status()) if service.forward is not None else None,
    }
