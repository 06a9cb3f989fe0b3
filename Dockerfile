# The connector's image. Wheels of the dependencies exist for glibc, so the base is Debian's slim image, not Alpine.
# The base can be replaced by one with the same Python: --build-arg PYTHON_IMAGE=registry.example/python:3.12-slim
ARG PYTHON_IMAGE=python:3.12-slim

# The wheel, with the build backend from the lock.
FROM ${PYTHON_IMAGE} AS wheel
WORKDIR /src
COPY requirements-dev.lock ./
RUN python -m venv /tools \
    && /tools/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes --requirement requirements-dev.lock
COPY pyproject.toml README.md LICENSE ./
COPY connector connector
RUN /tools/bin/python -m hatchling build --target wheel

# What runs: the locked dependencies and the wheel. --only-binary: nothing is compiled, so no compiler is needed.
FROM ${PYTHON_IMAGE} AS installed
COPY requirements.lock /tmp/requirements.lock
RUN python -m venv /opt/connector \
    && /opt/connector/bin/pip install --no-cache-dir --disable-pip-version-check \
        --only-binary :all: --require-hashes --requirement /tmp/requirements.lock
COPY --from=wheel /src/dist/*.whl /tmp/
RUN /opt/connector/bin/pip install --no-cache-dir --disable-pip-version-check --no-deps --no-index /tmp/*.whl \
    && /opt/connector/bin/python -m compileall -q /opt/connector/lib \
    && /opt/connector/bin/pip uninstall --quiet --yes pip

FROM ${PYTHON_IMAGE}
LABEL org.opencontainers.image.title="kafka-adjust-connector" \
      org.opencontainers.image.description="Delivers Avro app events from Kafka to Adjust's server-to-server API, in order per key." \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=installed /opt/connector /opt/connector
ENV PATH=/opt/connector/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
WORKDIR /etc/connector
# The admin port: /livez, /readyz, /metrics.
EXPOSE 9400
ENTRYPOINT ["connector"]
CMD ["run", "--settings", "/etc/connector/connector.yaml"]
