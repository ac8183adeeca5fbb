"""Runs a connector for one account: plan, ask, land, load, report.

Knows nothing of Airflow and nothing of any one vendor.
"""
