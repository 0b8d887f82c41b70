#!/usr/bin/env bash
# The checks and measurements that need a GPU, in one command, from an unpacked gpu-check.tar.xz. Needs an NVIDIA driver
# 580 or newer and the libraries of CUDA 13 (a toolkit, or PyTorch's wheels); python3 with PyTorch for the side by side.
#   ./check.sh [OUTPUT_FOLDER]     writes results.md and logs there; exits 1 if a check failed, 2 without a GPU
#   PARTS="golden kernels ..."     which parts, in this order (default: all, the most telling first)
#   MINUTES=9                      what has not begun by then is left out, what runs then is stopped (default: no limit)
# Run again into the same folder, it adds to the results: a short lease takes the parts in turns.
set -uo pipefail
here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
out=$(mkdir -p "${1:-$here/out}" && cd "${1:-$here/out}" && pwd)
parts=${PARTS:-golden kernels curves resume pack refusal startup profile speed sweep images doctor}
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

# Seconds that are left, 0 for none; a large number without a limit.
left() {
    local seconds=$((${MINUTES:-100000} * 60 - SECONDS))
    echo $((seconds > 0 ? seconds : 0))
}

# A command that is stopped where the time ends, and in any case after ten minutes.
limited() {
    local seconds
    seconds=$(left)
    [ "$seconds" -gt 0 ] || { echo "no time left"; return 124; }
    timeout -k 10 $((seconds < 600 ? seconds : 600)) "$@"
}

# Options of Java for the next runs.
options=()
windtunnel() {
    limited "${java[@]}" "${options[@]}" -cp "$here/lib/*" org.windtunnel.cli.Main "$@"
}

row() {
    printf '| %s | %s | %s |\n' "$1" "$2" "$3" >> "$results"
    printf '%-48s %s %s\n' "$1" "$2" "$3"
}

# check NAME COMMAND...: a row with the outcome and the last line of its log.
check() {
    local name=$1 log start code
    log=$out/$(printf '%s' "$1" | tr -c 'a-zA-Z0-9\n' '-').log
    shift
    [ "$(left)" -gt 0 ] || { row "$name" "left out" "no time left"; return; }
    start=$SECONDS
    "$@" > "$log" 2>&1
    code=$?
    if [ $code -eq 0 ]; then
        row "$name" "passed ($((SECONDS - start)) s)" "$(tail -n 1 "$log" | cut -c1-150)"
    elif [ "$(left)" -eq 0 ]; then
        row "$name" "stopped" "no time left"
    else
        row "$name" "**FAILED** ($code, $((SECONDS - start)) s)" "$(tail -n 1 "$log" | cut -c1-150)"
        failed=1
    fi
}

header() {
    printf '\n## %s\n\n%s\n\n| %s |\n|%s\n' "$1" "$2" "$3" "$(printf '%s' "$3" | sed 's/[^|]//g; s/|/---|/g')---|" >> "$results"
}

tests() {
    limited "${java[@]}" -cp "$here/test-classes:$here/lib/*" org.junit.platform.console.ConsoleLauncher execute \
        --disable-banner --details=tree --include-tag gpu -c org.windtunnel.backend.CudaOnGpuTest \
        -c org.windtunnel.train.QueuedStepsOnGpuTest
}

train() {
    windtunnel train "$here/curve-$1.yaml" --set name="$2" --set runtime.backend=cuda "${@:3}"
}

curve() {
    find "$out/runs" -path "*$1*" -name curve.jsonl | head -n 1
}

against() {
    "$python" "$here/curves.py" "$@"
}

# curves FAMILY TOLERANCE_FP32 TOLERANCE_TF32 TOLERANCE_BF16: 200 steps against those of the cpu backend
curves() {
    local family=$1 reference=$here/reference/$1.jsonl
    check "$family, 200 steps, fp32" train "$family" "curve-$family"
    check "$family, curve against cpu" against "$reference" "$(curve "curve-$family")" "$2"
    check "$family, bf16" train "$family" "bf16-$family" --set runtime.precision=bf16
    check "$family, bf16 curve against cpu" against "$reference" "$(curve "bf16-$family")" "$4"
    check "$family again" train "$family" "again-$family"
    check "$family, the same bits twice" against "$(curve "curve-$family")" "$(curve "again-$family")" 0
    check "$family, without CUDA graphs" train "$family" "launches-$family" --set runtime.cuda_graphs=false
    check "$family, the same bits without graphs" against "$(curve "curve-$family")" "$(curve "launches-$family")" 0
    check "$family, tf32" train "$family" "tf32-$family" --set runtime.precision=tf32
    check "$family, tf32 curve against cpu" against "$reference" "$(curve "tf32-$family")" "$3"
}

