# Sourced by the tests of the program: $libra, a folder $work that goes away, the repository's root, and how to fail.
set -euo pipefail
libra=$1
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export OMP_NUM_THREADS=1
fail() { echo "FAILED: $*" >&2; exit 1; }
must_have() { for f in "$@"; do [ -s "$f" ] || fail "no $f"; done; }

# refused WORDS COMMAND...: exit code 2 and one line on stderr with these words.
refused() {
  local words=$1 code=0
  shift
  "$@" >"$work/out" 2>"$work/err" || code=$?
  [ $code = 2 ] || { cat "$work/err"; fail "exit $code instead of 2: $*"; }
  grep -q -- "$words" "$work/err" || { cat "$work/err"; fail "does not say '$words': $*"; }
  [ "$(wc -l <"$work/err")" -le 2 ] || { cat "$work/err"; fail "says too much: $*"; }
}
