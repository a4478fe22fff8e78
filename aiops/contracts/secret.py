"""A secret that cannot be printed by accident."""

from typing import final


@final
class Secret:
    """Holds a password or token; only :meth:`reveal` gives it out.

    >>> Secret("hunter2"), f"{Secret('hunter2')}"
    (<secret>, '<secret>')
    """

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Returns the text, for the one place that sends it."""
        return self._value

    def __repr__(self) -> str:
        return "<secret>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return "<secret>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(("Secret", self._value))

    def __bool__(self) -> bool:
        return bool(self._value)

    def __reduce__(self) -> str:
        msg = "a secret is not pickled"
        raise TypeError(msg)
