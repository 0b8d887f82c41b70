#!/usr/bin/env bash
# The checks and measurements that need a GPU, in one command, from an unpacked gpu-check.tar.xz. Needs an NVIDIA driver
# 580 or newer and the libraries of CUDA 13 (a toolkit, or PyTorch's wheels); python3 with PyTorch for the side by side.
#   ./check.sh [OUTPUT_FOLDER]     writes results.md and logs there; exits 1 if a check failed, 2 without a GPU
#   QUICK=1                        the checks alone, no timings
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
out=$(mkdir -p "${1:-$here/out}" && cd "${1:-$here/out}" && pwd)
python=$(command -v python3 || true)
results=$out/results.md
failed=0

# CUDA 13's libraries: where the loader looks, the toolkit's folder, PyTorch's wheels.
folders=$(ls -d /usr/local/cuda*/lib64 /usr/local/cuda*/targets/x86_64-linux/lib /usr/local/nvidia/lib64 2>/dev/null)
if [ -n "$python" ]; then
    folders="$folders $("$python" - <<'PY'
import glob, site, sys
for base in site.getsitepackages() + [p for p in sys.path if p.endswith("packages")]:
    print(*sorted(set(glob.glob(base + "/nvidia/cu13/lib") + glob.glob(base + "/nvidia/*/lib"))))
PY
)"
fi
for folder in $folders; do
    LD_LIBRARY_PATH=${LD_LIBRARY_PATH:+$LD_LIBRARY_PATH:}$folder
done
export LD_LIBRARY_PATH

java=("$here/jre/bin/java" -Xmx8g -XX:+UseSerialGC --add-modules jdk.incubator.vector
    -Dorg.bytedeco.javacpp.maxBytes=0 -Dorg.bytedeco.javacpp.maxPhysicalBytes=0 -XX:MaxDirectMemorySize=64g
    -Dorg.bytedeco.javacpp.cachedir="$out/javacpp" -Dwindtunnel.cache="$out/cache"
    -Dwindtunnel.home="$here" -Dwindtunnel.runs="$out/runs")

# Options of Java for the next runs.
options=()
windtunnel() {
    "${java[@]}" "${options[@]}" -cp "$here/lib/*" org.windtunnel.cli.Main "$@"
}

row() {
    printf '| %s | %s | %s |\n' "$1" "$2" "$3" >> "$results"
    printf '%-48s %s %s\n' "$1" "$2" "$3"
}

# check NAME COMMAND...: a row with the outcome and the last line of its log.
check() {
    local name=$1 log start
    log=$out/$(printf '%s' "$1" | tr -c 'a-zA-Z0-9\n' '-').log
    shift
    start=$SECONDS
    if "$@" > "$log" 2>&1; then
        row "$name" "passed ($((SECONDS - start)) s)" "$(tail -n 1 "$log" | cut -c1-150)"
    else
        row "$name" "**FAILED**" "$(tail -n 1 "$log" | cut -c1-150)"
        failed=1
    fi
}

tests() {
    "${java[@]}" -cp "$here/test-classes:$here/lib/*" org.junit.platform.console.ConsoleLauncher execute \
        --disable-banner --details=tree --include-tag gpu -c org.windtunnel.backend.CudaOnGpuTest \
        -c org.windtunnel.train.QueuedStepsOnGpuTest
}

train() {
    windtunnel train "$here/curve-$1.yaml" --set name="$2" --set runtime.backend=cuda "${@:3}"
}

curve() {
    find "$out/runs" -path "*$1*" -name curve.jsonl | head -n 1
}

# speed NAME GRAPHS WIDTH DEPTH HEADS CONTEXT BATCH PRECISION: tokens per second of a run.
speed() {
    windtunnel train "$here/curve-gpt.yaml" --set name="$1" --set runtime.cuda_graphs="$2" --set model.width="$3" \
        --set model.depth="$4" --set model.head_dim=$(($3 / $5)) --set model.context="$6" --set train.batch="$7" \
        --set train.steps=60 --set train.log_every=10 --set runtime.backend=cuda --set runtime.precision="$8" \
        > "$out/$1.log" 2>&1
    "$python" "$here/curves.py" --speed "$(curve "$1/")" 2>&1 | tail -n 1
}

# image_speed NAME GRAPHS DEPTH WIDTH BATCH PRECISION: images per second of a ResNet
image_speed() {
    windtunnel train "$here/curve-resnet.yaml" --set name="$1" --set runtime.cuda_graphs="$2" --set model.depth="$3" \
        --set model.width="$4" --set train.batch="$5" --set optimizer='{type: adamw, lr: 0.001}' --set data.augment='{}' \
        --set train.steps=60 --set train.log_every=10 --set runtime.backend=cuda --set runtime.precision="$6" \
        > "$out/$1.log" 2>&1
    "$python" "$here/curves.py" --speed "$(curve "$1/")" 2>&1 | tail -n 1
}

