"""Spot-checks by people: a plan of what is shown, the page, and what the verdicts say."""

__all__: list[str] = []