# A shape of GPT as options: WIDTH DEPTH HEADS CONTEXT BATCH VOCABULARY PRECISION
gpt() {
    options_of_gpt=(--set model.width="$1" --set model.depth="$2" --set model.head_dim=$(($1 / $3)) --set model.context="$4"
        --set train.batch="$5" --set train.log_every=10 --set train.eval_sequences="$5" --set runtime.backend=cuda
        --set runtime.precision="$7")
    if [ "$6" -gt 256 ]; then
        options_of_gpt+=(--set "data={type: shards, format: nanogpt, vocab: $6, train: [$out/data/tokens.bin], validation: [$out/data/validation.bin]}")
    fi
}

# A ResNet as options: BLOCKS WIDTH BATCH PRECISION
resnet() {
    options_of_resnet=(--set "model={family: resnet, blocks: [$1], width: $2}" --set train.batch="$3"
        --set "data={type: cifar10, dir: $out/data, train: [train.bin], test: [test.bin], augment: {crop: 4, flip: true}}"
        --set optimizer='{type: adamw, lr: 0.001}' --set train.log_every=10 --set train.eval_sequences="$3"
        --set runtime.backend=cuda --set runtime.precision="$4")
}

# speed NAME FAMILY OPTION...: tokens or images per second of a run of 60 steps
speed() {
    local name=$1 family=$2
    windtunnel train "$here/curve-$family.yaml" --set name="$name" --set train.steps=60 "${@:3}" > "$out/$name.log" 2>&1 \
        && against --speed "$(curve "$name/")" 2>&1 | tail -n 1
}

# peer NAME SCRIPT ARGUMENT...: what PyTorch prints last
peer() {
    limited "$python" "$here/$2" "${@:3}" 2> "$out/$1.log" | tail -n 1
}

# cells NAME FAMILY OPTION...: with CUDA graphs, without, and with the older kernels of rounded products
cells() {
    local name=$1 family=$2 precision=$3 older=$4 ours launches plain
    shift 4
    ours=$(speed "$name" "$family" "$@")
    launches=$(speed "$name-launches" "$family" "$@" --set runtime.cuda_graphs=false)
    plain=as-ours
    if [ "$precision" != fp32 ]; then
        options=("$older")
        plain=$(speed "$name-older" "$family" "$@")
        options=()
    fi
    printf '%s | %s | %s' "${ours:--}" "${launches:--}" "${plain:--}"
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
        against "${single[one]}" "${together[one]}" 2e-3 || return 1
    done
}

