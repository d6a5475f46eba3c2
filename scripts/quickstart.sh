#!/usr/bin/env bash
# From a fresh clone to a trained, exported and verified model in one go; safe to run again.
set -euo pipefail
cd "$(dirname "$0")/.."

say() { printf '\n== %s\n' "$*"; }

say "1/4 Installing what is missing"
scripts/install.sh
say "2/4 Building (the first time takes some minutes)"
scripts/build.sh release
manyfold=build/release/manyfold

say "3/4 Training segmentation, gestures and faces on synthetic scenes, then exporting and verifying"
run=runs/quickstart/$(date +%Y-%m-%d_%H-%M-%S)
$manyfold train --config-name quickstart run.dir="$run"

say "4/4 Predicting pictures that the model has not seen"
$manyfold synth out="$run/scenes" count=16 scenes.first=3000000 scenes.hand_share=0.4 scenes.harshness=0.5
$manyfold predict "$run/export" "$run/scenes/images" --out "$run/predictions"

cat <<END

Everything is in $run:
  report.html          curves, figures and example pictures: open it in a browser
  export/              model.onnx, manifest.json, verify.json
  predictions/         pictures with overlays
  checkpoints/best.safetensors

Next:
  $manyfold train --config-name real data.root=PATH    # train on real pictures, see docs/data.md
  $manyfold config doc train                           # every key of a config
  $manyfold --help
END
