"""Outcomes into figures: what predictions were worth, and how far each may go."""
