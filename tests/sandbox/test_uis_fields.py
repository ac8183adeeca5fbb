"""Every field the vendor names can be asked for, and a call back is of the call it answers."""

from __future__ import annotations

import pytest

from tests.sandbox.uis_company import UisCaller, at, make_brand, make_call

SOURCE = (
    "ua_client_id ym_client_id sale_date sale_cost search_query search_engine referrer_domain "
    "referrer entrance_page gclid yclid ymclid ef_id channel tags site_id site_domain_name "
    "campaign_id campaign_name visitor_id person_id visitor_session_id utm_source utm_medium "
    "utm_term utm_content utm_campaign utm_referrer openstat_ad eq_utm_source ext_id attributes"
)
FIELDS = {
    "calls_report": SOURCE
    + " id start_time finish_time finish_reason direction cpn_region_id cpn_region_name "
    "scenario_operations source is_lost communication_number communication_page_url "
    "contact_phone_number communication_id communication_type wait_duration total_wait_duration "
    "lost_call_processing_duration talk_duration clean_talk_duration total_duration "
    "postprocess_duration call_records wav_call_records full_record_file_link voice_mail_records "
    "virtual_phone_number is_transfer employees last_answered_employee_id "
    "last_answered_employee_full_name last_answered_employee_rating first_answered_employee_id "
    "first_answered_employee_full_name last_talked_employee_id first_talked_employee_id "
    "operator_phone_number scenario_id scenario_name visit_other_campaign auto_call_campaign_name "
    "visitor_type visits_count visitor_first_campaign_id visitor_first_campaign_name visitor_city "
    "visitor_region visitor_country visitor_device visitor_custom_properties segments "
    "call_api_request_id call_api_external_id contact_id contact_full_name source_id source_name "
    "source_new channel_new channel_code",
    "call_legs_report": "id call_session_id start_time connect_time duration total_duration "
    "finish_reason finish_reason_description direction calling_phone_number called_phone_number "
    "virtual_phone_number is_transfered is_operator is_coach is_failed is_talked employee_id "
    "employee_full_name employee_phone_number employee_rating scenario_id contact_id "
    "contact_phone_number call_records release_cause_code",
    "offline_messages_report": SOURCE
    + " id date_time text status process_time form_type form_name communication_id "
    "communication_number visitor_name visitor_phone_number visitor_email employee_id "
    "employee_full_name group_id group_name",
    "visitor_sessions_report": "id date_time ua_client_id ym_client_id gclid yclid referrer "
    "entrance_page exit_page duration channel engine integrated_campaign_data",
    "goals_report": "id date_time name type",
    "communications_report": "id date_time communication_type",
}


@pytest.fixture
def uis(vendor_server, monkeypatch):
    caller = UisCaller(vendor_server)
    lost = make_call(1, at(18, 6), status="missed", talk_seconds=0)
    back = make_call(2, at(18, 7), direction="out", visit_id=0, is_first=False)
    again = make_call(3, at(18, 8), is_first=False)
    cold = make_call(4, at(18, 9), direction="out", visit_id=0)
    form = {"tracker": "uis", "request_id": 9, "submitted_at": at(18, 7), "visit_id": 7}
    world = make_brand(lost, back, again, cold, form_request=[form])
    monkeypatch.setattr(caller.stage, "world", world)
    return caller


@pytest.mark.parametrize("report", sorted(FIELDS))
def test_every_field_of_the_vendor_can_be_asked_for_and_is_in_every_row(uis, report):
    fields = FIELDS[report].split()
    rows = uis.rows(report, fields=fields)
    assert rows
    assert all(list(row) == fields for row in rows)


def test_a_call_back_is_a_second_session_of_the_lost_calls_communication(uis):
    fields = ["communication_id", "lost_call_processing_duration"]
    lost, back, again, cold = uis.rows("calls_report", fields=fields)
    assert back["communication_id"] == lost["communication_id"]
    assert len({row["communication_id"] for row in (lost, again, cold)}) == 3
    assert lost["lost_call_processing_duration"] == 3595
    assert back["lost_call_processing_duration"] is None
    calls = uis.rows("communications_report", filter=_is("communication_type", "call"))
    assert len(calls) == 3


def test_a_lost_call_is_unprocessed_until_it_is_called_back(uis):
    uis.control("clock", {"now": "2026-11-18T06:30:00+00:00"})
    (lost,) = uis.rows("calls_report", fields=["lost_call_processing_duration"])
    assert lost == {"lost_call_processing_duration": None}


def _is(field: str, value: str) -> dict[str, str]:
    return {"field": field, "operator": "=", "value": value}
