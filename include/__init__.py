"""Throughline's library: what the DAGs and the command line call. It never imports Airflow."""
