"""Time series: engines, the live window, panels."""
