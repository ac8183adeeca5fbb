"""Fields that exist at the vendor's and have no value in this company.

They are known so that a query naming them is in order; the answer leaves them out. Names are
relative to the resource; a nested part is given once, before the names it holds.
"""

from __future__ import annotations

from collections.abc import Mapping

UNSET: Mapping[str, Mapping[str, str]] = {
    "customer": {
        "": "tracking_url_template final_url_suffix has_partners_badge optimization_score "
        "optimization_score_weight pay_per_conversion_eligibility_failure_reasons",
        "call_reporting_setting": "call_conversion_action call_conversion_reporting_enabled "
        "call_reporting_enabled",
        "conversion_tracking_setting": "conversion_tracking_id "
        "cross_account_conversion_tracking_id",
        "remarketing_setting": "google_global_site_tag",
    },
    "campaign": {
        "": "tracking_url_template final_url_suffix advertising_channel_sub_type labels "
        "accessible_bidding_strategy ad_serving_optimization_status base_campaign "
        "bidding_strategy excluded_parent_asset_field_types experiment_type frequency_caps "
        "manual_cpm manual_cpv optimization_score payment_mode url_custom_parameters "
        # gone from v26, but the older versions served here still have it
        "video_brand_safety_suitability",
        "app_campaign_setting": "app_id app_store bidding_strategy_goal_type",
        "commission": "commission_rate_micros",
        "dynamic_search_ads_setting": "domain_name language_code use_supplied_urls_only",
        "geo_target_type_setting": "negative_geo_target_type positive_geo_target_type",
        "hotel_setting": "hotel_center_id",
        "local_campaign_setting": "location_source_type",
        "manual_cpc": "enhanced_cpc_enabled",
        "maximize_conversion_value": "target_roas",
        "maximize_conversions": "target_cpa_micros",
        "optimization_goal_setting": "optimization_goal_types",
        "percent_cpc": "cpc_bid_ceiling_micros enhanced_cpc_enabled",
        "real_time_bidding_setting": "opt_in",
        "selective_optimization": "conversion_actions",
        "shopping_setting": "campaign_priority enable_local merchant_id",
        "target_cpa": "cpc_bid_ceiling_micros cpc_bid_floor_micros target_cpa_micros",
        "target_cpm.target_frequency_goal": "target_count time_unit",
        "target_impression_share": "cpc_bid_ceiling_micros location location_fraction_micros",
        "target_roas": "cpc_bid_ceiling_micros cpc_bid_floor_micros target_roas",
        "target_spend": "cpc_bid_ceiling_micros target_spend_micros",
        "targeting_setting": "target_restrictions",
        "tracking_setting": "tracking_url",
        "vanity_pharma": "vanity_pharma_display_url_mode vanity_pharma_text",
    },
    "campaign_budget": {
        "": "aligned_bidding_strategy_id delivery_method explicitly_shared "
        "has_recommended_budget recommended_budget_amount_micros reference_count "
        "recommended_budget_estimated_change_weekly_clicks "
        "recommended_budget_estimated_change_weekly_cost_micros "
        "recommended_budget_estimated_change_weekly_interactions "
        "recommended_budget_estimated_change_weekly_views total_amount_micros type",
    },
    "ad_group": {
        "": "tracking_url_template final_url_suffix labels ad_rotation_mode base_ad_group "
        "cpc_bid_micros cpm_bid_micros cpv_bid_micros display_custom_bid_dimension "
        "effective_target_cpa_micros effective_target_cpa_source effective_target_roas "
        "effective_target_roas_source excluded_parent_asset_field_types "
        "optimized_targeting_enabled percent_cpc_bid_micros target_cpa_micros "
        "target_cpm_micros target_roas url_custom_parameters",
        "targeting_setting": "target_restrictions",
    },
    "ad_group_ad": {
        "": "labels ad_strength",
        "policy_summary": "approval_status policy_topic_entries review_status",
        "ad": "name final_url_suffix tracking_url_template added_by_google_ads "
        "device_preference display_url final_app_urls final_mobile_urls hotel_ad "
        "shopping_product_ad shopping_smart_ad system_managed_resource_source url_collections "
        "url_custom_parameters",
        "ad.app_ad": "descriptions headlines html5_media_bundles images mandatory_ad_text "
        "youtube_videos",
        "ad.expanded_dynamic_search_ad": "description description2",
        "ad.expanded_text_ad": "description description2 headline_part1 headline_part2 "
        "headline_part3 path1 path2",
        "ad.app_engagement_ad": "descriptions headlines images videos",
        "ad.display_upload_ad": "display_upload_product_type media_bundle",
        "ad.image_ad": "image_url mime_type name pixel_height pixel_width preview_image_url "
        "preview_pixel_height preview_pixel_width",
        "ad.legacy_responsive_display_ad": "accent_color allow_flexible_color business_name "
        "call_to_action_text description format_setting logo_image long_headline main_color "
        "marketing_image price_prefix promo_text short_headline square_logo_image "
        "square_marketing_image",
        "ad.responsive_display_ad": "accent_color allow_flexible_color business_name "
        "call_to_action_text descriptions format_setting headlines logo_images long_headline "
        "main_color marketing_images price_prefix promo_text square_logo_images "
        "square_marketing_images youtube_videos",
        "ad.responsive_search_ad": "descriptions path1 path2",
        "ad.text_ad": "description1 description2 headline",
        "ad.video_responsive_ad": "call_to_actions companion_banners descriptions headlines "
        "long_headlines videos",
    },
    "ad_group_criterion": {
        "": "final_urls final_mobile_urls final_url_suffix tracking_url_template labels "
        "approval_status bid_modifier cpc_bid_micros cpm_bid_micros cpv_bid_micros "
        "disapproval_reasons display_name effective_cpc_bid_micros effective_cpc_bid_source "
        "effective_cpm_bid_micros effective_cpm_bid_source effective_cpv_bid_micros "
        "effective_cpv_bid_source percent_cpc_bid_micros system_serving_status "
        "url_custom_parameters",
        "age_range": "type",
        "gender": "type",
        "placement": "url",
        "position_estimates": "first_page_cpc_micros first_position_cpc_micros "
        "top_of_page_cpc_micros",
        "quality_info": "creative_quality_score post_click_quality_score quality_score "
        "search_predicted_ctr",
        "topic": "path topic_constant",
        "user_interest": "user_interest_category",
        "user_list": "user_list",
    },
    "click_view": {
        "area_of_interest": "city country metro most_specific region",
        "location_of_presence": "city country metro most_specific region",
        "": "campaign_location_target user_list",
    },
}
"""Resource → nested part, empty for the resource itself → names."""

