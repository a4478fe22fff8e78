"""Stage 6: outbox → look up → send → reconcile."""
