#!/usr/bin/env bash
# Builds dist/gpu-check.tar.xz: everything that check.sh needs on a bare GPU machine (a Java runtime, the program with its
# tests, golden files, a corpus, reference curves of the cpu backend), at most 60 MB. ND4J's natives are left out: nothing
# there needs them. Needs a JDK with jlink, Maven, xz.  usage: harness/src/gpu/build.sh [--no-maven]
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
top=$(cd "$here/../../.." && pwd)
limit=$((60 * 1000 * 1000))
maven=${WINDTUNNEL_MVN:-mvn}
java=${JAVA_HOME:+$JAVA_HOME/bin/}
cd "$top"

if [ "${1:-}" != --no-maven ]; then
    $maven -q -B -Pcuda -DskipTests package
fi
# What the tests need beside the program.
$maven -q -B -Pcuda -DskipTests -pl harness -am package dependency:copy-dependencies -DincludeScope=test \
    -DoutputDirectory=target/test-lib
$maven -q -B dependency:copy -Dartifact=org.junit.platform:junit-platform-console-standalone:1.14.4 \
    -DoutputDirectory="$top/harness/target/console"

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
root=$work/gpu-check
mkdir -p "$root"/{lib,configs,golden,reference}
cp harness/target/windtunnel-harness.jar "$root/lib/"
cp harness/target/lib/*.jar "$root/lib/"
cp harness/target/test-lib/{assertj-core,byte-buddy,jqwik,apiguardian}*.jar "$root/lib/" 2>/dev/null || true
cp harness/target/console/*.jar "$root/lib/"
# JARs inside a solid archive compress better when they are not compressed themselves.
rm -f "$root"/lib/{nd4j-native,openblas,nd4j-native-preset}-*linux*.jar "$root"/lib/javacpp-1.5.7*.jar
for jar in "$root"/lib/*.jar; do
    mkdir "$work/jar" && (cd "$work/jar" && "${java}jar" xf "$jar" && "${java}jar" c0fM "$jar" .) && rm -rf "$work/jar"
done
cp -r harness/target/test-classes "$root/test-classes"
rm -rf "$root"/test-classes/golden
cp harness/src/test/resources/golden/*.json "$root/golden/"
cp -r harness/target/corpus "$root/corpus"
cp harness/src/gpu/*.{sh,py,yaml} "$root/"
"${java}jlink" --add-modules java.se,jdk.unsupported,jdk.incubator.vector,jdk.management,jdk.httpserver,jdk.zipfs,jdk.crypto.ec \
    --strip-debug --no-header-files --no-man-pages --output "$root/jre"

# Curves to compare with, on this machine's processor.
for family in gpt llama resnet; do
    WINDTUNNEL_RUNS=$work/runs "$top/windtunnel" train "harness/src/gpu/curve-$family.yaml" --set runtime.backend=cpu
    cp "$(find "$work/runs" -path "*curve-$family*" -name curve.jsonl)" "$root/reference/$family.jsonl"
done

mkdir -p dist
tar -C "$work" -c gpu-check | xz -9 -T2 > dist/gpu-check.tar.xz
size=$(stat -c %s dist/gpu-check.tar.xz)
printf 'dist/gpu-check.tar.xz: %s bytes\n' "$size"
[ "$size" -le "$limit" ] || { echo "larger than $limit bytes" >&2; exit 1; }
