"""Failures told to people: one short message per root cause, free of secrets and personal data.

The library knows nothing of Airflow: a notifier makes an :class:`~include.alerts.incident.Incident`
out of what it sees and calls :func:`include.alerts.delivery.send`.
"""
