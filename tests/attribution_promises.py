"""Promises of the contracts of attribution, proven by ``tests/test_contract_checks.py``."""

from __future__ import annotations

from tests.contract_promise import Promise

_DEAL = {"deal_key": "d", "status": "won", "won_date": "2026-01-02", "revenue_amount": "10.00"}
_SPEND = {"stats_date": "2026-01-01", "channel": "email", "currency_code": "RUB"}
_WINDOWS = 8
MODELS = [
    "first", "last", "last_non_direct", "last_paid", "first_paid", "linear", "time_decay",
    "position_u", "position_w", "full_path", "account_weighted", "markov_1", "markov_2", "shapley",
]  # fmt: skip
_CONVERSION = {
    "conversion_key": "c",
    "kind": "won",
    "converted_date": "2026-01-02",
    "looks_back_from_at": "2026-01-02 00:00:00",
    "amount": "10.00",
}
_CREDIT = {
    "conversion_key": "c",
    "touch_key": "t",
    "is_attributed": True,
    **{f"shares_{m}": ["1"] * _WINDOWS for m in MODELS},
    **{f"amounts_{m}": ["10.00"] * _WINDOWS for m in MODELS},
}
_PART = {
    "channel": "email", "campaign_id": "7", "touch_date": "2026-01-01", "currency_code": "RUB",
}  # fmt: skip
_COSTLY_JOURNEY = {
    "core.core_journey": [
        {"journey_key": "j", "touch_keys": ["old", "t", "u"], "window_starts": [4, 2, 3]}
    ],
    "core.core_touch_cost": [{"touch_key": k, "currency_code": "RUB"} for k in ("old", "t", "u")],
}
_MIX = (
    {"currency_code": "RUB", "channel": "email"}
    | {
        f"{what}{end}": figure
        for what in ("enquiries", "deals", "roas")
        for end, figure in (("_low", "0.5"), ("", "1"), ("_high", "2"))
    }
    | {"revenue_low_amount": "0.5", "revenue_amount": "1", "revenue_high_amount": "2"}
)
_REST = {"conversion_key": "c", "touch_key": "", "is_attributed": False} | {
    f"{what}_{m}": ["0"] * _WINDOWS for m in MODELS for what in ("shares", "amounts")
}
_UNKNOWN = {f"amounts_{m}": [] for m in MODELS}
_JOURNEY = {
    "journey_key": "c",
    "is_converted": True,
    "looks_back_from_at": "2026-01-02 00:00:00",
    "window_starts": [1] * _WINDOWS,
    "touch_keys": ["t"],
    "touch_times": ["2026-01-02 00:00:00"],
    "touch_dates": ["2026-01-02"],
    "channels": ["email"],
    "source_labels": [None],
    "campaign_ids": [None],
    "ad_group_ids": [None],
    "ad_ids": [None],
    "keywords": [None],
    "touched_persons": ["p"],
}
_ALL_MODELS = [
    {
        "model": model,
        "window": window,
        "mode": mode,
        "currency_code": "RUB",
        **({} if mode == "cash" else {"credit": "1", "revenue_amount": "10.00"}),
        **({"cost_net_amount": "5"} if window == "d90" else {}),
    }
    for model in MODELS
    for window in ("d7", "d14", "d30", "d60", "d90", "d180", "d365", "stage")
    for mode in ("won", "accrual", "cohort", "cash")
]
_WON_AND_SPENT = {
    "core.core_conversion": [{**_CONVERSION, "currency_code": "RUB"}],
    "core.core_ad_spend_daily": [{**_SPEND, "cost_net_amount": "5"}],
}

