"""The embedded series store: DuckDB for open days, Parquet for closed ones."""
