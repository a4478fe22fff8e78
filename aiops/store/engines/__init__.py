"""Series stores: one module each."""

FAMILY = "stores"
