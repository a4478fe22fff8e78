"""What ``aiops bench`` measures: every stage beside a named plain operation of the same run."""
