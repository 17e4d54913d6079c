#!/usr/bin/env bash
# The stages as a user types them, as small as they can be: collect, train, resume, let the policy
# collect, train on, plan, run, eval. Then what bad input gets. $1: the libra program.
. "$(dirname "$0")/common.sh"

task=pick_up_the_milk_and_place_it_in_the_basket
"$libra" collect --tasks $task --demos 2 --scenes 4 --workers 2 --out "$work/data"
must_have "$work/data/${task}_demo.hdf5" "$work/data/scenes.hdf5"

train=("$libra" train --config configs/libra_tiny.toml --scenes "$work/data/scenes.hdf5"
  --set train.batch=4 --set train.grounding.batch=4 --set train.grounding.steps=2
  --set train.steps=4 --set train.sampling.held_out=0 --set train.validate_every=100)
"${train[@]}" --data "$work/data" --out "$work/run" --set train.checkpoint_every=2
must_have "$work/run/log.jsonl" "$work/run/config.toml" "$work/run/checkpoint/model.safetensors"
refused "holds a run already" "${train[@]}" --data "$work/data" --out "$work/run"
"${train[@]}" --data "$work/data" --out "$work/run" --set train.steps=5 --resume
"$libra" train --resume --out "$work/run" --set train.steps=6
[ -z "$(grep -o '"step":[0-9]*,"validation"' "$work/run/log.jsonl" | sort | uniq -d)" ] || fail "a resumed run logs steps twice"
refused "train.optim.lr" "$libra" train --resume --out "$work/run" --set train.optim.lr=0.5
refused "--data" "$libra" train --resume --out "$work/run" --data "$work/data" --data "$work/data"

# 20 + 20 steps are 40 steps, bit for bit, beyond warm-up, with augmentation, averaged weights, intents drawn from the
# planner and the curriculum's averages (it needs 450 steps to switch); so are 40 steps with a kill between.
exact=("${train[@]}" --data "$work/data" --set train.optim.warmup_steps=5 --set train.optim.schedule_steps=40
  --set train.injection.mode=free --set train.augment.shift=4 --set train.optim.ema_decay=0.9
  --set train.checkpoint_every=10)
"${exact[@]}" --set train.steps=40 --out "$work/forty"
"${exact[@]}" --set train.steps=20 --out "$work/twenty"
"$libra" train --resume --set train.steps=40 --out "$work/twenty"
"${exact[@]}" --set train.steps=40 --out "$work/killed" >"$work/out" 2>&1 &
until grep -qs '"done": *[123]0' "$work/killed/resume/state.json"; do kill -0 $! || fail "train ended early"; sleep 0.02; done
kill -KILL $!
wait $! || true
"$libra" train --resume --out "$work/killed"
for run in twenty killed; do
  cmp "$work/forty/checkpoint/model.safetensors" "$work/$run/checkpoint/model.safetensors" || fail "resumed weights differ: $run"
  cmp "$work/forty/resume/state.json" "$work/$run/resume/state.json" || fail "the resumed run's curriculum differs: $run"
done

# Watched: episodes while it trains, the best kept and named by info; what cannot be watched is said before the first step.
watched=("${train[@]}" --data "$work/data" "$work/data" --set train.grounding.steps=0 --set train.sampling.held_out=0.5 --set train.seed=4 --set train.steps=2 --set train.watch.eval_every=2
  --set train.watch.eval_episodes=1)
"${watched[@]}" --set 'train.watch.eval_tasks=["7"]' --set train.watch.replay_every=1 --set train.watch.replay_episodes=1 --skip-nan --out "$work/watched"
must_have "$work/watched/best/model.safetensors"
grep -q '"closed_loop":{"episodes":1,' "$work/watched/log.jsonl" || fail "no episode was played while training"
"$libra" info "$work/watched" --json >"$work/out"
python3 -c 'import json, sys; best = json.load(open(sys.argv[1]))["best"]; assert best["step"] == 2 and best["closed_loop"]["episodes"] == 1' "$work/out" || fail "info does not tell the best step"
for where in tasks suites; do
  code=0; "${watched[@]}" --set "train.watch.eval_$where=[\"nonsense\"]" --out "$work/unwatched" >"$work/out" 2>&1 || code=$?
  [ $code = 2 ] && tail -1 "$work/out" | grep -q nonsense || { cat "$work/out"; fail "trains though it cannot be watched"; }
