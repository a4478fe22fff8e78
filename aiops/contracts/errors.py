"""One root error; each says what happened, to which asset or key, and what to do."""


class AiopsError(Exception):
    """The root of every error this project raises on purpose."""


class ConfigError(AiopsError):
    """The configuration is wrong.

    Args:
        problems: One line each, ``file:line:col: key: what, expected what``.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


class Unreachable(AiopsError):
    """A source, store or foreign system did not answer (or not as what it should be).

    Args:
        kind: Short word for counters: ``timeout``, ``refused``, ``auth``, ``tls``, ``limit``,
            ``redirect``, ``not_exposition`` …
        retry_after: Seconds the other side asked us to wait, if it did.
    """

    def __init__(
        self, message: str, kind: str = "unreachable", retry_after: float | None = None
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.retry_after = retry_after


class NotEnoughHistory(AiopsError):
    """A method needs more samples than there are."""


class Refused(AiopsError):
    """A foreign system refused for good: repeating the same request is useless."""


class Unavailable(AiopsError):
    """A foreign system gave no definite answer: the request may or may not have been done.

    Args:
        retry_after: Seconds the other side asked us to wait, if it did.
    """

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class PluginError(AiopsError):
    """A plug-in cannot be found, loaded or does not keep its contract."""


class UnknownPlugin(PluginError):
    """No plug-in family, or no plug-in of a family, has this name."""


class Fenced(AiopsError):
    """The fencing token is older than the newest lease: another daemon leads now."""


class StoreError(AiopsError):
    """A store could not do what was asked; nothing of the request was acknowledged."""


class InputError(AiopsError):
    """A file given to a command is wrong.

    Args:
        problems: One line each: file, row, column, what is wrong, what would be right.
    """

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems
