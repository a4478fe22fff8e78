"""Stage 5: decide, explain, keep the life of an incident."""
