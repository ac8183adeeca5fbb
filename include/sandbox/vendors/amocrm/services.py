"""Every endpoint of the API that reads: path → rows, filters, order and rendering."""

from __future__ import annotations

import bisect
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from include.sandbox.vendors.amocrm import selection as choose
from include.sandbox.vendors.amocrm.account_book import AccountBook, Row
from include.sandbox.vendors.amocrm.calls import read_notes, render_note
from include.sandbox.vendors.amocrm.catalogs import CATALOGS, render_catalogs, render_elements
from include.sandbox.vendors.amocrm.custom_fields import FIELDS
from include.sandbox.vendors.amocrm.dictionaries import read_dictionaries
from include.sandbox.vendors.amocrm.entities import Renderer
from include.sandbox.vendors.amocrm.errors import ApiError
from include.sandbox.vendors.amocrm.history import read_events, render_event
from include.sandbox.vendors.amocrm.paging import Listing
from include.sandbox.vendors.amocrm.query import Tree, read_ids, read_list, read_range, read_with
from include.sandbox.vendors.amocrm.stage_book import read_stages, render_pipelines
from include.sandbox.vendors.amocrm.tasks import read_tasks, render_task
from include.sandbox.vendors.amocrm.unsorted import categorise, render_request
from include.sandbox.vendors.amocrm.written import Written, merge_by_time
from include.sandbox.world.world import World

MOMENTS = {"created_at": "created_at", "updated_at": "updated_at", "id": "id"}
BY_ID = ("id", False)
Answer = Listing | Row | None
"""None is an entity there is not."""


@dataclass(frozen=True)
class Question:
    """One request, read."""

    tree: Tree
    world: World
    now: datetime
    book: AccountBook
    api: str
    account_id: int
    is_admin: bool
    bin_days: int
    written: Written
    sees_only: int | None = None
    """The user whose leads and tasks alone are shown; None for all."""

    @property
    def renderer(self) -> Renderer:
        """Words of this account for this request."""
        return Renderer(self.book, read_dictionaries(self.world), self.api)


def answer(path: str, question: Question) -> Answer:
    """The answer to a path below ``/api/v4/``; 404 for a path there is not."""
    for pattern, serve in ENDPOINTS:
        if match := pattern.fullmatch(path):
            return serve(question, *match.groups())
    raise ApiError(404, "Page not found")


def _leads(q: Question) -> Answer:
    wanted, conditions = read_with(q.tree), choose.read_filter(q.tree)
    rows: Sequence[Row] = list(q.book.leads.values())
    render: Callable[[Row], Row] = lambda row: q.renderer.lead(row, wanted)  # noqa: E731
    if "only_deleted" in wanted:
        oldest = q.now - timedelta(days=q.bin_days)
        rows = [row for row in q.book.deleted_leads.values() if row["deleted_at"] >= oldest]
        render = q.renderer.deleted_lead
    tests = [
        *choose.by_ids(
            conditions,
            id="id",
            pipeline_id="pipeline_id",
            responsible_user_id="manager_id",
            updated_by="manager_id",
        ),
        *choose.by_texts(conditions, name="name"),
        *choose.by_instants(
            conditions, created_at="created_at", updated_at="updated_at", closed_at="closed_at"
        ),
        *choose.by_statuses(conditions.get("statuses"), "filter.statuses"),
        *choose.by_price(conditions.get("price")),
        *_by_words(q, ("name",)),
        *_by_rights(q),
    ]
    rows = choose.put_in_order(choose.keep(rows, tests), q.tree, MOMENTS, BY_ID)
    return Listing("leads", rows, render)


