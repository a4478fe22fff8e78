"""Fields that the settings of web sources share."""

from dataclasses import dataclass, field

from aiops.contracts.secret import Secret


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustSettings:
    """Whom is trusted."""

    verify: bool = field(
        default=True, metadata={"help": "Check the server's certificate; turn off only in a lab."}
    )
    ca_file: str = field(
        default="", metadata={"help": "Certificates to trust instead of the system's."}
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountSettings(TrustSettings):
    """Who asks, and whom is trusted."""

    username: str = field(default="", metadata={"help": "Name for HTTP basic authentication."})
    password: Secret | None = field(
        default=None, metadata={"help": "Its password (env: or file:)."}
    )
    bearer_token: Secret | None = field(
        default=None, metadata={"help": "Token sent as Authorization: Bearer (env: or file:)."}
    )
