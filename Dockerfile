# One image for the web server, the workers and the clock; compose.yaml says which runs where.
FROM node:24-slim AS app
WORKDIR /app/frontend
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN npm ci --no-audit
COPY frontend/ ./
COPY scripts/node-bin.sh ../scripts/
RUN sh build.sh

FROM python:3.12-slim AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc pkg-config default-libmysqlclient-dev \
 && rm -rf /var/lib/apt/lists/*
COPY requirements.txt requirements-mysql.txt /build/
RUN python -m venv --without-pip /venv \
 && pip --python /venv/bin/python install --no-cache-dir -r /build/requirements.txt -r /build/requirements-mysql.txt
ENV PATH=/venv/bin:$PATH
COPY . /app
RUN rm -rf /app/frontend
WORKDIR /app
# The settings demand secrets; these are thrown away with this stage's environment and are in no layer.
RUN DATA_DIR=/data \
    SECRET_KEY="$(python -c 'import secrets; print(secrets.token_hex(32))')" \
    FIELD_ENCRYPTION_KEY="$(python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())')" \
    python manage.py collectstatic --noinput \
 && python -m compileall -q /app \
 && mkdir -p /data/published

FROM python:3.12-slim
RUN apt-get update \
 && apt-get install -y --no-install-recommends libmariadb3 \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin sentrypulse
COPY --from=build /venv /venv
COPY --from=build /app /app
COPY --from=app /app/frontend/out /app/frontend/out
COPY --from=build --chown=sentrypulse /data /data
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    ENGINE=celery DATA_DIR=/data PULSE_FILE=/tmp/pulse HOST=0.0.0.0 PORT=8000
WORKDIR /app
USER sentrypulse
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=60s CMD ["python", "-m", "sentrypulse.healthcheck", "web"]
CMD ["python", "manage.py", "serve"]