def _cards(q: Question, kind: str) -> Answer:
    wanted, conditions = read_with(q.tree), choose.read_filter(q.tree)
    rows = q.book.contacts if kind == "contacts" else q.book.companies
    names = ("first_name", "last_name") if kind == "contacts" else ("title",)
    render = q.renderer.contact if kind == "contacts" else q.renderer.company
    tests = [
        *choose.by_ids(conditions, id="id"),
        *choose.by_texts(conditions, name=names[-1]),
        *choose.by_instants(conditions, created_at="created_at", updated_at="updated_at"),
        *_by_words(q, (*names, "phones", "emails", "phone", "inn")),
    ]
    chosen = choose.put_in_order(choose.keep(rows.values(), tests), q.tree, MOMENTS, BY_ID)
    return Listing(kind, chosen, lambda row: render(row, wanted))


def _by_words(q: Question, columns: Sequence[str]) -> list[choose.Test]:
    """``query``: the text anywhere in any of the columns."""
    text = str(q.tree.get("query", "")).strip().lower()
    if not text:
        return []
    return [lambda row: any(text in str(row.get(name) or "").lower() for name in columns)]


def _by_rights(q: Question) -> list[choose.Test]:
    """Of a user with narrow rights: only what is their own."""
    return [] if q.sees_only is None else [lambda row: row["manager_id"] == q.sees_only]


def _one(q: Question, kind: str, number: str) -> Answer:
    wanted, key = read_with(q.tree), int(number)
    if kind == "leads":
        row = q.book.leads.get(key)
        if row is None and "only_deleted" in wanted and key in q.book.deleted_leads:
            return q.renderer.deleted_lead(q.book.deleted_leads[key])
        return None if row is None else q.renderer.lead(row, wanted)
    if kind == "contacts":
        row = q.book.contacts.get(key)
        return None if row is None else q.renderer.contact(row, wanted)
    row = q.book.companies.get(key)
    return None if row is None else q.renderer.company(row, wanted)


def _users(q: Question, number: str | None = None) -> Answer:
    if not q.is_admin:
        raise ApiError(403, "The list of users is for administrators only")
    words, wanted = read_dictionaries(q.world), read_with(q.tree)
    if number is not None:
        found = [row for row in words.managers if row["manager_id"] == int(number)]
        return words.user(found[0], wanted, q.api) if found else None
    return Listing("users", words.managers, lambda row: words.user(row, wanted, q.api), "pages")


def _pipelines(
    q: Question, number: str | None = None, statuses: str | None = None, status: str | None = None
) -> Answer:
    rendered = render_pipelines(q.world, q.now, q.api, q.account_id)
    if number is None:
        return Listing("pipelines", rendered, dict, "whole")
    found = [row for row in rendered if row["id"] == int(number)]
    if not found:
        return None
    if statuses is None:
        return found[0]
    return _pick(Listing("statuses", found[0]["_embedded"]["statuses"], dict, "whole"), status)


def _tags(q: Question, kind: str) -> Answer:
    """Only leads carry tags here: each for the way it came."""
    words, conditions = read_dictionaries(q.world), choose.read_filter(q.tree)
    rows = [tag for source in words.source_ids for tag in words.tag(source)]
    tests = [
        *choose.by_ids(conditions, id="id"),
        *choose.by_texts(conditions, name="name"),
        *_by_words(q, ("name",)),
    ]
    return Listing("tags", choose.keep(rows, tests) if kind == "leads" else [], dict)


def _nothing(q: Question, key: str) -> Answer:
    """What the account does not use: customers, and sources, which are an integration's own."""
    return Listing(key, [], dict)


def _loss_reasons(q: Question, number: str | None = None) -> Answer:
    words = read_dictionaries(q.world)
    reasons = [words.loss_reason(one, q.api) for one in words.loss_reason_ids.values()]
    return _pick(Listing("loss_reasons", reasons, dict), number)


def _pick(listing: Listing, number: str | None) -> Answer:
    if number is None:
        return listing
    found = [row for row in listing.rows if row["id"] == int(number)]
    return listing.render(found[0]) if found else None


