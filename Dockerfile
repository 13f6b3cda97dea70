# syntax=docker/dockerfile:1
FROM python:3.12.8-slim-bookworm AS build
COPY requirements.lock /build/requirements.lock
RUN python -m venv /opt/venv \
    && /opt/venv/bin/pip install --no-cache-dir --only-binary :all: --require-hashes --requirement /build/requirements.lock

FROM python:3.12.8-slim-bookworm
RUN groupadd --gid 10001 jagawarga \
    && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin jagawarga \
    && install -d -o jagawarga -g jagawarga -m 0700 /data
COPY --from=build /opt/venv /opt/venv
COPY supervisors /app/supervisors
COPY LICENSE /app/LICENSE
COPY config /app/config
COPY jagawarga /app/jagawarga
WORKDIR /app
USER 10001:10001
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    JAGAWARGA_HOST=0.0.0.0 \
    JAGAWARGA_DATA_DIR=/data \
    JAGAWARGA_LOG_FORMAT=json
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
# Run it with `docker run --init`: an init reaps what a killed database server leaves behind.
ENTRYPOINT ["python", "-m", "jagawarga"]
CMD ["serve"]
