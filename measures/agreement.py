"""Measures of agreement, each for many weightings of the items at once.

Every function takes `weights` (resamples × patterns: how many items have each pattern of
labels) and gives one figure a resample, NaN where the measure is not defined; the ratings
themselves are one resample. So a bootstrap over a million items costs no more than their
different patterns. Labels are indices into `values`, which holds their numbers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]

__all__ = [
    "Level",
    "Weighting",
    "cohen_kappa",
    "fleiss_kappa",
    "kendall_tau_b",
    "krippendorff_alpha",
    "percent",
    "spearman",
]

_CELLS = 4_000_000
"""Cells of tables held at once (8 bytes each)."""

Weighting = Literal["plain", "linear", "quadratic"]
Level = Literal["nominal", "ordinal", "interval"]


def percent(weights: Floats, x: Codes, y: Codes) -> Floats:
    """The share of items with the same label, from 0 to 1; chance is not taken off."""
    return _over(weights @ (x == y), _total(weights))


def cohen_kappa(
    weights: Floats, x: Codes, y: Codes, values: Floats, weighting: Weighting = "plain"
) -> Floats:
    """Cohen's kappa of two raters: agreement beyond what their own shares of labels give by
    chance; 1 is full agreement, 0 that of chance, below 0 less.

    Plain: Cohen 1960, A coefficient of agreement for nominal scales, Educational and
    Psychological Measurement 20. Linear and quadratic: Cohen 1968, Weighted kappa,
    Psychological Bulletin 70; a disagreement weighs as the distance of the two values, or as its
    square. Not defined where both raters use one and the same label only.
    """
    import numpy as np

    total = _total(weights)
    p = _marginal(weights, x, len(values)) / total[:, None]
    q = _marginal(weights, y, len(values)) / total[:, None]
    if weighting == "plain":
        observed = weights @ (x != y) / total
        expected = 1 - (p * q).sum(axis=1)
    elif weighting == "linear":
        values = _scaled(values)
        observed = weights @ np.abs(values[x] - values[y]) / total
        below_p, below_q = p.cumsum(axis=1)[:, :-1], q.cumsum(axis=1)[:, :-1]
        crossing = below_p * (1 - below_q) + below_q * (1 - below_p)
        expected = crossing @ np.diff(values)
    else:
        values = _scaled(values)
        observed = weights @ (values[x] - values[y]) ** 2 / total
        expected = (p + q) @ values**2 - 2 * (p @ values) * (q @ values)
    return 1 - _over(observed, expected)


def fleiss_kappa(weights: Floats, codes: Codes, labels: int) -> Floats:
    """Fleiss' kappa of items that the same number of raters labelled each, from below 0 to 1.

    Fleiss 1971, Measuring nominal scale agreement among many raters, Psychological Bulletin 76.
    Not defined where one label only is used.

    Args:
        codes: one row a pattern and one column a rater, none missing.
        labels: how many labels there are.
    """
    raters = codes.shape[1]
    total = _total(weights)
    pairs = raters * (raters - 1)
    observed = weights @ (1 - (_same_pairs(codes) - raters) / pairs) / total
    shares = _marginals(weights, codes, labels) / (total * raters)[:, None]
    return 1 - _over(observed, 1 - (shares**2).sum(axis=1))


def krippendorff_alpha(
    weights: Floats, codes: Codes, values: Floats, level: Level = "nominal"
) -> Floats:
    """Krippendorff's alpha of any number of raters, with missing labels; from below 0 to 1.

    Krippendorff 2011, Computing Krippendorff's alpha-reliability, which counts items with two
    labels or more. The ordinal distance of two labels there, the labels between them with half
    of each end, is the distance of their midranks, so that both metric levels are sums of
    squares. Not defined where one label only is used.

    Args:
        codes: one row a pattern and one column a rater; -1 where missing.
    """
    import numpy as np

    there = codes >= 0
    paired = there.sum(axis=1) >= 2
    codes, there, weights = codes[paired], there[paired], weights[:, paired]
    raters = there.sum(axis=1).astype(np.float64)
    total = weights @ raters
    of_label = _marginals(weights, codes, len(values))
    if level == "nominal":
        observed = weights @ ((raters**2 - _same_pairs(codes)) / (raters - 1))
        expected = total**2 - (of_label**2).sum(axis=1)
        return 1 - _over((total - 1) * observed, expected)
    if level == "interval":
        scale = _scaled(values)[None, :]
        observed = weights @ _spread(there, scale, codes, raters)[0]
    else:
        scale = _midranks(of_label) - of_label.sum(axis=1, keepdims=True) / 2
        observed = (weights * _spread(there, scale, codes, raters)).sum(axis=1)
    squares = (of_label * scale**2).sum(axis=1)
    expected = total * squares - (of_label * scale).sum(axis=1) ** 2
    return 1 - _over((total - 1) * observed, expected)


def spearman(weights: Floats, x: Codes, y: Codes, values: Floats) -> Floats:
    """Spearman's rank correlation, from -1 to 1, ties at their mean rank; not defined where a
    rater gives one value only. Scales may differ.

    Spearman 1904, The proof and measurement of association between two things.
    """
    import numpy as np

    total = weights.sum(axis=1, keepdims=True)
    ranks = []
    for codes in (x, y):
        of_label = _marginal(weights, codes, len(values))
        centred = _midranks(of_label) - total / 2
        ranks.append(np.take_along_axis(centred, np.broadcast_to(codes, weights.shape), axis=1))
    a, b = ranks
    product = np.sqrt((weights * a**2).sum(axis=1)) * np.sqrt((weights * b**2).sum(axis=1))
    return _over((weights * a * b).sum(axis=1), product)


def kendall_tau_b(weights: Floats, x: Codes, y: Codes) -> Floats:
    """Kendall's tau-b, from -1 to 1: pairs of items in the same order less those in the other
    one, ties taken off; not defined where a rater gives one value only. Scales may differ.

    Kendall 1945, The treatment of ties in ranking problems, Biometrika 33. Time and memory go
    with the product of the numbers of different values.
    """
    import numpy as np

    _, x = np.unique(x, return_inverse=True)
    _, y = np.unique(y, return_inverse=True)
    wide, high = int(y.max(initial=0)) + 1, int(x.max(initial=0)) + 1
    at_once = max(1, _CELLS // (high * wide))
    parts = [weights[start : start + at_once] for start in range(0, len(weights), at_once)]
    return np.concatenate([_tau_b(w, x * wide + y, high, wide) for w in parts])


def _tau_b(weights: Floats, cells: Codes, high: int, wide: int) -> Floats:
    import numpy as np

    table = _marginal(weights, cells, high * wide).reshape(-1, high, wide)
    above = table.cumsum(axis=1) - table
    before = above.cumsum(axis=2)
    balance = (table * (2 * before - above - before[:, :, -1:])).sum(axis=(1, 2))
    total = weights.sum(axis=1)
    untied = total * (total - 1) / 2
    untied_by = []
    for axis in (2, 1):
        sums = table.sum(axis=axis)
        untied_by.append(untied - (sums * (sums - 1) / 2).sum(axis=1))
    return _over(balance, np.sqrt(untied_by[0] * untied_by[1]))


def _total(weights: Floats) -> Floats:
    """How many items there are; NaN for none."""
    import numpy as np

    total = weights.sum(axis=1)
    return np.where(total > 0, total, np.nan)


def _scaled(values: Floats) -> Floats:
    """Values from -1/2 to 1/2: measures of distance do not depend on the unit, rounding does."""
    lowest, highest = values.min(), values.max()
    width = highest - lowest
    scaled: Floats = (values - (lowest + highest) / 2) / (width or 1.0)
    return scaled


def _marginal(weights: Floats, codes: Codes, labels: int) -> Floats:
    """How many items have each label; a code of -1 is none."""
    import numpy as np

    if len(codes) * labels <= 100_000:
        return np.asarray(weights @ (codes[:, None] == np.arange(labels)), dtype=np.float64)
    rows = len(weights)
    flat = codes + 1 + np.arange(rows)[:, None] * (labels + 1)
    sums = np.bincount(flat.ravel(), weights.ravel(), rows * (labels + 1))
    return np.asarray(sums.reshape(rows, labels + 1)[:, 1:], dtype=np.float64)


def _marginals(weights: Floats, codes: Codes, labels: int) -> Floats:
    """How many labels of each kind there are, of all raters."""
    import numpy as np

    sums = np.zeros((len(weights), labels))
    for column in range(codes.shape[1]):
        sums += _marginal(weights, codes[:, column], labels)
    return sums


def _same_pairs(codes: Codes) -> Any:
    """Ordered pairs of raters, each with itself too, that gave an item the same label."""
    import numpy as np

    same = np.zeros(len(codes))
    for column in range(codes.shape[1]):
        mine = codes[:, [column]]
        same += ((codes == mine) & (mine >= 0)).sum(axis=1)
    return same


def _spread(there: Any, scale: Floats, codes: Codes, raters: Floats) -> Floats:
    """Per item, squared distances of its labels on a scale, over one less than its raters."""
    import numpy as np

    sums = np.zeros((len(scale), len(codes)))
    squares = np.zeros_like(sums)
    for column in range(codes.shape[1]):
        value = np.where(there[:, column], scale[:, codes[:, column]], 0.0)
        sums += value
        squares += value**2
    return np.asarray((raters * squares - sums**2) / (raters - 1), dtype=np.float64)


def _midranks(of_label: Floats) -> Floats:
    """The mean rank of each label, from half of the first one."""
    ranks: Floats = of_label.cumsum(axis=1) - of_label / 2
    return ranks


def _over(above: Floats, below: Floats) -> Floats:
    """A quotient; NaN where the divisor is nothing but rounding."""
    import numpy as np

    tiny = 1e-12
    quotient: Floats = np.full(len(below), np.nan)
    np.divide(above, below, out=quotient, where=below > tiny)
    return quotient
