"""Everything decided, relational: incidents, outbox, windows, outcomes, leases, audit."""
