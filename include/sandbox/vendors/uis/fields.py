"""The fields of every method: their names and which come when none are asked for."""

from __future__ import annotations


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


SOURCE = _names(
    "ua_client_id ym_client_id sale_date sale_cost search_query search_engine "
    "referrer_domain referrer entrance_page gclid yclid ymclid ef_id channel tags site_id "
    "site_domain_name campaign_id campaign_name visit_other_campaign visitor_id person_id "
    "visitor_type visitor_session_id visits_count visitor_first_campaign_id "
    "visitor_first_campaign_name visitor_city visitor_region visitor_country "
    "visitor_device visitor_custom_properties segments utm_source utm_medium utm_term "
    "utm_content utm_campaign utm_referrer openstat_ad openstat_campaign openstat_service "
    "openstat_source eq_utm_source eq_utm_medium eq_utm_term eq_utm_content "
    "eq_utm_campaign eq_utm_referrer eq_utm_expid attributes source_id source_name "
    "source_new channel_new channel_code ext_id communication_number "
    "communication_page_url communication_id communication_type source"
)
"""What every kind of communication shares: the visit it came from."""

CALL_DEFAULTS = _names(
    "id start_time finish_time finish_reason direction cpn_region_id cpn_region_name "
    "source is_lost contact_phone_number communication_id communication_type "
    "wait_duration total_wait_duration talk_duration clean_talk_duration total_duration "
    "call_records wav_call_records full_record_file_link virtual_phone_number"
)
CALLS = (
    *CALL_DEFAULTS,
    *_names(
        "scenario_operations lost_call_processing_duration postprocess_duration "
        "voice_mail_records is_transfer employees last_answered_employee_id "
        "last_answered_employee_full_name last_answered_employee_rating "
        "first_answered_employee_id first_answered_employee_full_name last_talked_employee_id "
        "last_talked_employee_full_name first_talked_employee_id "
        "first_talked_employee_full_name operator_phone_number scenario_id scenario_name "
        "auto_call_campaign_name call_api_request_id call_api_external_id contact_id "
        "contact_full_name"
    ),
    *SOURCE,
)
LEGS = _names(
    "id call_session_id start_time connect_time duration total_duration finish_reason "
    "finish_reason_description direction calling_phone_number called_phone_number "
    "virtual_phone_number is_transfered is_operator is_coach is_failed is_talked "
    "employee_id employee_full_name employee_phone_number employee_rating scenario_id "
    "scenario_name contact_id contact_full_name contact_phone_number call_records "
    "release_cause_code release_cause_description action_id action_name group_id "
    "group_name"
)
MESSAGES = (
    *_names(
        "id date_time text status process_time form_type form_name visitor_name "
        "visitor_phone_number visitor_email employee_id employee_full_name "
        "employee_answer_message employee_comment group_id group_name"
    ),
    *SOURCE,
)
CHATS = (
    *_names(
        "id status initiator date_time duration answer_time messages_count is_transfer "
        "release_cause employee_id employee_full_name employee_messages_count "
        "employee_raiting visitor_name visitor_phone_number visitor_email"
    ),
    *SOURCE,
)
CHAT_MESSAGES = ("chat_id", "date_time", "text", "source", "employee_id", "employee_full_name")
COMMUNICATIONS = ("id", "date_time", *SOURCE)
GOALS = ("id", "date_time", "name", "type", *SOURCE)
SESSIONS = _names(
    "id date_time ua_client_id ym_client_id gclid yclid ymclid ef_id cm_id "
    "integrated_campaign_data referrer referrer_domain search_engine search_query "
    "entrance_page exit_page duration channel engine campaign_id campaign_name site_id "
    "site_domain_name person_id visitor_id visitor_device visitor_country visitor_city "
    "visitor_region visitor_ip_address visitor_type visitor_browser_name "
    "visitor_browser_version visitor_os_name visitor_os_version visitor_provider "
    "visitor_screen visitor_language visitor_custom_properties utm_source utm_medium "
    "utm_term utm_content utm_campaign openstat_ad openstat_campaign openstat_service "
    "openstat_source hits_count hits hit_time hit_duration hit_url segments segment_name "
    "segment_id communications"
)
DAILY_STAT = _names(
    "date site_id site_domain_name campaign_id campain_id campaign_name campaign_ext_id "
    "campaign_ext_name engine banner_group_id banner_group_name keyword_id keyword "
    "banner_id banner_name old_banner_ids cost_sum shows_count clicks_count calls_count "
    "chats_count goals_count offline_messages_count session_ids daily_budget "
    "communications"
)

