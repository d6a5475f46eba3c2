#!/usr/bin/env bash
# What `cmake --install` leaves works without the build folder: the program, and the libraries in another project.
#   installed.sh BUILD COMPILER
set -euo pipefail
project=$(dirname "$(realpath "$0")")
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"

cmake --install "$1" --prefix installed >/dev/null
env -u LD_LIBRARY_PATH installed/bin/manyfold config doc train.steps

cmake -S "$project" -B app -G Ninja -D CMAKE_PREFIX_PATH="$folder/installed" -D CMAKE_CXX_COMPILER="$2" >/dev/null
cmake --build app
app/own_module
