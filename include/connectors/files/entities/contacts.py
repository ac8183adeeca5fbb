"""What people did and said outside the website: mailings, chats, exhibitions, surveys."""

from __future__ import annotations

from include.connectors.files.entities.columns import (
    DAY,
    INSTANT,
    MONEY_COLUMNS,
    NUMBER,
    TEXT,
    Column,
    amounts,
    counts,
    personal,
    required,
    texts,
)
from include.connectors.files.entities.entity import Entity

EMAIL_CAMPAIGN_DAILY = Entity(
    "email_campaign_daily",
    "day and mailing",
    required("stats_date", DAY),
    required("campaign_name"),
    *texts("campaign_id", "channel_label", "utm_campaign"),
    *counts("sent", "delivered", "opened", "clicked", "unsubscribed", "complained"),
    *amounts("cost_amount"),
    *MONEY_COLUMNS,
    control="cost_amount",
)
TOUCH = Entity(
    "touch",
    "contact with a person",
    *texts("touch_id"),
    Column("happened_date", DAY),
    Column("happened_at", INSTANT),
    required("channel_label"),
    *texts("campaign_name"),
    # `in`: the person wrote or came to us.
    Column("direction", TEXT, words=("in", "out")),
    personal("phone"),
    personal("email"),
    personal("messenger_id"),
    personal("person_name"),
    *texts("company_name", "company_inn", "client_id", "lead_id", "deal_id"),
    one_of=(("happened_date", "happened_at"),),
)
SURVEY_ANSWER = Entity(
    "survey_answer",
    "answer to one question",
    Column("answered_date", DAY),
    Column("answered_at", INSTANT),
    *texts("answer_id"),
    required("survey_name"),
    required("question"),
    Column("score", NUMBER),
    personal("answer_text"),
    *texts("customer_id", "deal_id"),
    personal("phone"),
    personal("email"),
    personal("person_name"),
    *texts("company_name"),
    one_of=(("answered_date", "answered_at"), ("score", "answer_text")),
)