def _custom_fields(q: Question, kind: str, number: str | None = None) -> Answer:
    fields = [field.render(q.api) for field in FIELDS[kind]]
    return _pick(Listing("custom_fields", fields, dict, "pages"), number)


def _events(q: Question) -> Answer:
    conditions = choose.read_filter(q.tree)
    tests = [
        *choose.by_texts(conditions, id="id", type="type"),
        *choose.by_ids(conditions, created_by="created_by"),
        *choose.by_instants(conditions, created_at="at"),
        *choose.by_event_entities(conditions),
        *choose.by_event_values(conditions),
    ]
    rows = choose.keep(_told_within(tell_events(q), q.now, conditions.get("created_at")), tests)
    rows = choose.put_in_order(rows, q.tree, {"created_at": "at", "id": "id"}, ("at", True))
    return Listing("events", rows, lambda row: render_event(row, q.api), is_events=True)


def tell_events(q: Question) -> list[Row]:
    """Events of the world and of what was written, oldest first."""
    return merge_by_time(read_events(q.world), q.written.events)


def _event(q: Question, number: str) -> Answer:
    found = [row for row in _until(tell_events(q), q.now) if row["id"] == number]
    return render_event(found[0], q.api) if found else None


def _until(rows: list[Row], now: datetime) -> list[Row]:
    return rows[: bisect.bisect_right(rows, now, key=lambda row: row["at"])]


def _told_within(rows: list[Row], now: datetime, span: object) -> list[Row]:
    """The same, and none before the span that a filter names: the rest is not looked at."""
    low, high = read_range(span, "filter.created_at")
    begin = 0
    if low is not None:
        begin = bisect.bisect_left(rows, low, key=lambda row: int(row["at"].timestamp()))
    told = _until(rows, now)
    if high is not None:
        told = told[: bisect.bisect_right(told, high, key=lambda row: int(row["at"].timestamp()))]
    return told[begin:]


def _notes(q: Question, kind: str, owner: str | None = None, number: str | None = None) -> Answer:
    conditions = choose.read_filter(q.tree)
    tests = [
        *choose.by_ids(conditions, id="id", entity_id="entity_id"),
        *choose.by_texts(conditions, note_type="note_type"),
        *choose.by_instants(conditions, updated_at="at", created_at="at"),
    ]
    told = merge_by_time(read_notes(q.world), q.written.notes)
    span = conditions.get("updated_at")
    rows = [row for row in _told_within(told, q.now, span) if row["entity_type"] == kind]
    if owner is not None:
        rows = [row for row in rows if row["entity_id"] == int(owner)]
    order = {"updated_at": "at", "created_at": "at", "id": "id"}
    rows = choose.put_in_order(choose.keep(rows, tests), q.tree, order, BY_ID)
    return _pick(Listing("notes", rows, lambda row: render_note(row, q.api)), number)


def _note(q: Question, kind: str, number: str) -> Answer:
    return _notes(q, kind, None, number)


def _tasks(q: Question, number: str | None = None) -> Answer:
    conditions = choose.read_filter(q.tree)
    tests = [
        *choose.by_ids(
            conditions,
            id="id",
            entity_id="entity_id",
            responsible_user_id="manager_id",
            created_by="manager_id",
            task_type_id="task_type_id",
            task_type="task_type_id",
        ),
        *choose.by_texts(conditions, entity_type="entity_type"),
        *choose.by_instants(conditions, updated_at="updated_at", created_at="created_at"),
        *choose.by_flag(conditions, "is_completed", "is_completed"),
        *_by_rights(q),
    ]
    order = {**MOMENTS, "complete_till": "due_at"}
    rows = choose.keep(q.written.lay_over_tasks(read_tasks(q.world, q.now)), tests)
    rows = choose.put_in_order(rows, q.tree, order, BY_ID)
    return _pick(Listing("tasks", rows, lambda row: render_task(row, q.api)), number)


