"""Ticket systems: one module each."""

FAMILY = "ticket_systems"
