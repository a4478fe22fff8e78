"""Settings of the redfish collector."""

from dataclasses import dataclass, field

from aiops.contracts.secret import Secret


@dataclass(frozen=True, slots=True)
class RedfishSettings:
    """One management controller."""

    url: str = field(metadata={"help": "Address of the controller, such as https://web-1-bmc."})
    asset: str = field(default="", metadata={"help": "Key of the server; empty: the address."})
    drives: bool = field(
        default=True, metadata={"help": "Also read drives, with a request for each."}
    )
    username: str = field(default="", metadata={"help": "Name for HTTP basic authentication."})
    password: Secret | None = field(
        default=None, metadata={"help": "Its password (env: or file:)."}
    )
    bearer_token: Secret | None = field(
        default=None, metadata={"help": "Token sent as Authorization: Bearer (env: or file:)."}
    )
    verify: bool = field(
        default=True, metadata={"help": "Check the server's certificate; turn off only in a lab."}
    )
    ca_file: str = field(
        default="", metadata={"help": "Certificates to trust instead of the system's."}
    )
    max_requests: int = field(
        default=300, metadata={"help": "A collection asks no more than this.", "minimum": 1}
    )
    max_body_bytes: int = field(default=4 << 20, metadata={"help": "A longer body is refused."})
