"""Fields of campaigns, ad sets, ads, creatives and accounts the vendor knows and the world has not.

Asked for, they are left out, as the vendor leaves out what is not set; only names it does not know
are refused. Connectors ask for long lists of them.
"""

from __future__ import annotations

CAMPAIGN = """
    adlabels advantage_state_info bid_constraints boosted_object_id brand_lift_studies
    budget_rebalance_flag budget_remaining campaign_group_active_time
    can_create_brand_lift_study can_use_spend_cap daily_budget frequency_control_specs
    has_secondary_skadnetwork_reporting is_adset_budget_sharing_enabled
    is_budget_schedule_enabled is_direct_send_campaign is_message_campaign
    is_meta_moment_maker_enabled is_pca_unified is_reels_trending_ads_enabled
    is_skadnetwork_attribution issues_info last_budget_toggling_time lifetime_budget pacing_type
    primary_attribution promoted_object recommendations smart_promotion_type source_campaign
    source_campaign_id source_recommendation_type special_ad_category
    special_ad_category_country spend_cap stop_time topline_id
"""
ADSET = """
    ad_set_goal adlabels adset_schedule anchor_event_attribution_window_days asset_feed_id
    attribution_count_type automatic_manual_state bid_adjustments bid_amount bid_constraints
    bid_info bid_strategy brand_safety_config budget_remaining campaign_active_time
    campaign_attribution creative_diversity_label creative_diversity_score creative_sequence
    creative_sequence_repetition_pattern daily_budget daily_min_spend_target daily_spend_cap
    destination_type dsa_beneficiary dsa_payor end_time existing_customer_budget_percentage
    frequency_control_specs full_funnel_exploration_mode instagram_user_id
    is_ba_skip_delayed_eligible is_budget_schedule_enabled is_dc_follow_optimized
    is_dynamic_creative is_incremental_attribution_enabled is_organic_ad_joint_optimized
    is_sequenced_conversion_creation issues_info learning_stage_info lifetime_budget
    lifetime_imps lifetime_min_spend_target lifetime_spend_cap live_video_ad_campaign_config
    low_creative_reach max_budget_spend_percentage meta_moment_maker_spec
    min_budget_spend_percentage multi_event_conversion_attribution_window_seconds
    multi_optimization_goal_weight optimization_sub_event pacing_type placement_soft_opt_out
    promoted_object recommendations recurring_budget_semantics regional_regulated_categories
    regional_regulation_identities relative_value review_feedback rf_prediction_id source_adset
    source_adset_id special_ad_categories targeting_optimization_types
    time_based_ad_rotation_id_blocks time_based_ad_rotation_intervals trending_topics_spec
    use_new_app_click value_rule_set_id value_rules_applied
"""
AD = """
    ad_active_time ad_review_feedback ad_schedule_end_time ad_schedule_start_time adlabels
    bid_amount bid_info bid_type conversion_domain conversion_specs creative_asset_groups_spec
    creative_audience_pairing_persona creative_automation_spec demolink_hash display_sequence
    engagement_audience failed_delivery_checks issues_info last_updated_by_app_id placement
    preview_shareable_link priority recommendations source_ad source_ad_id special_ad_categories
    targeting tracking_and_conversion_with_defaults tracking_specs
"""
CREATIVE = """
    actor_id ad_disclaimer_spec adlabels applink_treatment asset_feed_spec
    authorization_category auto_update body branded_content branded_content_sponsor_page_id
    bundle_folder_id call_to_action call_to_action_type categorization_criteria
    category_media_source collaborative_ads_lsb_image_bank_id contextual_multi_ads
    creative_sourcing_spec degrees_of_freedom_spec destination_set_id destination_spec
    dynamic_ad_voice effective_authorization_category effective_instagram_media_id
    enable_direct_install enable_launch_instant_app existing_post_title facebook_branded_content
    format_transformation_spec generative_asset_spec image_crops image_hash image_url
    instagram_branded_content instagram_permalink_url instagram_user_id
    interactive_components_spec link_deep_link_url link_destination_display_url link_og_id
    link_url marketing_message_structured_spec media_sourcing_spec messenger_sponsored_message
    object_id object_store_url object_story_id object_url omnichannel_link_spec
    page_welcome_message photo_album_source_object_story_id place_page_set_id
    platform_customizations playable_asset_id portrait_customizations product_data
    product_set_id product_suggestion_settings recommender_settings
    regional_regulation_disclaimer_spec source_facebook_post_id source_instagram_media_id
    template_url template_url_spec thumbnail_id thumbnail_url title use_page_actor_override
    video_id wamo_whatsapp_identity_spec
"""
ACCOUNT = """
    ad_account_promotable_objects adspixels age agency_client_declaration all_capabilities
    attribution_spec brand_safety_content_filter_levels business_city business_country_code
    business_name business_state business_street business_street2 business_zip
    can_create_brand_lift_study capabilities custom_audience_info default_dsa_beneficiary
    default_dsa_payor disable_reason end_advertiser end_advertiser_name existing_customers
    expired_funding_source_details extended_credit_invoice_group failed_delivery_checks
    fb_entity funding_source funding_source_details has_migrated_permissions
    has_page_authorized_adaccount io_number is_attribution_spec_system_default
    is_ba_skip_delayed_eligible is_direct_deals_enabled is_in_3ds_authorization_enabled_market
    is_notifications_enabled is_personal is_prepay_account is_tax_id_required liable_address
    line_numbers marketing_messages_settings media_agency min_campaign_group_spend_cap
    min_daily_budget offsite_clo_signal_status offsite_pixels_tos_accepted opportunity_score
    opportunity_score_weight owner owner_business partner rf_spec send_bill_to_address
    show_checkout_experience sold_to_address spend_cap tax_id tax_id_status tax_id_type
    tos_accepted user_access_expire_time user_tasks user_tos_accepted viewable_business
"""

OPTIONAL: dict[str, frozenset[str]] = {
    "campaign": frozenset(CAMPAIGN.split()),
    "adset": frozenset(ADSET.split()),
    "ad": frozenset(AD.split()),
    "creative": frozenset(CREATIVE.split()),
    "account": frozenset(ACCOUNT.split()),
}
