"""Credentials out of the settings."""

import base64
from typing import Any

from aiops.contracts.secret import Secret
from aiops.store.remote.http import Credentials


def credentials_of(settings: Any) -> Credentials:
    """Returns basic or bearer credentials, as the settings say."""
    if settings.username:
        pair = f"{settings.username}:{settings.password.reveal()}".encode()
        return Credentials("Basic", Secret(base64.b64encode(pair).decode()))
    return Credentials("Bearer", settings.token)
