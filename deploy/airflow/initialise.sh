#!/bin/sh
# Runs once before the other Airflow components: metadata tables, and the page's one login.
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