UNSET_RATIOS = (
    "absolute_top_impression_percentage active_view_cpm active_view_ctr "
    "active_view_measurability active_view_viewability average_cpe average_page_views "
    "average_time_on_site bounce_rate content_budget_lost_impression_share "
    "content_impression_share content_rank_lost_impression_share "
    "conversions_by_conversion_date cross_device_conversions "
    "current_model_attributed_conversions current_model_attributed_conversions_value "
    "cost_per_current_model_attributed_conversion engagement_rate percent_new_visitors "
    "search_absolute_top_impression_share search_budget_lost_impression_share "
    "search_click_share search_exact_match_impression_share search_impression_share "
    "search_rank_lost_impression_share search_top_impression_share top_impression_percentage "
    "trueview_average_cpv value_per_current_model_attributed_conversion "
    "video_quartile_p100_rate video_quartile_p25_rate video_quartile_p50_rate "
    "video_quartile_p75_rate video_trueview_view_rate"
)
UNSET_COUNTS = (
    "active_view_impressions active_view_measurable_cost_micros "
    "active_view_measurable_impressions engagements gmail_forwards gmail_saves "
    "gmail_secondary_clicks historical_quality_score phone_calls phone_impressions "
    "video_trueview_views"
)
"""Metrics nobody measures here."""


def unset_names() -> list[str]:
    """Full names of every attribute without a value."""
    return [
        ".".join(part for part in (resource, nested, name) if part)
        for resource, parts in UNSET.items()
        for nested, names in parts.items()
        for name in names.split()
    ]
