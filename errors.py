"""What can go wrong, one flat class per boundary crossed.

The text of an error is one sentence for the user: what is wrong, where, and what to do.
The command line prints it as it is and ends with `exit_status`.
"""

from __future__ import annotations

__all__ = [
    "CheckError",
    "ClusterError",
    "EndpointError",
    "ExportError",
    "Interrupted",
    "LimitReached",
    "RecipeError",
    "ReplyError",
    "ReviewError",
    "RoundError",
    "RunFolderError",
    "SeedError",
    "SilversmithError",
    "TemplateError",
    "TooManyFailures",
]


class SilversmithError(Exception):
    """Any error of silversmith; `str(error)` is a sentence to show."""

    exit_status = 1


class RecipeError(SilversmithError):
    """The recipe, or an option that changes it, is wrong."""


class SeedError(SilversmithError):
    """A seed or dataset file cannot be read."""


class TemplateError(SilversmithError):
    """A prompt template is missing, does not parse, or needs a value that it is not given."""


class EndpointError(SilversmithError):
    """A model endpoint gave no usable answer.

    Args:
        message: the sentence to show.
        status: the HTTP status, or None where no answer came.
        fatal: True where no other request can succeed either (wrong key, unknown model,
            unreachable host); the run then stops instead of failing sample by sample.
        retryable: True where the same request may succeed later.
        retry_after: seconds that the endpoint asked to wait, or None.
    """

    def __init__(
        self,
        message: str,
        *,
        status: int | None = None,
        fatal: bool = False,
        retryable: bool = False,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.fatal = fatal
        self.retryable = retryable
        self.retry_after = retry_after


class ReplyError(SilversmithError):
    """A model's reply does not fit what was asked for.

    Args:
        reason: what is wrong with it, in words that can be sent back to the model.
        text: the reply as it came.
        truncated: True where the endpoint cut the reply at the token limit.
    """

    def __init__(self, reason: str, *, text: str = "", truncated: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.text = text
        self.truncated = truncated


class CheckError(SilversmithError):
    """A check that needs no model cannot be carried out."""


class ClusterError(SilversmithError):
    """A Ray cluster cannot be reached, or its machines do not fit together."""


class RunFolderError(SilversmithError):
    """A run folder cannot be used: locked, damaged, full disk, or of another recipe or version."""


class ExportError(SilversmithError):
    """A dataset cannot be exported as asked."""


class ReviewError(SilversmithError):
    """A review, its plan or its verdicts cannot be used as asked."""


class RoundError(SilversmithError):
    """Failures of an evaluation cannot become a round, or the history of rounds cannot be told."""


class LimitReached(SilversmithError):
    """A limit that the user set has been reached; the run can go on when it is raised."""

    exit_status = 3


class TooManyFailures(SilversmithError):
    """So many samples failed that going on would waste money."""

    exit_status = 4


class Interrupted(SilversmithError):
    """The user stopped the run; the same command goes on."""

    exit_status = 130
