"""Remaining useful life: learnt from units that ran to their failure."""