REPORTS = {
    "get.calls_report": CALLS,
    "get.call_legs_report": LEGS,
    "get.offline_messages_report": MESSAGES,
    "get.chats_report": CHATS,
    "get.chat_messages_report": CHAT_MESSAGES,
    "get.communications_report": COMMUNICATIONS,
    "get.visitor_sessions_report": SESSIONS,
    "get.goals_report": GOALS,
    "get.campaign_daily_stat": DAILY_STAT,
    "get.financial_call_legs_report": _names(
        "start_time direction source call_session_id leg_id calling_phone_number "
        "called_phone_number duration chargeable_duration direction_type cost_per_minute "
        "total_charge bonuses_charge"
    ),
}
DICTIONARIES = {
    "get.account": ("app_id", "name", "timezone"),
    "get.sites": _names(
        "id domain_name default_phone_number default_scenario site_key industry_id "
        "industry_name creation_date target_call_min_duration track_subdomains "
        "cookie_lifetime campaign_lifetime sales_enabled second_communication_period "
        "services_enabled replacement_dynamical_block_enabled widget_link show_visitor_id "
        "site_blocks connected_integrations"
    ),
    "get.campaigns": _names(
        "id name description status creation_time engine type costs cost_ratio "
        "cost_ratio_operator site_id site_domain_name site_blocks dynamic_call_tracking "
        "campaign_conditions"
    ),
    "get.virtual_numbers": _names(
        "id virtual_phone_number redirection_phone_number activation_date status category "
        "type campaigns site_blocks scenarios"
    ),
    "get.employees": _names(
        "id login full_name first_name last_name patronymic status email groups phone_numbers "
        "extension allowed_in_call_types allowed_out_call_types call_recording "
        "calls_available schedule_id schedule_name coach operator"
    ),
    "get.group_employees": _names(
        "id name members phone_number group_phone_number queue_enabled channels_count"
    ),
    "get.tags": ("id", "name", "is_system"),
    "get.scenarios": ("id", "name", "virtual_phone_numbers", "sites", "campaigns"),
    "get.contacts": _names(
        "id last_name first_name patronymic full_name emails groups phone_numbers "
        "personal_manager_id personal_manager_full_name organization_name organization_id"
    ),
    "get.customer_users": ("id", "name", "description", "login", "customer_id"),
    "get.customers": _names(
        "id name description status_change_date_time tariff_plan_id tariff_plan_name "
        "monthly_base_limit monthly_base_notify_limit monthly_calls_limit "
        "monthly_calls_notify_limit daily_calls_limit daily_calls_notify_limit sites"
    ),
    "get.site_blocks": _names("id name site_id site_domain_name templates phone_numbers"),
    "get.schedules": ("id", "name", "schedules"),
    "get.media_files": _names("id name duration play_link normalization size type"),
    "get.group_contacts": ("id", "name", "is_system", "members"),
    "get.contact_organizations": ("id", "name"),
}
COMPONENT_METHODS = {
    "get.deals_history": ("id", "deal_id", "date_time", "status"),
    "get.sales_funnel": ("id", "name", "stages"),
    "get.deal_contacts": ("deal_id", "contact_id"),
}
"""Of the component that holds uploaded deals; refused while it is off."""

LISTS = frozenset(
    _names(
        "tags employees segments attributes scenario_operations call_records wav_call_records "
        "voice_mail_records visitor_custom_properties groups phone_numbers members emails "
        "campaigns site_blocks scenarios sites virtual_phone_numbers connected_integrations "
        "hits session_ids communications old_banner_ids dynamic_call_tracking "
        "campaign_conditions costs allowed_in_call_types allowed_out_call_types schedules "
        "templates stages"
    )
)
OBJECTS = frozenset({"extension", "integrated_campaign_data", "widget_link", "show_visitor_id"})
TIMES = frozenset({"start_time", "finish_time", "date_time", "connect_time", "date"})


def default_fields(method: str) -> tuple[str, ...]:
    """What a method returns when no fields are asked for."""
    return CALL_DEFAULTS if method == "get.calls_report" else known_fields(method)


def known_fields(method: str) -> tuple[str, ...]:
    """Every field of a method."""
    return {**REPORTS, **DICTIONARIES, **COMPONENT_METHODS}[method]


def empty_value(field: str) -> object:
    """What stands where there is nothing: null, ``[]`` or ``{}``, never a missing key."""
    if field in LISTS:
        return []
    return {} if field in OBJECTS else None
