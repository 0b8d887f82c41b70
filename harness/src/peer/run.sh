#!/usr/bin/env bash
# Builds and runs the comparison with DJL's PyTorch; see README.md. Arguments are its options (--help lists them).
set -euo pipefail
here=$(cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")" && pwd)
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
(cd "$here/../../.." && mvn -q -B -Ppeer -Dmaven.test.skip=true -pl harness/src/peer -am package)
# PyTorch's libraries are unpacked below target/ and nothing is reported to anyone.
export DJL_CACHE_DIR=$here/target/djl DJL_OFFLINE=true OPT_OUT_TRACKING=true
exec "$java" -Xmx256m -cp "$here/target/windtunnel-peer.jar:$here/target/lib/*" org.windtunnel.peer.Peer "$@"
