#!/usr/bin/env bash
# Configures and builds one preset (release unless named). CMake's and Ninja's own progress is what it prints.
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-release}
cmake --preset "$preset"
cmake --build --preset "$preset"
