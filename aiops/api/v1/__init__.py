"""Resources of version 1 of the API."""

from aiops.api.v1.audit import add_audit
from aiops.api.v1.automation import add_automation
from aiops.api.v1.changes import add_changes
from aiops.api.v1.events import add_events
from aiops.api.v1.incidents import add_incidents
from aiops.api.v1.panels import add_panels
from aiops.api.v1.plan import add_plan
from aiops.api.v1.preview import add_preview
from aiops.api.v1.record import add_record
from aiops.api.v1.sightings import add_sightings
from aiops.api.v1.silences import add_silences
from aiops.api.v1.value import add_value
from aiops.api.v1.why import add_why
from aiops.api.v1.world import add_world

__all__ = [
    "add_audit",
    "add_automation",
    "add_changes",
    "add_events",
    "add_incidents",
    "add_panels",
    "add_plan",
    "add_preview",
    "add_record",
    "add_sightings",
    "add_silences",
    "add_value",
    "add_why",
    "add_world",
]
