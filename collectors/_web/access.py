"""Who asks, and whom is trusted: the credentials and certificates of a web source."""

import base64
import ssl
from typing import Protocol

from aiops.contracts.secret import Secret


class Access(Protocol):
    """The settings of every web source that asks with an account."""

    @property
    def username(self) -> str:
        """Name for HTTP basic authentication."""
        ...

    @property
    def password(self) -> Secret | None:
        """Its password."""
        ...

    @property
    def bearer_token(self) -> Secret | None:
        """Token that goes before the account."""
        ...


class Trust(Protocol):
    """The settings of every web source that may speak TLS."""

    @property
    def verify(self) -> bool:
        """Whether the server's certificate is checked."""
        ...

    @property
    def ca_file(self) -> str:
        """Certificates to trust instead of the system's."""
        ...


def authorization(access: Access) -> dict[str, str]:
    """Returns the header that says who asks; empty without an account."""
    if access.bearer_token:
        return {"Authorization": f"Bearer {access.bearer_token.reveal()}"}
    if access.username:
        password = access.password.reveal() if access.password else ""
        pair = base64.b64encode(f"{access.username}:{password}".encode()).decode()
        return {"Authorization": f"Basic {pair}"}
    return {}


def tls_context(trust: Trust) -> ssl.SSLContext:
    """Returns how the other side is checked: TLS 1.2 at least."""
    if trust.verify:
        context = ssl.create_default_context(cafile=trust.ca_file or None)
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
