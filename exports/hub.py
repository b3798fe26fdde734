"""What was exported, in a dataset repository of the Hugging Face hub."""

from __future__ import annotations

import re

from ..errors import ExportError
from .writing import ExportReport

__all__ = ["check_repository", "push"]

_NAME = re.compile(r"[\w.-]{1,96}/[\w.-]{1,96}", re.ASCII)


def check_repository(name: str) -> None:
    """Refuse what is no name of a repository, before anything is written.

    Raises:
        ExportError: says what a name looks like.
    """
    if not _NAME.fullmatch(name) or "--" in name or ".." in name:
        raise ExportError(
            f"--push-to: {name!r} is no repository of the hub: write USER/NAME, of letters, digits,"
            " -, _ and ."
        )


def push(report: ExportReport, repository: str) -> str:
    """Put the files of an export into a dataset repository, in one commit; returns a sentence. The
    token and the address of the hub are those of huggingface_hub (`hf auth login`, `HF_TOKEN`,
    `HF_ENDPOINT`). A repository that is made is private; one that exists stays as it is.

    Raises:
        ExportError: the hub cannot be reached or refuses; the files stay where they were written.
    """
    from huggingface_hub import CommitOperationAdd, HfApi

    # That of whichever client huggingface_hub is built on.
    from huggingface_hub.errors import HfHubHTTPError, HTTPError  # type: ignore[attr-defined]

    api = HfApi()
    root = report.card.parent
    try:
        api.create_repo(repository, repo_type="dataset", private=True, exist_ok=True)
        private = api.repo_info(repository, repo_type="dataset").private
        commit = api.create_commit(
            repository,
            [CommitOperationAdd(path.relative_to(root).as_posix(), path) for path in report.files],
            commit_message=f"{report.rows:,} rows of {report.format}, written by silversmith",
            repo_type="dataset",
        )
    except (HTTPError, OSError, ValueError) as error:  # a card that it refuses is a ValueError
        status = error.response.status_code if isinstance(error, HfHubHTTPError) else 0
        raise ExportError(
            f"--push-to: {repository} was not written ({_why(status, error)}); the export itself is"
            f" whole in {root}"
        ) from error
    who = "private" if private else "public: everybody can read it"
    return f"Pushed to {commit.repo_url} ({who})"


def _why(status: int, error: Exception) -> str:
    if status == 401:
        return "the hub knows no such token: `hf auth login`, or set HF_TOKEN to one that may write"
    if status == 403:
        return "the token may not write there: take one with the right to write, or another name"
    words = " ".join(str(error).split()) or type(error).__name__
    return words if len(words) <= 300 else f"{words[:299]}…"
