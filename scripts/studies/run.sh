# Sourced by the studies, whose first words are DATA and OUT; they go on in the project's folder.
data=$(realpath "$1")
mkdir -p "$2"
out=$(realpath "$2")
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
program=${MANYFOLD:-build/release/manyfold}
seeds=${SEEDS:-0 1 2}  # with fewer, several shells can share the work once the teacher is there

# run NAME WORDS...: one job into $out/NAME, unless it is there already.
run() {
  local folder=$out/$1
  shift
  [ -f "$folder/metrics.json" ] && return
  rm -rf "$folder"
  echo "$(date +%H:%M) $folder"
  "$program" "$@" data.root="$data" run.dir="$folder" export.enabled=false >"$folder.log" 2>&1 ||
    { tail -5 "$folder.log" >&2; exit 1; }
}
