"""Settings of the redfish collector."""

from dataclasses import dataclass, field

from collectors._web.settings import AccountSettings


@dataclass(frozen=True, slots=True)
class RedfishSettings(AccountSettings):
    """One management controller."""

    url: str = field(metadata={"help": "Address of the controller, such as https://web-1-bmc."})
    asset: str = field(default="", metadata={"help": "Key of the server; empty: the address."})
    drives: bool = field(
        default=True, metadata={"help": "Also read drives, with a request for each."}
    )
    max_requests: int = field(
        default=300, metadata={"help": "A collection asks no more than this.", "minimum": 1}
    )
    max_body_bytes: int = field(default=4 << 20, metadata={"help": "A longer body is refused."})
