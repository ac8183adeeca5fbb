"""Starts, watches and stops everything a laptop needs: the engine, the vendor stand-in, Airflow."""
