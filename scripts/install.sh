#!/usr/bin/env bash
# Installs what manyfold builds and runs with on Debian 12. Says first what is missing; asks nothing; does nothing twice.
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
  g++ cmake ninja-build ccache pkg-config ca-certificates nodejs npm
  libtorch-dev libopenblas0-openmp  # this OpenBLAS shares LibTorch's threads
  libopencv-dev libyaml-dev libboost-program-options-dev nlohmann-json3-dev libspdlog-dev libfmt-dev
  libonnx-dev libprotobuf-dev protobuf-compiler libssl-dev zlib1g-dev
  libgtest-dev libgmock-dev librapidcheck-dev libbenchmark-dev
)
runtime_package=com.github.asus4.onnxruntime@0.4.9  # ONNX Runtime 1.29: headers, and the library for x86-64
runtime=third_party/onnxruntime
charts_package=uplot@1.6.32  # draws the curves of report.html
charts=third_party/uplot

# fetch PACKAGE FOLDER: unpacks an npm package into FOLDER/package; npm says what went wrong.
fetch() { (cd "$2" && npm pack --loglevel error "$1" >/dev/null && tar xzf ./*.tgz && rm ./*.tgz); }
installed() { dpkg-query -W -f='${Status}' "$1" 2>/dev/null | grep -q 'ok installed'; }
have() { installed "$1" || { case $1 in nodejs) command -v node;; npm|cmake) command -v "$1";; *) false;; esac } >/dev/null; }

missing=()
for package in "${packages[@]}"; do have "$package" || missing+=("$package"); done

if [ ${#missing[@]} -eq 0 ]; then
  echo "install: all ${#packages[@]} Debian packages are here"
else
  echo "install: will install from Debian: ${missing[*]}"
  as_root=()
  [ "$(id -u)" -eq 0 ] || as_root=(sudo)
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get update -q
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}"
fi

blas=$(echo /usr/lib/*-linux-gnu/libblas.so.3)
if [[ $(readlink -f "$blas") != *openmp* ]]; then
  echo "install: note: libblas.so.3 is $(readlink -f "$blas"), whose threads get in the way of LibTorch's;" \
    "as root, 'update-alternatives --config ${blas##*/}-$(basename "${blas%/*}")' chooses openblas-openmp"
fi

if [ "$(cat $runtime/package.txt 2>/dev/null)" = "$runtime_package" ]; then
  echo "install: ONNX Runtime is here ($runtime)"
else
  echo "install: will fetch ONNX Runtime (npm package $runtime_package, 150 MB) into $runtime"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  fetch "$runtime_package" "$work" || { echo "install: could not fetch ONNX Runtime, which every export is verified in" >&2; exit 1; }
  mkdir -p $runtime/include $runtime/lib
  headers=$(find "$work/package/Plugins" -path '*ios-arm64/*' -name onnxruntime_cxx_api.h -printf '%h\n' | head -1)
  cp "$headers"/*.h $runtime/include/
  cp "$work/package/LICENSE" $runtime/
  if [ "$(uname -m)" = x86_64 ]; then
    cp "$work/package/Plugins/Linux/x64/libonnxruntime.so" $runtime/lib/libonnxruntime.so.1
  else
    rm -rf "$work/package"
    fetch onnxruntime-node@1.30.0 "$work" || { echo "install: could not fetch ONNX Runtime for this processor" >&2; exit 1; }
    cp "$work/package/bin/napi-v6/linux/arm64/libonnxruntime.so.1" $runtime/lib/
  fi
  echo "$runtime_package" >$runtime/package.txt  # last: it says that all of this version is there
fi

if [ "$(cat $charts/package.txt 2>/dev/null)" = "$charts_package" ]; then
  echo "install: uPlot is here ($charts)"
else
  echo "install: will fetch uPlot (npm package $charts_package, 50 kB of it) into $charts"
  charts_work=$(mktemp -d)
  if fetch "$charts_package" "$charts_work"; then
    mkdir -p $charts
    cp "$charts_work"/package/LICENSE "$charts_work"/package/dist/{uPlot.min.css,uPlot.iife.min.js} $charts/
    echo "$charts_package" >$charts/package.txt  # last: it says that all of this version is there
  else
    echo "install: could not fetch uPlot; reports will show tables instead of charts" >&2
  fi
  rm -rf "$charts_work"
fi
