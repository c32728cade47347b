ARG PYTHON_VERSION=3.13

FROM python:${PYTHON_VERSION}-slim-bookworm AS build
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1
RUN ["python", "-m", "pip", "install", "--no-cache-dir", "--quiet", "uv==0.13.9"]
WORKDIR /app
COPY pyproject.toml requirements.lock ./
# The lock also holds what developers need: as constraints its versions and hashes bind, and nothing more is installed.
RUN uv venv --quiet .venv \
 && uv pip install --quiet --require-hashes --constraints requirements.lock -r pyproject.toml
COPY libs libs
COPY services services
RUN python -m compileall -q libs services && mkdir run

FROM python:${PYTHON_VERSION}-slim-bookworm
LABEL org.opencontainers.image.title="dovira" org.opencontainers.image.licenses="Apache-2.0"
# What is not said is meant for production: without an issuer, a secret and a database of yours it does not start.
ENV PATH=/app/.venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    ENV=production DOVIRA_HOST=0.0.0.0 DOVIRA_PORT=8000 DOVIRA_RUN_DIR=/app/run
WORKDIR /app
COPY --from=build /app/.venv .venv
COPY --from=build /app/libs libs
COPY --from=build /app/services services
COPY alembic.ini ./
# A volume that is mounted here is the user's.
COPY --from=build --chown=10001:10001 /app/run run
USER 10001:10001
EXPOSE 8000
STOPSIGNAL SIGTERM
# Bare Python and one socket: a check that imports an HTTP client costs more than what it checks.
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
  CMD ["python", "-ISc", "import socket; asked = socket.create_connection(('127.0.0.1', 8000), 4); \
       asked.send(b'GET /readyz HTTP/1.0\\r\\n\\r\\n'); assert b' 200 ' in asked.recv(32)"]
ENTRYPOINT ["python", "-m", "services"]
