# syntax=docker/dockerfile:1
# One image for web server, worker and commands. It runs as an ordinary user and writes to VAR_DIR and /tmp only.
ARG PYTHON=3.13.7-slim-trixie

FROM python:${PYTHON} AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1 PYTHONDONTWRITEBYTECODE=1
WORKDIR /srv/firstpage
ARG REQUIREMENTS=requirements.txt
COPY requirements*.txt ./
RUN python -m venv /opt/venv && /opt/venv/bin/pip install --require-hashes --requirement "${REQUIREMENTS}"
COPY manage.py pyproject.toml LICENSE ./
COPY accounts accounts
COPY journal journal
COPY subscriptions subscriptions
COPY cme cme
COPY desk desk
COPY demo demo
COPY config config
COPY templates templates
COPY locale locale
COPY static static
# Style sheets, scripts and fonts belong to the version, so they are in the image; the key is this step's only.
RUN SECRET_KEY=of-the-build-only-and-of-nothing-else-in-the-world STATIC_ROOT=/srv/firstpage/static-files VAR_DIR=/tmp/var \
    LOG_FORMAT=text /opt/venv/bin/python manage.py collectstatic --noinput --verbosity 0 \
 && /opt/venv/bin/python -m compileall -q -j 0 accounts journal subscriptions cme desk demo config /opt/venv/lib

FROM python:${PYTHON}
RUN groupadd --gid 10001 firstpage && useradd --uid 10001 --gid 10001 --no-create-home --shell /usr/sbin/nologin firstpage \
 && install -d -o firstpage -g firstpage -m 0750 /var/lib/firstpage
COPY --from=build /opt/venv /opt/venv
COPY --from=build /srv/firstpage /srv/firstpage
WORKDIR /srv/firstpage
ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    VAR_DIR=/var/lib/firstpage STATIC_ROOT=/srv/firstpage/static-files ENV_FILE=/dev/null DATABASE_POOL=0
USER 10001:10001
VOLUME /var/lib/firstpage
EXPOSE 8000
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=10s --start-period=30s --retries=4 \
  CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/health/live', timeout=8)"]
CMD ["gunicorn", "config.wsgi", "--config", "config/gunicorn.py", "--bind", "0.0.0.0:8000", "--worker-tmp-dir", "/dev/shm"]
