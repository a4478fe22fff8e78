"""Dispatch: tickets to labels (assignment groups, categories), learned from the team's past."""
