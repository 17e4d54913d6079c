# Sourced by the training recipes: stages that are done once, runs that are resumed. Needs $libra and $out.

# stage NAME COMMAND...: runs the command once.
stage() {
  local name=$1
  shift
  [ -e "$out/$name.done" ] && return
  echo "== $name: $*"
  "$@"
  touch "$out/$name.done"
}

# train NAME STEPS FLAGS...: one run of libra_tiny.
train() {
  local name=$1 steps=$2 resume=()
  shift 2
  [ -e "$out/$name/resume" ] && resume=(--resume)
  stage "$name" "$libra" train --config configs/libra_tiny.toml --out "$out/$name" --set train.steps="$steps" "${resume[@]}" "$@"
}

# expert_data: what the scripted expert does, and still scenes.
expert_data() {
  stage shuffled "$libra" collect --suite object --layout shuffled --demos 80 --out "$out/shuffled"
  stage libero "$libra" collect --suite object --layout libero --demos 20 --out "$out/libero"
  stage scenes_0 "$libra" collect --suite object --demos 0 --scenes 4000 --seed 0 --out "$out/scenes_0"
  stage scenes_1 "$libra" collect --suite object --demos 0 --scenes 4000 --seed 1 --out "$out/scenes_1"
  data=(--data "$out/shuffled" --data "$out/libero")
  scenes=(--scenes "$out/scenes_0/scenes.hdf5" "$out/scenes_1/scenes.hdf5")
}

# corrections NAME CHECKPOINT SEED SHUFFLED LIBERO FLAGS...: what the expert does where that policy goes wrong, so many
# demonstrations of each task in each layout.
corrections() {
  local name=$1 checkpoint=$2 seed=$3 shuffled=$4 libero=$5 layout
  shift 5
  for layout in shuffled libero; do
    [ "${!layout}" -gt 0 ] || continue
    stage "corrections_${name}_$layout" "$libra" collect --suite object --layout "$layout" --demos "${!layout}" --seed "$seed" \
      --policy "$checkpoint" "$@" --out "$out/corrections_$name/$layout"
    data+=(--data "$out/corrections_$name/$layout")
  done
}