done

# Tasks whose sentences do not use the names of their things train as well.
"$libra" collect --suite spatial --tasks pick_up_the_black_bowl_next_to_the_plate_and_place_it_on_the_plate --demos 1 --workers 1 --out "$work/table"
"$libra" collect --suite goal --tasks turn_on_the_stove --demos 1 --every 5 --workers 1 --out "$work/table2"
grep -aq libero_tabletop_manipulation "$work/table2"/*.hdf5 || fail "the file of a table's task names another problem"
"$libra" train --config configs/libra_tiny.toml --set train.batch=4 --set train.grounding.steps=0 --set train.steps=2 --set train.sampling.held_out=0 \
  --data "$work/table" "$work/table2" --out "$work/run3"
# The second has pictures of one step in five, which is all that anything asks of it but a LeRobot set.
"$libra" data view "$work/table2" --out "$work/view.html" >/dev/null
"$libra" data replay "$work/table2" --checkpoint "$work/run3/checkpoint" >/dev/null
refused "pictures of one step in 5 only" "$libra" data convert "$work/table2" --out "$work/lerobot"
refused "pictures of every step" "$libra" collect --every 5 --format lerobot --out "$work/x"

# An interrupt ends with 130 and keeps what was finished; the same command goes on; other settings are refused.
many=("$libra" collect --tasks $task --demos 6 --workers 1 --image-size 32 --out "$work/many")
"${many[@]}" >"$work/out" 2>&1 &
until [ -e "$work/many/${task}_demo.hdf5.parts/0.hdf5" ]; do kill -0 $! || fail "collect ended early"; sleep 0.05; done
kill -INT $!
code=0; wait $! || code=$?
[ $code = 130 ] || { cat "$work/out"; fail "exit $code after an interrupt"; }
"${many[@]}" >"$work/out"
awk '$1 ~ /^pick_up/ && $2 + $3 == 6 && $3 >= 1 { found = 1 } END { exit !found }' "$work/out" || { cat "$work/out"; fail "collect started over"; }
refused "--image-size 32" "$libra" collect --tasks $task --demos 6 --workers 1 --image-size 64 --out "$work/many"

"$libra" collect --tasks $task --demos 1 --seed 1 --policy "$work/run/checkpoint" --schedule overlapped --stale roll_forward \
  --planner-latency uniform:0,200 --workers 1 --out "$work/corrections"
must_have "$work/corrections/${task}_demo.hdf5"
"${train[@]}" --data "$work/data" --data "$work/corrections" --init "$work/run/checkpoint" \
  --set train.grounding.steps=0 --out "$work/run2"

"$libra" run --checkpoint "$work/run2/checkpoint" --task 0 --video "$work/run.mp4" >"$work/out"
grep -q "planned" "$work/out" || fail "run prints no plan"
"$libra" eval --checkpoint "$work/run2/checkpoint" --tasks 7 --rollouts 1 --out "$work/eval"
whole=("$libra" eval --checkpoint "$work/run2/checkpoint" --tasks 6,7 --rollouts 1 --videos 0)
for part in 1/2 2/2; do "${whole[@]}" --shard $part --out "$work/part_${part%/*}"; done
"$libra" compare "$work/part_1" "$work/part_2" --merge "$work/whole" >/dev/null
[ "$(grep -c '"variation": ""' "$work/whole/results.json")" = 2 ] || fail "shards do not make the whole"
cp "$work/part_1/results.json" "$work/before"
"${whole[@]}" --shard 1/2 --out "$work/part_1" >"$work/out" 2>&1
cmp "$work/before" "$work/part_1/results.json" || fail "a finished evaluation is written anew, without its times"
grep -q "already" "$work/out" || fail "a finished evaluation plays again"
refused "other settings" "${whole[@]}" --shard 1/2 --seed 3 --out "$work/part_1"
milk=$'object\tpick_up_the_milk_and_place_it_in_the_basket\t'
worded=("$libra" eval --checkpoint "$work/run2/checkpoint" --tasks 7 --rollouts 1 --videos 0 --instructions "$work/wordings" --out "$work/worded")
echo "${milk}the milk into the basket please" >"$work/wordings"
"${worded[@]}"
grep -q "the milk into the basket please" "$work/worded/episodes.jsonl" || fail "the policy is not told the wording"
echo "${milk}basket the milk" >"$work/wordings"
refused "other settings" "${worded[@]}"
refused "does not go with --perturb language" "${worded[@]}" --perturb language
must_have "$work/run.mp4" "$work/eval/results.json" "$work/eval/report.html" "$work"/eval/videos/object_*_0.mp4 "$work"/eval/videos/object_*_0.jsonl
"$libra" eval --checkpoint "$work/run2/checkpoint" --suite goal --tasks 6,7 --rollouts 1 --videos 0 --memorisation swapped_positions --out "$work/memory"
grep -q "goal/turn_on_the_stove" "$work/memory/results.json" || fail "a test is run where it does not apply"
"$libra" suites object --expert 1 --json | grep -q '"successes": 1' || fail "the expert fails"
"$libra" doctor >"$work/out"
grep -q "EGL works" "$work/out" || fail "doctor sees no renderer"

refused "either the folder of a run or --checkpoint" "$libra" inspect
refused "holds no recorded episode" "$libra" inspect "$work/data"
refused "did you mean 'eval'" "$libra" evla --suite object
refused "libra eval --suite" "$libra" --suite object eval
refused "in range 16 to 4096" "$libra" collect --image-size 100000 --out "$work/x"
refused "in range 0" "$libra" collect --noise -3 --out "$work/x"
touch "$work/file"
refused "cannot make this folder" "$libra" collect --demos 1 --out "$work/file"
refused "proprio value 2" "$libra" plan --checkpoint checkpoints/libra_tiny_object --image docs/figures/wrist_view.png --image docs/figures/wrist_view.png \
  --instruction "pick up the milk" --proprio 0,0,nan,0,0,0,0,0
"$libra" eval --checkpoint "$work/run2/checkpoint" --tasks 7 --rollouts 1 --videos 0 --schedule sync --execute 2 --M 1 --out "$work/sync" 2>"$work/err"
grep -q -- "--execute: no effect" "$work/err" || fail "does not say which flags have no effect"
refused "pick_up_the_milk" "$libra" eval --checkpoint "$work/run/checkpoint" --tasks nonsense --out "$work/x"
refused "object" "$libra" eval --checkpoint "$work/run/checkpoint" --suite nonsense --out "$work/x"
refused "1 to 5" "$libra" eval --checkpoint "$work/run/checkpoint" --perturb light:9 --out "$work/x"
refused "config.json" "$libra" eval --checkpoint "$work/nothing" --out "$work/x"
refused "nonsense" "$libra" train --config configs/libra_tiny.toml --set train.nonsense=1 --data "$work/data" --out "$work/x"
echo "not hdf5" >"$work/data/bad_demo.hdf5"
refused "bad_demo.hdf5" "${train[@]}" --data "$work/data" --out "$work/x"
head -c 1000 "$work/run/checkpoint/model.safetensors" >"$work/cut"
cp "$work/cut" "$work/run/checkpoint/model.safetensors"
refused "model.safetensors" "$libra" run --checkpoint "$work/run/checkpoint"
echo "end to end: all well"
