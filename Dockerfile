# The image every Airflow component of docker-compose.yml runs: the lock, and this repository.
FROM python:3.11.14-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONPATH=/opt/throughline \
    AIRFLOW_HOME=/var/lib/throughline/airflow \
    THROUGHLINE_HOME=/var/lib/throughline

# A named volume takes over the owner of the folder it is mounted on.
RUN groupadd --gid 10001 throughline \
    && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /var/lib/throughline throughline \
    && mkdir -p /var/lib/throughline/airflow \
    && chown -R 10001:10001 /var/lib/throughline

WORKDIR /opt/throughline
COPY requirements.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check --requirement requirements.txt

# Without git in the image, the builds' record learns the commit from here:
# docker compose build --build-arg COMMIT_SHA="$(git rev-parse HEAD)"
ARG COMMIT_SHA=""
ENV THROUGHLINE_COMMIT_SHA=$COMMIT_SHA

COPY include ./include
COPY plugins ./plugins
COPY dags ./dags
COPY sql ./sql
COPY mappings ./mappings
COPY deploy/airflow ./deploy/airflow

USER 10001:10001