# sixteen NAME PACK PRECISION: tokens per second of 16 runs of width 128 together, each by the median of its curve
sixteen() {
    local curves
    gpt 128 4 4 256 64 256 "$3"
    mapfile -t curves < <(sweep "$1" "$2" "${options_of_gpt[@]}" --set train.steps=300 --set train.log_every=20 \
        --set 'sweep.grids=[{optimizer.lr: {geometric: [0.0003, 0.005, 16]}}]')
    [ ${#curves[@]} -eq 16 ] && against --speed "${curves[@]}"
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
    train gpt resumed "${steps[@]}" && against "$(curve whole)" "$(curve resumed)" 0
}

# A run that cannot fit ends before it begins: exit code 4, and no curve.
refusal() {
    gpt 2048 24 32 1024 128 256 fp32
    windtunnel train "$here/curve-gpt.yaml" --set name=too-large "${options_of_gpt[@]}"
    local code=$?
    [ $code -eq 4 ] || { echo "expected exit code 4, found $code"; return 1; }
    [ -z "$(curve too-large)" ] || { echo "expected no curve"; return 1; }
    echo "refused with exit code 4"
}

# From nothing to the end of a first step, with kernels cached by the checks before; the goal is 5 s.
startup() {
    local start end
    start=$(date +%s%N)
    windtunnel train "$here/curve-gpt.yaml" --set name=first-step --set train.steps=1 --set train.eval_sequences=1 \
        --set runtime.backend=cuda || return 1
    end=$(date +%s%N)
    echo "$(((end - start) / 1000000)) ms for one step and its evaluation, the process included"
}

profile() {
    gpt 768 12 12 1024 16 50257 bf16
    windtunnel bench kernels "$here/curve-gpt.yaml" "${options_of_gpt[@]}"
}

bench() {
    gpt 768 12 12 1024 16 50257 "$1"
    windtunnel bench "$here/curve-gpt.yaml" "${options_of_gpt[@]}" --optimizers adamw
}

# listed NAME COMMAND...: its output in the results
listed() {
    local name=$1
    shift
    if [ "$(left)" -gt 0 ] && "$@" > "$out/$name.log" 2>&1; then
        { echo; echo '```'; grep -v incubator "$out/$name.log"; echo '```'; } >> "$results"
    else
        { echo; echo "$name: failed or out of time, see $name.log"; } >> "$results"
    fi
    grep -v incubator "$out/$name.log" | head -n 45
}

part_golden() { check "golden files, fp32" windtunnel verify "$here/golden" --backend cuda; }
part_kernels() { check "kernels: tests with tag gpu" tests; }
part_curves() {
    curves gpt 2e-3 2e-2 5e-2
    curves llama 2e-3 2e-2 5e-2
    curves resnet 2e-2 1e-1 2e-1
}
part_resume() { check "interrupted and resumed, the same bits" resume; }
part_pack() { check "four runs at once, curves against one by one" packed; }
part_refusal() { check "too large a run is refused" refusal; }
part_startup() { check "start to first step" startup; }
part_doctor() { listed doctor windtunnel doctor --backend cuda; }

part_profile() {
    printf '\n## Kernels of a step of GPT 124M, bf16, 16 x 1024 tokens\n' >> "$results"
    listed bench-bf16 bench bf16
    listed profile profile
}

part_speed() {
    header Speed "Tokens per second, median of the lines after the first; ours logs every tenth step." \
        'width, depth, heads, context, batch, vocabulary | precision | ours | without CUDA graphs | attention in fp32 | PyTorch eager | torch.compile'
    for precision in bf16 fp32 tf32; do
        for shape in "128 4 4 256 64 256" "768 12 12 1024 16 50257" "256 6 8 256 64 256" "512 8 8 512 32 256"; do
            [ "$(left)" -gt 0 ] || return
            # shellcheck disable=SC2086
            set -- $shape
            name=speed-$1-$precision
            gpt "$@" $precision
            ours=$(cells "$name" gpt $precision -Dwindtunnel.cuda.attention_fp32=true "${options_of_gpt[@]}")
            eager=$(peer "$name-eager" torch_peer.py "$@" $precision eager)
            compiled=$(peer "$name-compile" torch_peer.py "$@" $precision compile)
            printf '| %s | %s | %s | %s | %s |\n' "$shape" "$precision" "$ours" "${eager:--}" "${compiled:--}" | tee -a "$results"
        done
    done
}

part_images() {
    header Images "CIFAR-sized random images per second; ours crop and flip on the host, PyTorch repeats 8 batches on the card." \
        'blocks, width, batch | precision | ours | without CUDA graphs | convolutions by im2col | PyTorch eager | torch.compile'
    for precision in bf16 fp32 tf32; do
        for shape in "3,3,3 16 512" "2,2,2,2 64 512"; do
            [ "$(left)" -gt 0 ] || return
            # shellcheck disable=SC2086
            set -- $shape
            name=speed-resnet-$2-$precision
            resnet "$@" $precision
            ours=$(cells "$name" resnet $precision -Dwindtunnel.cuda.im2col=true "${options_of_resnet[@]}")
            eager=$(peer "$name-eager" torch_resnet_peer.py "$@" $precision eager)
            compiled=$(peer "$name-compile" torch_resnet_peer.py "$@" $precision compile)
            printf '| %s | %s | %s | %s | %s |\n' "$shape" "$precision" "$ours" "${eager:--}" "${compiled:--}" | tee -a "$results"
        done
    done
}

part_sweep() {
    header "A sweep of 16 learning rates at 128 4 4 256 64" "One after the other: the mean of the runs, of which one is at work at a time. At once: their sum. Neither counts start-up and evaluations." \
        'precision | tokens/s one after the other | at once | times as fast'
    for precision in bf16 fp32 tf32; do
        [ "$(left)" -gt 0 ] || return
        single=$(sixteen "sixteen-single-$precision" 1 $precision)
        together=$(sixteen "sixteen-packed-$precision" 16 $precision)
        awk -v p=$precision -v s="${single:-0}" -v t="${together:-0}" 'BEGIN {
            if (s > 0 && t > 0) printf "| %s | %.0f | %.0f | %.2f |\n", p, s / 16, t, t * 16 / s
            else printf "| %s | - | - | - |\n", p
        }' | tee -a "$results"
    done
}

{
    echo "# Results on a GPU: $parts"
    echo
    date -u +'%Y-%m-%d %H:%M UTC'
    nvidia-smi --query-gpu=name,memory.total,driver_version --format=csv,noheader 2>/dev/null || echo "no nvidia-smi"
    echo
    echo '| check | outcome | last line |'
    echo '|---|---|---|'
} >> "$results"

if ! windtunnel verify "$here/golden/adamw.json" --backend cuda > "$out/first.log" 2>&1 && grep -q 'runtime.backend: cuda' "$out/first.log"; then
    row "a GPU" "**none**" "$(grep -o 'runtime.backend: cuda.*' "$out/first.log" | cut -c1-250)"
    echo "No GPU found; see $out/first.log" >&2
    exit 2
fi
case " $parts " in
    *" profile "* | *" speed "* | *" images "*) [ -d "$out/data" ] || "$python" "$here/make_data.py" "$out/data" ;;
esac
for part in $parts; do
    "part_$part"
done
echo "results: $results ($SECONDS s)"
exit $failed
