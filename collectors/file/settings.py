"""Settings of the file collector."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class FileSettings:
    """One file and what its columns are."""

    path: str = field(
        metadata={"help": "CSV file with a header line; a .parquet file; or a folder of these."}
    )
    time: str = field(default="time", metadata={"help": "Column with the time."})
    asset: str = field(default="asset", metadata={"help": "Column with the asset's key."})
    metric: str = field(
        default="metric",
        metadata={"help": "Column with the metric's name; without it every other column is one."},
    )
    value: str = field(
        default="value", metadata={"help": "Column with the value, beside `metric`."}
    )
    own_asset: str = field(
        default="", metadata={"help": "Key of the asset for files without such a column."}
    )
    delimiter: str = field(default=",", metadata={"help": "One character between fields."})
    decimal: str = field(
        default=".", metadata={"help": "Decimal mark of numbers: a point or a comma."}
    )
    time_format: str = field(
        default="",
        metadata={"help": "Form of times, such as %d.%m.%Y %H:%M; empty: ISO 8601 or epoch."},
    )
    time_zone: str = field(
        default="", metadata={"help": "IANA zone of times that carry none; empty: these are bad."}
    )
    missing: tuple[str, ...] = field(
        default=("", "NaN", "nan", "NA", "N/A", "null", "-"),
        metadata={"help": "Fields that say there is no value."},
    )
    max_bytes: int = field(
        default=8 << 20, metadata={"help": "So much is read at once; the rest comes next time."}
    )