# sweep NAME PACK OPTION...: a sweep of curve-gpt.yaml; prints where the curves are
sweep() {
    windtunnel sweep "$here/curve-gpt.yaml" --set name="$1" --set runtime.backend=cuda --set sweep={} --set sweep.pack="$2" \
        "${@:3}" > "$out/$1.log" 2>&1
    find "$out/runs/$1" -name curve.jsonl | sort
}

# Four runs at once against the same one after the other. In a batch cuBLAS may add up another way.
packed() {
    local grid='sweep.grids=[{optimizer.lr: [0.001, 0.003], seed: [1, 2]}]' one log=$out/runs/packed/worker-0.log
    mapfile -t together < <(sweep packed 16 --set "$grid")
    mapfile -t single < <(sweep one-by-one 1 --set "$grid")
    [ ${#together[@]} -eq 4 ] && [ ${#single[@]} -eq 4 ] || { echo "expected 4 and 4 runs, found ${#together[@]} and ${#single[@]}"; return 1; }
    grep -q 'are made for all at once' "$log" || { echo "the runs were not stacked; see $log"; return 1; }
    ! grep 'unstacked' "$log" || return 1
    for one in 0 1 2 3; do
        "$python" "$here/curves.py" "${single[one]}" "${together[one]}" 2e-3 || return 1
    done
}

# sixteen NAME PACK PRECISION: tokens per second of 16 runs of width 128 together, each by the median of its curve
sixteen() {
    local curves
    mapfile -t curves < <(sweep "$1" "$2" --set runtime.precision="$3" --set model.width=128 --set model.depth=4 \
        --set model.head_dim=32 --set model.context=256 --set train.batch=64 --set train.steps=300 --set train.log_every=20 \
        --set 'sweep.grids=[{optimizer.lr: {geometric: [0.0003, 0.005, 16]}}]')
    [ ${#curves[@]} -eq 16 ] && "$python" "$here/curves.py" --speed "${curves[@]}"
}

# Long enough to be caught under way.
resume() {
    local steps=(--set train.steps=3000) code step=0 run
    train gpt whole "${steps[@]}" || return 1
    "${java[@]}" -cp "$here/lib/*" org.windtunnel.cli.Main train "$here/curve-gpt.yaml" --set name=resumed \
        --set runtime.backend=cuda "${steps[@]}" &
    run=$!
    while kill -0 $run 2>/dev/null; do
        step=$(tail -n 1 "$(curve resumed)" 2>/dev/null | sed -n 's/.*"step":\([0-9]*\).*/\1/p')
        [ "${step:-0}" -ge 1000 ] && kill -TERM $run && break
        sleep 0.1
    done
    wait $run
    code=$?
    [ $code -eq 75 ] || { echo "expected an interrupted run (75), it ended with $code"; return 1; }
    train gpt resumed "${steps[@]}" && "$python" "$here/curves.py" "$(curve whole)" "$(curve resumed)" 0
}

{
    echo "# Results on a GPU"
    echo
    date -u +'%Y-%m-%d %H:%M UTC'
    nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader 2>/dev/null || echo "no nvidia-smi"
    echo
    echo '| check | outcome | last line |'
    echo '|---|---|---|'
} > "$results"

if ! windtunnel verify "$here/golden/adamw.json" --backend cuda > "$out/first.log" 2>&1 && grep -q 'runtime.backend: cuda' "$out/first.log"; then
    row "a GPU" "**none**" "$(grep -o 'runtime.backend: cuda.*' "$out/first.log" | cut -c1-250)"
    echo "No GPU found; see $out/first.log" >&2
    exit 2
fi
check "golden files, fp32" windtunnel verify "$here/golden" --backend cuda
check "kernels: tests with tag gpu" tests
for family in gpt llama resnet; do
    tolerances=(2e-3 2e-2 5e-2)
    [ $family = resnet ] && tolerances=(2e-2 1e-1 2e-1)
    check "$family, 200 steps, fp32" train $family curve-$family
    check "$family, curve against cpu" "$python" "$here/curves.py" "$here/reference/$family.jsonl" "$(curve curve-$family)" "${tolerances[0]}"
    check "$family again" train $family again-$family
    check "$family, the same bits twice" "$python" "$here/curves.py" "$(curve curve-$family)" "$(curve again-$family)" 0
    check "$family, without CUDA graphs" train $family launches-$family --set runtime.cuda_graphs=false
    check "$family, the same bits without graphs" "$python" "$here/curves.py" "$(curve curve-$family)" "$(curve launches-$family)" 0
    check "$family, tf32" train $family tf32-$family --set runtime.precision=tf32
    check "$family, tf32 curve against cpu" "$python" "$here/curves.py" "$here/reference/$family.jsonl" "$(curve tf32-$family)" "${tolerances[1]}"
    check "$family, bf16" train $family bf16-$family --set runtime.precision=bf16
    check "$family, bf16 curve against cpu" "$python" "$here/curves.py" "$here/reference/$family.jsonl" "$(curve bf16-$family)" "${tolerances[2]}"
done
check "interrupted and resumed, the same bits" resume
check "four runs at once, curves against one by one" packed

if [ -z "${QUICK:-}" ]; then
    {
        echo
        echo '## Speed'
        echo
        echo 'Tokens per second, median of the lines after the first; ours logs every tenth step.'
        echo
        echo '| width, depth, heads, context, batch | precision | ours | without CUDA graphs | attention in fp32 | PyTorch eager | torch.compile |'
        echo '|---|---|---|---|---|---|---|'
    } >> "$results"
    for shape in "128 4 4 256 64" "256 6 8 256 64" "512 8 8 512 32" "768 12 12 1024 16"; do
        for precision in fp32 tf32 bf16; do
            # shellcheck disable=SC2086
            set -- $shape
            name=speed-$1-$precision
            ours=$(speed "$name" true "$@" $precision)
            launches=$(speed "$name-launches" false "$@" $precision)
            plain=as-ours
            if [ $precision != fp32 ]; then
                options=(-Dwindtunnel.cuda.attention_fp32=true)
                plain=$(speed "$name-attention" true "$@" $precision)
                options=()
            fi
            eager=$("$python" "$here/torch_peer.py" "$@" $precision eager 2> "$out/$name-eager.log" | tail -n 1)
            compiled=$("$python" "$here/torch_peer.py" "$@" $precision compile 2> "$out/$name-compile.log" | tail -n 1)
            printf '| %s | %s | %s | %s | %s | %s | %s |\n' "$shape" "$precision" "${ours:-failed}" "${launches:-failed}" "${plain:-failed}" "${eager:-failed}" "${compiled:-failed}" | tee -a "$results"
        done
    done
    {
        echo
        echo 'Images of 32 x 32 per second; ours are drawn on the host meanwhile, PyTorch repeats 8 batches on the card.'
        echo
        echo '| depth, width, batch | precision | ours | without CUDA graphs | PyTorch eager | torch.compile |'
        echo '|---|---|---|---|---|---|'
    } >> "$results"
    for shape in "20 16 512" "20 64 512"; do
        for precision in fp32 tf32 bf16; do
            # shellcheck disable=SC2086
            set -- $shape
            name=speed-resnet-$2-$precision
            ours=$(image_speed "$name" true "$@" $precision)
            launches=$(image_speed "$name-launches" false "$@" $precision)
            eager=$("$python" "$here/torch_resnet_peer.py" "$@" $precision eager 2> "$out/$name-eager.log" | tail -n 1)
            compiled=$("$python" "$here/torch_resnet_peer.py" "$@" $precision compile 2> "$out/$name-compile.log" | tail -n 1)
            printf '| %s | %s | %s | %s | %s | %s |\n' "$shape" "$precision" "${ours:-failed}" "${launches:-failed}" "${eager:-failed}" "${compiled:-failed}" | tee -a "$results"
        done
    done
    {
        echo
        echo 'A sweep of 16 learning rates at 128 4 4 256 64. One after the other: the mean of the runs, of which one is at work'
        echo 'at a time. At once: their sum. Neither counts start-up and evaluations.'
        echo
        echo '| precision | tokens/s one after the other | at once | times as fast |'
        echo '|---|---|---|---|'
    } >> "$results"
    for precision in fp32 tf32 bf16; do
        single=$(sixteen "sixteen-single-$precision" 1 $precision)
        together=$(sixteen "sixteen-packed-$precision" 16 $precision)
        awk -v p=$precision -v s="${single:-0}" -v t="${together:-0}" 'BEGIN {
            if (s > 0 && t > 0) printf "| %s | %.0f | %.0f | %.2f |\n", p, s / 16, t, t * 16 / s
            else printf "| %s | failed | failed | failed |\n", p
        }' | tee -a "$results"
    done
fi
echo "results: $results"
exit $failed
