#!/usr/bin/env bash
# What libra writes as LeRobot: collected, converted there and back, after a kill, and read by the official package where
# it is installed. $1: the libra program. LIBRA_LEROBOT_V30, LIBRA_LEROBOT_V21: Pythons that have lerobot 0.4.4, 0.3.3.
. "$(dirname "$0")/common.sh"

# The expert's demonstrations are the same, whatever they are kept in.
collect=("$libra" collect --suite object --tasks pick_up_the_milk_and_place_it_in_the_basket --layout shuffled --demos 3 --image-size 64)
"${collect[@]}" --out "$work/h5"
"${collect[@]}" --format lerobot --pictures image --out "$work/v30"
"$libra" data stats "$work/h5" --json >"$work/a"
"$libra" data stats "$work/v30" --json >"$work/b"
cmp "$work/a" "$work/b" || fail "HDF5 and LeRobot hold other numbers"
"$libra" data replay "$work/v30" --sim --json >"$work/played"
grep -q '"successes": 3' "$work/played" || fail "played back, the demonstrations do not succeed"
if "${collect[@]}" --format lerobot_v21 --pictures image --out "$work/v30" 2>"$work/err"; then fail "two versions in one folder"; fi
grep -q -- "--format" "$work/err" || fail "does not say that the format differs"

# There and back: the same training from the first loss to the last weight.
"$libra" data convert "$work/h5" --to lerobot_v21 --pictures image --out "$work/v21"
"$libra" data convert "$work/v21" --to hdf5 --out "$work/back"
train=("$libra" train --config configs/libra_tiny.toml --set train.grounding.steps=0 --set train.batch=4 --set train.steps=2
  --set train.sampling.held_out=0 --set train.precision=f32)
for set in h5 v30 v21 back; do
  "${train[@]}" --data "$work/$set" --out "$work/run_$set"
  cmp "$work/run_h5/checkpoint/model.safetensors" "$work/run_$set/checkpoint/model.safetensors" || fail "$set trains otherwise"
done

# Killed on the way, it goes on, and the set is the one that was never interrupted.
convert=("$libra" data convert tests/data/two_arms_v30 --workers 1)
"${convert[@]}" --out "$work/whole"
"${convert[@]}" --out "$work/killed" &
while [ ! -e "$work/killed/parts/2" ] && kill -0 $! 2>/dev/null; do :; done
kill -9 $! 2>/dev/null || true
wait $! 2>/dev/null || true
"${convert[@]}" --out "$work/killed"
diff -r -q "$work/whole" "$work/killed" || fail "after a kill the data set is another"
"$libra" data view "$work/whole" --episodes 2 --out "$work/view.html"
grep -q "left_gripper" "$work/view.html" || fail "the page names no dimension"

for version in v30 v21; do
  python=LIBRA_LEROBOT_${version^^}
  [ -n "${!python:-}" ] || { echo "the official package ($version) is not installed: $python is not set"; continue; }
  for pictures in video image; do
    "$libra" data convert tests/data/two_arms_$version --to "$([ $version = v30 ] && echo lerobot || echo lerobot_v21)" \
      --pictures $pictures --out "$work/${version}_$pictures"
    HF_HUB_OFFLINE=1 "${!python}" tests/data/read_lerobot.py "$work/${version}_$pictures" tests/data/two_arms_$version \
      --pixels "$([ $pictures = image ] && echo 0 || echo 2)" || fail "the official package reads $version $pictures otherwise"
  done
done
echo "lerobot: all well"
