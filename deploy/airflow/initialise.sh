#!/bin/sh
# Runs before the other Airflow components at every `up`: metadata tables, the page's one login,
# and the warehouse's tables as the contracts of this version say. Safe to repeat.
set -eu
umask 077
mkdir -p "$AIRFLOW_HOME"
airflow db migrate
python -c '
import json, os
from pathlib import Path

path = Path(os.environ["AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE"])
path.write_text(json.dumps({"admin": os.environ["AIRFLOW_ADMIN_PASSWORD"]}))
'
python -c '
from include.contracts.reader import read_catalog
from include.settings import PROJECT_ROOT, read_settings
from include.warehouse.client import ClickHouseTarget, connect
from include.warehouse.schema import apply_schema

client = connect(ClickHouseTarget.from_settings(read_settings()))
apply_schema(client, read_catalog(PROJECT_ROOT / "sql"))
'
