#!/usr/bin/env bash
# Installs, builds and runs every test. Ends with ctest's summary.
set -euo pipefail
cd "$(dirname "$0")/.."
scripts/install.sh
scripts/build.sh release
ctest --test-dir build/release --output-on-failure -j "$(nproc)"
