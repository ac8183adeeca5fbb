"""Attribution, scored: credit against the deals each channel truly brought.

Truth decides every journey again without the channel; its incremental deals are compared with the
won deals each model credits in the default window. Exactness is counted, not estimated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from include.sandbox.scoring.scene import Scene

TRUTH_OF_CHANNEL = {"organic_search": "organic", "offline": "exhibition"}
"""The pipeline's word → truth's, where they differ."""


def score(scene: Scene) -> dict[str, float]:
    """``conservation_error_kopecks``, ``causality_violations`` and two figures per model.

    ``rank_correlation_<model>`` is Spearman's over truth's channels; ``error_<model>`` the share of
    deals that would have to change channel for the model to be right (half the sum of absolute
    differences of shares), what no channel of truth got counted as wrong.
    """
    models = [row[0] for row in scene.rows("select model_id from seeds.attribution_models")]
    caused = {
        row["channel"]: float(row["incremental_deals"])
        for row in scene.truth.table("channel_effect").to_pylist()
    }
    figures = {
        "conservation_error_kopecks": _find_largest_error(scene, models),
        "causality_violations": _count_late_touches(scene),
    }
    for model in models:
        credited = _read_credit(scene, model)
        figures[f"rank_correlation_{model}"] = correlate_ranks(credited, caused)
        figures[f"error_{model}"] = measure_error(credited, caused)
    return figures


def correlate_ranks(credited: Mapping[str, float], caused: Mapping[str, float]) -> float:
    """Spearman's rank correlation over truth's channels; a channel without credit has 0."""
    names = sorted(caused)
    ours = _rank([credited.get(name, 0.0) for name in names])
    theirs = _rank([caused[name] for name in names])
    if ours.std() == 0 or theirs.std() == 0:
        return 0.0
    return float(np.corrcoef(ours, theirs)[0, 1])


def measure_error(credited: Mapping[str, float], caused: Mapping[str, float]) -> float:
    """Half the sum of absolute differences between shares of all credit and of all effects."""
    whole, effect = sum(credited.values()), sum(caused.values())
    names = {*credited, *caused}
    if not whole or not effect:
        return 1.0
    return 0.5 * sum(
        abs(credited.get(name, 0.0) / whole - caused.get(name, 0.0) / effect) for name in names
    )


def _rank(values: Sequence[float]) -> np.ndarray:
    """Ranks from 0; equal values share the mean of theirs."""
    found = np.asarray(values, dtype=float)
    below = (found[:, None] > found[None, :]).sum(axis=1)
    equal = (found[:, None] == found[None, :]).sum(axis=1)
    return below + (equal - 1) / 2


def _read_credit(scene: Scene, model: str) -> dict[str, float]:
    rows = scene.rows(
        f"select channel, toFloat64(sum(shares_{model}[(select any(position)"
        " from seeds.attribution_windows where is_default)]))"
        " from core.core_attribution_credit where kind = 'won' group by channel"
    )
    credited: dict[str, float] = {}
    for channel, deals in rows:
        name = TRUTH_OF_CHANNEL.get(channel, channel)
        credited[name] = credited.get(name, 0.0) + deals
    return credited


def _find_largest_error(scene: Scene, models: Sequence[str]) -> float:
    """Over conversions, models and windows, how far credit is from the amount, in kopecks."""
    columns = ", ".join(f"sumForEach(amounts_{model})" for model in models)
    ((error,),) = scene.rows(
        "select max(arrayMax(arrayMap(money -> abs(money - ifNull(amount, 0)), sums)))"
        " from (select conversion_key, any(amount) as amount,"
        f" arrayPushBack(arrayConcat({columns}), ifNull(amount, 0)) as sums"
        " from core.core_attribution_credit group by conversion_key)"
    )
    return float(error or 0) * 100


def _count_late_touches(scene: Scene) -> float:
    """Credited touches that happened after the instant their conversion looks back from."""
    ((late,),) = scene.rows(
        "select count() from core.core_attribution_credit as credit"
        " inner join core.core_touch as touches on touches.touch_key = credit.touch_key"
        " inner join core.core_conversion as conversions"
        " on conversions.conversion_key = credit.conversion_key"
        " where conversions.looks_back_from_at is null"
        " or touches.touched_at > conversions.looks_back_from_at"
    )
    return float(late)
