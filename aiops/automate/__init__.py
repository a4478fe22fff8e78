"""Runbooks: propose with an incident, let people approve, run at most once."""