ATTRIBUTION_PROMISES = [
    *[
        Promise(
            "core.core_attribution_credit",
            f"every_{what}_is_conserved",
            [_CREDIT, _REST],
            [{**_CREDIT, f"{what}s_{model}": [*_CREDIT[f"{what}s_{model}"][1:], "0.99"]}, _REST],
            {"core.core_conversion": [_CONVERSION]},
        )
        for model in MODELS
        for what in ("share", "amount")
    ],
    Promise(
        "core.core_attribution_credit",
        "every_amount_is_conserved",
        [_CREDIT, _REST],
        [],
        {"core.core_conversion": [_CONVERSION]},
    ),
    Promise(
        "core.core_attribution_credit",
        "every_amount_is_conserved",
        [{**_CREDIT, **_UNKNOWN}],
        [_CREDIT],
        {"core.core_conversion": [{**_CONVERSION, "amount": None}]},
    ),
    Promise(
        "core.core_attribution_credit",
        "no_touch_after_the_conversion",
        [_CREDIT],
        [{**_CREDIT, "touch_key": "late"}],
        {
            "core.core_conversion": [_CONVERSION],
            "core.core_touch": [
                {"touch_key": "t", "touched_at": "2026-01-02 00:00:00"},
                {"touch_key": "late", "touched_at": "2026-01-02 00:00:00.000001"},
            ],
        },
    ),
    *[
        Promise(
            "core.core_attribution_credit",
            check,
            [_CREDIT, _REST],
            broken,
            {"core.core_conversion": [{**_CONVERSION, "amount": None}]},
        )
        for check, broken in (
            ("unattributed_is_explicit", [_CREDIT]),
            ("unattributed_is_explicit", []),
            ("every_share_is_conserved", []),
        )
    ],
    Promise(
        "core.core_conversion",
        "every_won_deal_converts_once",
        [_CONVERSION],
        [{**_CONVERSION, "amount": "9.99"}],
        {"core.core_deal": [_DEAL]},
    ),
    *[
        Promise(
            "core.core_conversion",
            "every_enquiry_and_stage_converts_once",
            [{"conversion_key": f"{kind}:1", "kind": kind}],
            broken,
            beside,
        )
        for kind, beside in (
            ("lead", {"core.core_lead": [{"lead_key": "l"}]}),
            ("qualified", {"core.core_deal": [{**_DEAL, "source": "hubspot", "lead_key": "l"}]}),
            ("opportunity", {"core.core_deal_stage": [{"deal_key": "d", "is_opportunity": True}]}),
            ("call", {"core.core_call": [{"direction": "in", "is_answered": True}]}),
        )
        for broken in ([], [{"conversion_key": f"{kind}:{n}", "kind": kind} for n in (1, 2)])
    ],
    Promise(
        "core.core_conversion",
        "only_won_deals_and_payments_have_money",
        [_CONVERSION, {"kind": "paid", "amount": "10.00"}, {"kind": "call", "amount": None}],
        [{"kind": "qualified", "amount": "10.00"}],
    ),
    Promise(
        "core.core_journey",
        "every_conversion_has_one_journey",
        [{"journey_key": "c", "is_converted": True}],
        [{"journey_key": "c", "is_converted": False}],
        {"core.core_conversion": [_CONVERSION]},
    ),
    Promise(
        "core.core_journey",
        "no_touch_after_the_conversion",
        [{**_JOURNEY, "looks_back_from_at": "2026-01-02 00:00:00"}],
        [{**_JOURNEY, "looks_back_from_at": "2026-01-01 23:59:59"}],
    ),
    Promise(
        "core.core_journey",
        "arrays_run_side_by_side",
        [_JOURNEY],
        [{**_JOURNEY, "channels": ["email", "email"]}],
    ),
    *[
        Promise(
            "mart.mart_attribution_daily_all_models", check, _ALL_MODELS, broken, _WON_AND_SPENT
        )
        for check, column, value in (
            ("credit_is_conserved", "credit", "0.999999999999"),
            ("revenue_is_conserved", "revenue_amount", "9.99"),
            ("cost_stands_once_beside_each_model", "cost_net_amount", "10"),
        )
        for broken in (
            [row if row["window"] != "d90" else {**row, column: value} for row in _ALL_MODELS],
            [row for row in _ALL_MODELS if row["mode"] != "cohort"],
            [],
        )
    ],
    Promise(
        "mart.mart_attribution_daily_all_models",
        "no_model_or_window_is_missing",
        [
            *(
                {"model": m, "window": f"w{w}", "credit": "1"}
                for m in MODELS
                for w in range(_WINDOWS)
            ),
            {"mode": "cash", "model": "linear", "window": "w0", "cost_net_amount": "5"},
        ],
        [
            {"model": m, "window": f"w{w}", "credit": "1"}
            for m in MODELS[1:]
            for w in range(_WINDOWS)
        ],
    ),
    Promise(
        "mart.mart_attribution_daily",
        "it_holds_one_model_window_and_mode",
        [{"model": "linear"}, {"model": "linear"}],
        [{"model": "linear"}, {"model": "first"}],
    ),
    Promise(
        "mart.mart_attribution_stages_daily",
        "it_holds_one_model_and_window",
        [{"model": "linear", "window": "d90"}, {"model": "linear", "window": "d90"}],
        [{"model": "linear", "window": "d90"}, {"model": "linear", "window": "d30"}],
    ),
    *[
        Promise(
            "mart.mart_attribution_stages_daily",
            "every_stage_is_conserved",
            [{column: "0.25"}, {column: "0.75"}],
            [{column: "1"}, {column: "0.000000000001"}],
            {"core.core_conversion": [{**_CONVERSION, "kind": kind}]},
        )
        for kind, column in (
            ("lead", "leads"),
            ("qualified", "qualified_leads"),
            ("opportunity", "opportunities"),
            ("won", "deals_won"),
            ("call", "calls"),
        )
    ],
    Promise(
        "mart.mart_attribution_daily",
        "revenue_is_conserved",
        [{"revenue_amount": "10.00"}],
        [{"revenue_amount": "20.00"}],
        {"core.core_deal": [_DEAL]},
    ),
    Promise(
        "core.core_conversion",
        "every_payment_converts_once",
        [{**_CONVERSION, "kind": "paid"}],
        [{**_CONVERSION, "kind": "paid"}, {**_CONVERSION, "kind": "paid"}],
        {"core.core_payment": [{"payment_key": "p", "amount": "10.00"}]},
    ),
    Promise(
        "core.core_payment",
        "every_source_s_money_is_there",
        [{"amount": "10.00", "told_by": ["files", "moysklad"]}],
        [{"amount": "10.00", "told_by": ["files"]}],
        {
            "stg.stg_files__payment": [{"amount": "10.00"}],
            "stg.stg_moysklad__payment": [{"amount": "10.00"}],
        },
    ),
    Promise(
        "core.core_payment",
        "a_payment_belongs_to_one_deal",
        [{"deal_key": "d"}, {"deal_key": None}],
        [{"deal_key": "e"}],
        {"core.core_deal": [_DEAL]},
    ),
    *[
        Promise(
            "core.core_ad_spend_daily",
            f"union_equals_{source}",
            [{**_SPEND, "source": source, "cost_amount": "5", "clicks": 2}],
            [{**_SPEND, "source": source, "cost_amount": "10", "clicks": 4}],
            {f"stg.stg_{source}__ad_spend_daily": [{"cost_amount": "5", "clicks": 2}]},
        )
        for source in ("vk_ads", "google_ads", "meta_ads", "avito_ads")
    ],
    *[
        Promise(
            f"stg.stg_{source}__ad_spend_daily",
            "one_currency_per_account",
            [{"account_id": "a", "currency_code": "RUB"}],
            [{"account_id": "a", "currency_code": code} for code in ("RUB", "USD")],
        )
        for source in ("vk_ads", "google_ads", "meta_ads", "avito_ads")
    ],
    Promise(
        "core.core_deal_stage",
        "the_last_entry_is_the_current_stage",
        [{"deal_key": "d", "is_current": True, "stage_id": "WON"}],
        [{"deal_key": "d", "is_current": True, "stage_id": "NEW"}],
        {"core.core_deal": [{**_DEAL, "stage_id": "WON"}]},
    ),
    Promise(
        "core.core_deal_stage",
        "stages_follow_one_another",
        [{"deal_key": "d", "entered_at": "2026-01-01 00:00:00", "left_at": "2026-01-02 00:00:00"}],
        [{"deal_key": "d", "entered_at": "2026-01-02 00:00:00", "left_at": "2026-01-01 00:00:00"}],
    ),
    Promise(
        "core.core_touch_cost",
        "only_touches_bear_cost",
        [{"touch_key": "t"}],
        [{"touch_key": "u"}],
        {"core.core_touch": [{"touch_key": "t"}]},
    ),
    *[
        Promise(
            "core.core_touch_cost",
            "parts_add_up_to_the_campaigns_cost_of_the_day",
            [{**_PART, "touch_key": key, "cost_net_amount": "2.50"} for key in ("t", "u")],
            [{**_PART, "touch_key": "t", "cost_net_amount": wrong}],
            {"core.core_ad_spend_daily": [{**_SPEND, "campaign_id": "7", "cost_net_amount": "5"}]},
        )
        for wrong in ("2.50", "5.01", None)
    ],
    Promise(
        "core.core_touch_cost",
        "parts_add_up_to_the_campaigns_cost_of_the_day",
        [{**_PART, "touch_key": "t", "cost_gross_amount": "6"}],
        [{**_PART, "touch_key": "t", "cost_net_amount": "5", "cost_gross_amount": "6"}],
        {"core.core_ad_spend_daily": [{**_SPEND, "campaign_id": "7", "cost_gross_amount": "6"}]},
    ),
    Promise(
        "core.core_journey_cost",
        "the_widest_window_costs_all_touches",
        [{"journey_key": "j", "window_id": "d90", "currency_code": "RUB", "touch_count": 2}],
        [{"journey_key": "j", "window_id": "d90", "currency_code": "RUB", "touch_count": 1}],
        _COSTLY_JOURNEY,
    ),
    Promise(
        "core.core_journey_cost",
        "the_widest_window_costs_all_touches",
        [{"journey_key": "j", "window_id": "d90", "currency_code": "RUB", "touch_count": 2}],
        [],
        _COSTLY_JOURNEY,
    ),
    *[
        Promise(
            "core.core_media_mix",
            "the_middle_lies_inside_its_interval",
            [_MIX],
            [{**_MIX, figure: value}],
        )
        for figure, value in (
            ("enquiries", "3"),
            ("deals_low", "1.5"),
            ("revenue_high_amount", "0.5"),
            ("roas", "0"),
        )
    ],
    Promise(
        "mart.mart_media_mix",
        "media_mix_stands_beside_every_model",
        [
            {"currency_code": "RUB", "channel": "email", "model_id": m}
            for m in ["media_mix", *MODELS]
        ],
        [{"currency_code": "RUB", "channel": "email", "model_id": m} for m in MODELS],
        {"seeds.attribution_models": [{"model_id": m} for m in MODELS]},
    ),
]
