"""Stage 3a: panel → score → calibrate → decide."""
