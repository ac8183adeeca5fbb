"""What Airflow itself extends: task adapters, a trigger, the failure notifier and the listener."""
