#!/usr/bin/env bash
# One run trained by two processes, as users start them: the same losses as one process, checkpoints that another number
# of ranks goes on from, a rank that is killed, ranks that do not agree. $1: the libra program.
set -euo pipefail
libra=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$(dirname "$0")/../.."
export OMP_NUM_THREADS=1

fail() { echo "FAILED: $*" >&2; exit 1; }

"$libra" collect --tasks pick_up_the_milk_and_place_it_in_the_basket --demos 2 --scenes 4 --workers 2 --out "$work/data"
train=(train --config configs/libra_tiny.toml --data "$work/data" --scenes "$work/data/scenes.hdf5"
  --set train.batch=4 --set train.grounding.batch=4 --set train.grounding.steps=2 --set train.sampling.held_out=0
  --set train.validate_every=100 --set train.precision=f32 --set train.threads=1 --set train.log_every=1
  --set train.augment.shift=4 --set train.injection.mode=free --set train.optim.schedule_steps=8)

# same TOLERANCE A B: the losses and norms of two logs.
same() {
  python3 - "$@" <<'PY'
import json, sys
tolerance = float(sys.argv[1])
a, b = ([x for x in map(json.loads, open(path)) if "validation" not in x] for path in sys.argv[2:])
assert len(a) == len(b) > 0, f"{len(a)} and {len(b)} lines"
for x, y in zip(a, b):
    for key in ("step", "plan", "accuracy", "pointing", "keyframe", "diffusion", "planner_norm", "refiner_norm"):
        assert abs(x[key] - y[key]) <= tolerance * max(1e-3, abs(x[key])), f"step {x['step']}: {key} {x[key]} and {y[key]}"
PY
}

"$libra" "${train[@]}" --set train.steps=6 --out "$work/one"
scripts/launch 2 "$libra" "${train[@]}" --set train.steps=6 --out "$work/two"
scripts/launch 2 "$libra" "${train[@]}" --set train.steps=6 --zero --out "$work/zero"
scripts/launch 2 "$libra" "${train[@]}" --set train.steps=6 --set train.micro_batch=1 --zero --out "$work/micro"
# Later steps drift by rounding, which AdamW's first steps make large.
for run in two zero micro; do
  head -1 "$work/$run/log.jsonl" >"$work/first"
  same 1e-6 <(head -1 "$work/one/log.jsonl") "$work/first" || fail "the first step of $run is not that of one process"
  same 5e-3 "$work/one/log.jsonl" "$work/$run/log.jsonl" || fail "$run has other losses than one process"
done
cmp "$work/one/config.toml" "$work/two/config.toml" || fail "ranks write another configuration"

# What two ranks keep, one goes on from, and the other way round.
scripts/launch 2 "$libra" "${train[@]}" --set train.steps=3 --zero --out "$work/moved"
"$libra" train --resume --set train.steps=5 --out "$work/moved"
scripts/launch 2 "$libra" train --resume --set train.steps=6 --out "$work/moved"
same 5e-3 "$work/one/log.jsonl" "$work/moved/log.jsonl" || fail "a run that changes its ranks has other losses"

# A rank that is killed ends the other with a message and a code that launchers see. --restarts goes on by itself.
code=0
scripts/launch 2 "$libra" "${train[@]}" --set train.steps=100000 --set train.checkpoint_every=2 --out "$work/lost" >"$work/out" 2>"$work/err" &
launcher=$!
until [ -e "$work/lost/resume/state.json" ]; do kill -0 $launcher || { cat "$work/err"; fail "ended early"; }; sleep 0.05; done
victim=$(pgrep -P $launcher -f "$work/lost" | tail -1)
kill -KILL "$victim"
wait $launcher || code=$?
[ $code -ne 0 ] || fail "a lost rank is not seen"
grep -q "another rank was lost" "$work/err" || { cat "$work/err"; fail "no word of the lost rank"; }
[ "$(grep -c "another rank was lost" "$work/err")" = 1 ] || fail "more than one message"

# Interrupted, both ranks keep the same step.
scripts/launch 2 "$libra" train --resume --set train.steps=100000 --out "$work/lost" >"$work/out" 2>"$work/err" &
launcher=$!
before=$(stat -c %Y%i "$work/lost/resume/state.json")
until [ "$(stat -c %Y%i "$work/lost/resume/state.json" 2>/dev/null || echo "$before")" != "$before" ]; do
  kill -0 $launcher || { cat "$work/err"; fail "ended early"; }; sleep 0.05; done
kill -TERM $launcher
code=0
wait $launcher || code=$?
[ $code = 130 ] || { cat "$work/err"; fail "interrupted, but the code is $code"; }

# Ranks that were started differently are told, each difference by name.
start() {
  RANK=$1 WORLD_SIZE=2 LOCAL_RANK=$1 LOCAL_WORLD_SIZE=2 "$libra" "${train[@]}" --store "file://$work/meet" --set train.steps=2 --out "$work/differ" "${@:2}"
}
start 1 --set train.optim.lr=0.5 >"$work/out1" 2>"$work/err1" &
other=$!
code=0
start 0 >"$work/out0" 2>"$work/err0" || code=$?
[ $code = 2 ] || { cat "$work/err0"; fail "ranks that do not agree: exit $code"; }
wait $other && fail "the other rank does not mind"
grep -q "train.optim.lr is 0.001 on rank 0 and 0.5 on rank 1" "$work/err0" || { cat "$work/err0"; fail "no word of train.optim.lr"; }

# A rank that never comes; samples that cannot be shared; a launcher that names no place to meet.
code=0
RANK=0 WORLD_SIZE=2 "$libra" "${train[@]}" --store "file://$work/nobody" --rank-timeout 1 --out "$work/alone" 2>"$work/err" || code=$?
[ $code = 1 ] && grep -q "rank 1 of 2 did not come" "$work/err" || { cat "$work/err"; fail "waits for a rank that never comes"; }
code=0
scripts/launch 3 "$libra" "${train[@]}" --out "$work/uneven" 2>"$work/err" || code=$?
[ $code = 2 ] && grep -q "train.batch: cannot be shared evenly by 3 ranks" "$work/err" || { cat "$work/err"; fail "uneven shares: exit $code"; }
code=0
PMI_RANK=0 PMI_SIZE=2 MPI_LOCALRANKID=0 MPI_LOCALNRANKS=1 "$libra" "${train[@]}" --out "$work/placeless" 2>"$work/err" || code=$?
[ $code = 2 ] && grep -q -- "--store" "$work/err" || { cat "$work/err"; fail "no place to meet: exit $code"; }
echo "ranks: all right"
