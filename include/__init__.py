"""Throughline's library: everything the DAGs and the command line call. It never imports Airflow."""
