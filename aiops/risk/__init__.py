"""Stage 4: anomalies + forecasts + criticality → probability × impact × time left."""
