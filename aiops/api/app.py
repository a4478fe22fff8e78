"""The HTTP application: pages, API and the service's own health."""

import secrets

from fastapi import FastAPI

from aiops.api.gate import Gate
from aiops.api.health import add_health
from aiops.api.pages import add_pages
from aiops.api.paging import Cursors
from aiops.api.problem import install_problems
from aiops.api.push import add_push
from aiops.api.service import ReadService
from aiops.api.shield import Shield
from aiops.api.sign_in import add_sign_in
from aiops.api.survey import add_survey
from aiops.api.v1 import (
    add_audit,
    add_automation,
    add_changes,
    add_events,
    add_incidents,
    add_panels,
    add_plan,
    add_preview,
    add_record,
    add_sightings,
    add_silences,
    add_value,
    add_why,
    add_world,
)
from aiops.api.verdict import add_verdict


def create_app(service: ReadService) -> FastAPI:
    """Builds the application; starts nothing and reads nothing yet.

    Raises:
        PluginError: A page cannot be loaded, or a route declares no permission.
    """
    app = FastAPI(
        title="aiops",
        summary="Predicted failures, why they are believed, and what was done about them.",
        version="1",
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
    )
    install_problems(app)
    gate = Gate(app, service)
    cursors = Cursors(secrets.token_bytes(32))
    add_health(gate, app, service)
    add_world(gate, service, cursors)
    add_sightings(gate, service, cursors)
    add_panels(gate, service)
    add_record(gate, service)
    add_why(gate, service)
    add_value(gate, service)
    add_plan(gate, service)
    add_incidents(gate, service, cursors)
    add_silences(gate, service)
    add_preview(gate, service)
    add_automation(gate, service, cursors)
    add_changes(gate, service)
    add_events(gate, service)
    add_audit(gate, service, cursors)
    add_push(gate, service)
    sign_in, survey, verdict = add_pages(gate, service)
    add_survey(gate, service, survey)
    add_verdict(gate, service, verdict)
    add_sign_in(gate, app, service, sign_in)
    gate.check_routes(list(app.routes))
    app.add_middleware(Shield, serving=service.serving)
    return app
