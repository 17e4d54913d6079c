#!/usr/bin/env bash
# A checkpoint that is served: an evaluation through the server equals one without it, what is wrong is said, SIGTERM ends it
# as it should. $1: the libra program, $2: env_pipe. LIBRA_OPENPI: a Python that has openpi-client 0.1.2; where there is one,
# two episodes with it must equal libra eval's, action for action.
set -euo pipefail
libra=$1 env_pipe=$2
work=$(mktemp -d)
server=""
trap '[ -z "$server" ] || kill -9 $server 2>/dev/null || true; rm -rf "$work"' EXIT
cd "$(dirname "$0")/../.."
export OMP_NUM_THREADS=1
fail() { echo "FAILED: $*" >&2; exit 1; }
serve() {
  "$libra" serve --checkpoint checkpoints/libra_tiny_object --port 0 "$@" >"$work/url" 2>"$work/log" &
  server=$!
  while [ ! -s "$work/url" ]; do kill -0 $server 2>/dev/null || fail "the server ended: $(cat "$work/log")"; sleep 0.1; done
  url=$(cat "$work/url")
}

eval=("$libra" eval --suite object --tasks 0,1 --rollouts 1 --videos 0 --group 1 --workers 1)
"${eval[@]}" --checkpoint checkpoints/libra_tiny_object --out "$work/near" >/dev/null
serve
"${eval[@]}" --policy "$url" --out "$work/far" >/dev/null
tail -n +2 "$work/near/episodes.jsonl" >"$work/a"
tail -n +2 "$work/far/episodes.jsonl" >"$work/b"
cmp "$work/a" "$work/b" || fail "the served policy acts otherwise"

# Somebody else has the port.
if "$libra" serve --checkpoint checkpoints/libra_tiny_object --port "${url##*:}" 2>"$work/err"; then fail "two servers on a port"; fi
grep -q "choose another --port" "$work/err" || fail "does not say that the port is taken"
if "$libra" serve --checkpoint checkpoints/libra_tiny_object --host 0.0.0.0 --port 0 2>"$work/err"; then fail "served in the open"; fi
grep -q -- "--insecure" "$work/err" || fail "does not say what is missing"

if [ -n "${LIBRA_OPENPI:-}" ]; then
  "$LIBRA_OPENPI" tests/serving/openpi_episodes.py "$env_pipe" "$url" object "$work/near/episodes.jsonl" || fail "openpi-client"
else
  echo "no LIBRA_OPENPI: the real openpi-client was not run"
fi

# A key, and TLS that the client checks.
if command -v openssl >/dev/null; then
  kill -TERM $server
  wait $server || fail "SIGTERM: exit code $?"
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1 \
    -keyout "$work/tls.key" -out "$work/tls.crt" 2>/dev/null
  echo "a key of some length" >"$work/key"
  : >"$work/url"
  serve --key-file "$work/key" --tls-certificate "$work/tls.crt" --tls-key "$work/tls.key"
  eval=("$libra" eval --suite object --tasks 0 --rollouts 1 --videos 0 --group 1 --workers 1 --policy "$url")
  "${eval[@]}" --tls-authority "$work/tls.crt" --key-file "$work/key" --out "$work/tls" >/dev/null
  cmp <(tail -n +2 "$work/tls/episodes.jsonl") <(sed -n 2p "$work/near/episodes.jsonl") || fail "another episode over TLS"
  if "${eval[@]}" --key-file "$work/key" --out "$work/no" 2>"$work/err"; then fail "an unknown certificate was taken"; fi
  if "${eval[@]}" --tls-authority "$work/tls.crt" --out "$work/no" 2>"$work/err"; then fail "no key was needed"; fi
  grep -q "wants a key" "$work/err" || fail "does not say that a key is wanted"
fi

kill -TERM $server
wait $server || fail "SIGTERM: exit code $?"

# What is served goes on when its files change, and the log says so.
cp -r checkpoints/libra_tiny_object "$work/checkpoint"
: >"$work/url"
"$libra" serve --checkpoint "$work/checkpoint" --port 0 --log json >"$work/url" 2>"$work/log" &
server=$!
while [ ! -s "$work/url" ]; do kill -0 $server 2>/dev/null || fail "the server ended: $(cat "$work/log")"; sleep 0.1; done
touch -d 2001-01-01 "$work/checkpoint/model.safetensors"
while ! grep -q '"event":"checkpoint changed on disk"' "$work/log"; do kill -0 $server || fail "the server ended"; sleep 0.1; done
kill -TERM $server
wait $server || fail "SIGTERM: exit code $?"
server=""
grep -q "draining" "$work/log" || fail "did not drain"
