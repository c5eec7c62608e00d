# docker build -t spinfem .
# docker run --rm -v "$PWD:/work" -u "$(id -u)" spinfem solve stack.toml --plot stack.png
FROM python:3.13-slim AS build
COPY . /source
RUN python -m pip wheel --no-cache-dir --no-deps --wheel-dir /wheels /source

FROM python:3.13-slim
COPY --from=build /wheels /wheels
COPY requirements/ci.txt /wheels/
RUN python -m pip install --no-cache-dir -c /wheels/ci.txt \
        "$(echo /wheels/spinfem-*.whl)[fast,fit,sweep]" \
    && rm -r /wheels \
    && useradd --uid 1000 spinfem
# numba and matplotlib keep what they made, whoever runs it
ENV NUMBA_CACHE_DIR=/tmp/numba MPLCONFIGDIR=/tmp/matplotlib
USER 1000
WORKDIR /work
ENTRYPOINT ["spinfem"]
CMD ["--help"]