def _unsorted(q: Question, uid: str | None = None) -> Answer:
    home = read_stages(q.world).main_pipeline
    conditions = choose.read_filter(q.tree)
    rows = [{**row, "category": categorise(row)} for row in q.book.unsorted.values()]
    tests = [
        *choose.by_texts(conditions, uid="uid", category="category"),
        *choose.by_instants(conditions, created_at="created_at"),
    ]
    if "pipeline_id" in conditions:
        pipelines = read_ids(conditions["pipeline_id"], "filter.pipeline_id")
        tests.append(lambda _: home in pipelines)
    order = {"created_at": "created_at", "updated_at": "created_at"}
    rows = choose.put_in_order(choose.keep(rows, tests), q.tree, order, ("created_at", False))
    if uid is not None:
        rows = [row for row in rows if row["uid"] == uid]
        return render_request(rows[0], q.book, home, q.api) if rows else None
    return Listing("unsorted", rows, lambda row: render_request(row, q.book, home, q.api))


def _catalogs(q: Question, number: str | None = None) -> Answer:
    return _pick(Listing("catalogs", render_catalogs(q.api), dict), number)


def _elements(q: Question, catalog: str, number: str | None = None) -> Answer:
    if int(catalog) not in CATALOGS:
        raise ApiError(404, "Catalog not found")
    rows = render_elements(q.world, int(catalog), q.now, q.api)
    conditions = choose.read_filter(q.tree)
    rows = choose.keep(rows, choose.by_ids(conditions, id="id"))
    return _pick(Listing("elements", rows, dict), number)


def _links(q: Question, kind: str, owner: str | None = None) -> Answer:
    conditions = choose.read_filter(q.tree)
    ids = [owner] if owner is not None else read_list(conditions.get("entity_id"))
    present = {"leads": q.book.leads, "contacts": q.book.contacts, "companies": q.book.companies}
    wanted = [one for one in map(int, ids) if one in present[kind]]
    links = [link for one in wanted for link in q.renderer.links(kind, present[kind][one])]
    tests = [
        *choose.by_ids(conditions, to_entity_id="to_entity_id"),
        *choose.by_texts(conditions, to_entity_type="to_entity_type"),
    ]
    return Listing("links", choose.keep(links, tests), dict, "whole")


def _account(q: Question) -> Answer:
    return read_dictionaries(q.world).account(read_with(q.tree), q.api)


KIND = "(leads|contacts|companies)"
ENDPOINTS: tuple[tuple[re.Pattern[str], Callable[..., Answer]], ...] = tuple(
    (re.compile(pattern), serve)
    for pattern, serve in (
        ("account", _account),
        ("leads", _leads),
        ("leads/pipelines", _pipelines),
        (r"leads/pipelines/(\d+)(?:/(statuses)(?:/(\d+))?)?", _pipelines),
        (r"leads/loss_reasons(?:/(\d+))?", _loss_reasons),
        (r"leads/unsorted(?:/([0-9a-f]+))?", _unsorted),
        (f"{KIND}/tags", _tags),
        ("(customers|sources)", _nothing),
        (f"{KIND}/custom_fields(?:/(\\d+))?", _custom_fields),
        (f"{KIND}/notes", _notes),
        (f"{KIND}/notes/(\\d+)", _note),
        (f"{KIND}/(\\d+)/notes(?:/(\\d+))?", _notes),
        (f"{KIND}/links", _links),
        (f"{KIND}/(\\d+)/links", _links),
        ("(contacts|companies)", _cards),
        (f"{KIND}/(\\d+)", _one),
        (r"users(?:/(\d+))?", _users),
        ("events", _events),
        ("events/([0-9a-z]+)", _event),
        (r"tasks(?:/(\d+))?", _tasks),
        (r"catalogs(?:/(\d+))?", _catalogs),
        (r"catalogs/(\d+)/elements(?:/(\d+))?", _elements),
    )
)
