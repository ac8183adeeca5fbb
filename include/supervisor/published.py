"""Shows what was published: which tables, how fresh, what the audit said, and the figures."""

from __future__ import annotations

from collections.abc import Mapping

from clickhouse_connect.driver.client import Client

from include.supervisor.progress import Progress

_ROWS_SHOWN = 15

_WEEKS_SHOWN = 8
_WEEKLY_LEADS = (
    "select channel, toMonday(stats_date) as week, sum(leads) as leads"
    " from mart.mart_channel_performance_daily"
    " where stats_date >= (select addWeeks(toMonday(max(stats_date)), 1 - {weeks:Int32})"
    " from mart.mart_channel_performance_daily where leads > 0)"
    " group by channel, week having leads > 0"
)

_MODELS_SHOWN = ("first", "last", "linear", "position_u", "time_decay", "markov_1", "shapley")

_SUMMARIES: Mapping[str, tuple[str, str]] = {
    "mart.mart_attribution_daily": (
        "Won deals by the default model, all days together",
        "select channel, currency_code as currency, sum(credit) as deals,"
        " sum(revenue_amount) as revenue, sum(cost_net_amount) as cost_net,"
        " max(credit_spread) as spread_of_models"
        " from mart.mart_attribution_daily group by channel, currency_code"
        " order by revenue desc, cost_net desc, channel, currency limit {limit:UInt32}",
    ),
    "mart.mart_attribution_daily_all_models": (
        "Revenue of won deals by some of the models, in the default window",
        "select channel, currency_code as currency, "
        + ", ".join(f"sumIf(revenue_amount, model = '{m}') as {m}" for m in _MODELS_SHOWN)
        + " from mart.mart_attribution_daily_all_models"
        " where mode = 'won' and window in (select window from mart.mart_attribution_daily)"
        " group by channel, currency_code having count(revenue_amount) > 0"
        " order by linear desc, channel, currency limit {limit:UInt32}",
    ),
    "mart.mart_attribution_stages_daily": (
        "Stages by the default model, all days together (never add columns)",
        "select channel, sum(leads) as leads, sum(qualified_leads) as qualified,"
        " sum(opportunities) as opportunities, sum(deals_won) as won, sum(calls) as calls"
        " from mart.mart_attribution_stages_daily group by channel"
        " order by leads desc, calls desc, channel limit {limit:UInt32}",
    ),
    "mart.mart_channel_performance_daily": (
        "Channels, all days together (revenue by the last touch)",
        "select channel, currency_code as currency, sum(impressions) as impressions,"
        " sum(clicks) as clicks, sum(cost_net_amount) as cost_net, sum(leads) as leads,"
        " sum(deals_won) as deals_won, sum(revenue_last_amount) as revenue"
        " from mart.mart_channel_performance_daily group by channel, currency_code"
        " order by cost_net desc, revenue desc, channel, currency limit {limit:UInt32}",
    ),
    "mart.mart_funnel_cohort_daily": (
        "Funnel by the source's own word, all cohorts together",
        "select source_label, channel, currency_code as currency, sum(leads) as leads,"
        " sum(deals_won) as deals_won, sum(revenue_amount) as revenue"
        " from mart.mart_funnel_cohort_daily group by source_label, channel, currency_code"
        " order by leads desc, source_label, channel, currency limit {limit:UInt32}",
    ),
}


def show_published(client: Client, progress: Progress) -> None:
    """Print publications, the audit's counts and a readable table of every mart."""
    publications = client.query(
        "select table_name, argMax(row_count, published_at) as row_count,"
        " argMax(as_of, published_at) as as_of, argMax(data_through, published_at) as through"
        " from ops.mart_publication group by table_name order by table_name"
    ).result_rows
    progress.heading("Published")
    progress.table(
        ("table", "rows", "as of (UTC)", "data of all its sources through"),
        [
            (table, rows, f"{as_of:%Y-%m-%d %H:%M:%S}", _through(through))
            for table, rows, as_of, through in publications
        ],
    )
    through = {source: day for row in publications for source, day in row[3].items()}
    progress.heading("Sources")
    progress.table(("source", "data through"), sorted(through.items()))
    _show_audit(client, progress)
    _show_weeks(client, progress)
    for table, *_ in publications:
        if table.startswith("mart."):
            _show_figures(client, progress, table)


def waits_for_build(client: Client) -> bool:
    """Whether a changed slice was published after what readers now see was pinned."""
    return bool(
        client.query(
            "select (select max(published_at) from ops.slice_log where status = 'loaded')"
            " > (select max(as_of) from ops.mart_publication)"
        ).result_rows[0][0]
    )


def count_loaded_slices(client: Client) -> int:
    """How many slices were ever loaded."""
    answer = client.query("select count() from ops.slice_log where status = 'loaded'")
    return int(answer.result_rows[0][0])


def _show_audit(client: Client, progress: Progress) -> None:
    rows = client.query(
        "select splitByChar('.', table_name)[1] as layer, count() as checks,"
        " countIf(not is_success and severity = 'warn') as warned,"
        " countIf(not is_success and severity = 'fail') as failed from ops.validation_result"
        " where build_id = (select argMax(build_id, published_at) from ops.mart_publication)"
        " group by layer order by layer"
    ).result_rows
    progress.heading("Audited before publication")
    progress.table(("layer", "checks", "warnings", "failures"), rows)
    warnings = client.query(
        "select table_name, check_id, unexpected_count, description from ops.validation_result"
        " where build_id = (select argMax(build_id, published_at) from ops.mart_publication)"
        " and not is_success order by table_name, check_id limit {limit:UInt32}",
        parameters={"limit": _ROWS_SHOWN},
    ).result_rows
    for table, check, count, description in warnings:
        progress.text(f"  warning: {table} {check}: {count or 0:,} rows. {description}")


def _show_weeks(client: Client, progress: Progress) -> None:
    # SQL adds up; turning weeks into columns is what a data frame is for.
    import pandas as pd

    frame: pd.DataFrame = client.query_df(_WEEKLY_LEADS, parameters={"weeks": _WEEKS_SHOWN})
    if frame.empty:
        return
    wide = frame.pivot_table(
        index="channel", columns="week", values="leads", aggfunc="sum", fill_value=0, margins=True,
        margins_name="all",
    )  # fmt: skip
    wide = wide.drop(index="all").sort_values(["all", "channel"], ascending=[False, True])
    progress.heading(f"Leads by channel and week, the last {_WEEKS_SHOWN} weeks")
    weeks = [f"{week:%d.%m.%y}" for week in wide.columns if week != "all"]
    progress.table(
        ("channel", *weeks, "all"),
        [(channel, *map(int, counts)) for channel, *counts in wide.itertuples()],
    )


def _show_figures(client: Client, progress: Progress, table: str) -> None:
    title, sql = _SUMMARIES.get(
        table, ("first rows", f"select * from {table} order by 1 desc limit {{limit:UInt32}}")
    )
    answer = client.query(sql, parameters={"limit": _ROWS_SHOWN})
    progress.heading(f"{table}: {title}")
    progress.table(answer.column_names, answer.result_rows)


def _through(through: Mapping[str, str]) -> str:
    """The day of the source that is furthest behind; the sources' own days are shown apart."""
    if not through:
        return ""
    sources = f"{len(through)} sources" if len(through) > 1 else next(iter(through))
    return f"{min(through.values())} ({sources})"
