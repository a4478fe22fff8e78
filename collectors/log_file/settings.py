"""Settings of the log file collector."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class LogFileSettings:
    """Which files are followed and which of their lines count."""

    path: str = field(metadata={"help": "A file, or a pattern such as /var/log/app/*.log."})
    asset: str = field(
        default="", metadata={"help": "Key of the asset that writes them; empty: this host."}
    )
    match: str = field(
        default=r"(?i)\b(error|fail(ed|ure|s)?|fatal|critical|panic|exception|denied|timeout)\b",
        metadata={"help": "Regular expression of the lines that are counted by template."},
    )
    max_templates: int = field(
        default=50, metadata={"help": "Templates told apart; later ones count as `other`."}
    )
    max_bytes: int = field(
        default=8 << 20,
        metadata={"help": "So much of a file is read at once; the rest comes next."},
    )
