"""The shell: ticks, clock, signals, own metrics, health."""
