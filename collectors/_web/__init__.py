"""What sources that are read over HTTP share: one bounded exchange, one way to say who asks."""
