#!/usr/bin/env bash
# Installs, moves the installation, hides checkout and build folder, and then uses it: the program's self-test, an
# evaluation, and the example programs built against the package, in C++ and in C.
#   install_and_move.sh BUILD_FOLDER
set -euo pipefail
source_dir=$(cd "$(dirname "$0")/../.." && pwd)
build=$(cd "$1" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

cmake --install "$build" --prefix "$work/first" > "$work/log"
mv "$work/first" "$work/moved here"
cp -r "$source_dir/examples/step_a_policy" "$work/example"
cp -r "$source_dir/examples/c_api" "$work/c_api"

cat > "$work/use.sh" <<'USE'
set -euo pipefail
work=$1
prefix="$work/moved here"
cd "$work"
if [ -n "${2:-}" ]; then
  mount -t tmpfs none "$2"
  [ ! -e "$2/CMakeLists.txt" ]
fi
"$prefix/bin/libra" doctor
"$prefix/bin/libra" eval --checkpoint checkpoints/libra_tiny_object --suite object --tasks 3 --rollouts 1 --out "$work/out"
cmake -S "$work/example" -B "$work/example_build" -DCMAKE_PREFIX_PATH="$prefix" > "$work/log"
cmake --build "$work/example_build" >> "$work/log" || { cat "$work/log"; exit 1; }
"$work/example_build/step_a_policy" | tee "$work/said"
grep -q "steps" "$work/said"
cd "$work/c_api"
export PKG_CONFIG_PATH="$prefix/lib/pkgconfig"
eval cc -std=c11 act_once.c "$(pkg-config --cflags --libs libra)" -o act_once \
  "-Wl,-rpath,'$prefix/lib'"
./act_once "$prefix/share/libra/checkpoints/libra_tiny_object" "pick up the milk" | tee "$work/said"
grep -q "step 4: dx" "$work/said"
USE

# A mount that only these commands see; without the right to make one the checkout stays in sight.
if unshare -m true 2>/dev/null; then
  unshare -m bash "$work/use.sh" "$work" "$source_dir"
else
  echo "install_and_move: may not mount, so the checkout is not hidden"
  bash "$work/use.sh" "$work"
fi
echo "install_and_move: works"
