"""The nouns of the service: frozen values, no input or output, no clock.

Times are ``int`` nanoseconds since the Unix epoch (UTC) inside arrays and aware
``datetime`` values elsewhere; durations are ``timedelta``; ratios run from 0 to 1.
"""
