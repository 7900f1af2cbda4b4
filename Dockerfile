# Built in two steps, so that what only the installation needs stays out of what runs.
ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/hypercare
COPY requirements.lock /tmp/
RUN /opt/hypercare/bin/pip install --require-hashes --only-binary :all: -r /tmp/requirements.lock

FROM python:${PYTHON}
# The same number on every machine, so that the files of a volume keep their owner.
RUN groupadd --system --gid 10001 hypercare \
    && useradd --system --uid 10001 --gid hypercare --home-dir /var/lib/hypercare --create-home hypercare
ENV PATH=/opt/hypercare/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HYPERCARE_ENV=production \
    HYPERCARE_VAR=/var/lib/hypercare
COPY --from=build /opt/hypercare /opt/hypercare
WORKDIR /srv/hypercare
COPY manage.py LICENSE ./
COPY hypercare hypercare
COPY periods periods
COPY contributors contributors
COPY incidents incidents
COPY templates templates
COPY static static
COPY scripts/health_in_container.py scripts/
# What production insists on is given made-up values for this one step, which reads none of them.
RUN SECRET_KEY=$(head -c 50 /dev/urandom | base64 -w0) ALLOWED_HOSTS=localhost BASE_URL=https://localhost \
    DATABASE_URL=postgres://localhost/build REDIS_URL=redis://localhost \
    EMAIL_URL=smtp://localhost DEFAULT_FROM_EMAIL=build@localhost \
    python manage.py collectstatic --no-input \
    && mkdir /var/lib/hypercare/evidence \
    && chown -R hypercare: /var/lib/hypercare
USER hypercare
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "scripts/health_in_container.py", "web", "8000"]
CMD ["gunicorn", "hypercare.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", \
     "--workers", "2", "--threads", "4", "--keep-alive", "20", "--max-requests", "5000", \
     "--max-requests-jitter", "500", "--worker-tmp-dir", "/dev/shm", "--no-control-socket"]
