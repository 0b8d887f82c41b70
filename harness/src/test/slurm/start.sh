#!/usr/bin/env bash
# A Slurm of one node on this machine, for tests: munged, slurmctld and slurmd with all that they keep in one directory,
# listening on the loopback address. Needs the packages slurm-wlm and munge, and root; no systemd.
#   start.sh DIR [CONTROLLER_PORT NODE_PORT]    starts it; the SLURM_CONF to use is DIR/slurm.conf
#   start.sh --stop DIR                         ends it, with its jobs
set -euo pipefail

if [ "$1" = --stop ]; then
    export SLURM_CONF=$2/slurm.conf
    scancel --quiet --user "$(id -un)" || true
    for daemon in slurmd slurmctld munged; do
        if [ -f "$2/$daemon.pid" ]; then
            kill "$(cat "$2/$daemon.pid")" || true
        fi
        # Each removes its file last.
        for _ in $(seq 100); do
            [ -f "$2/$daemon.pid" ] || break
            sleep 0.1
        done
    done
    exit 0
fi

dir=$(realpath "$1")
for program in munged slurmctld slurmd sbatch; do
    command -v "$program" >/dev/null || { echo "expected $program on the PATH (packages slurm-wlm and munge)" >&2; exit 2; }
done
mkdir -p "$dir/state" "$dir/spool"
# munged asks for directories that others cannot write.
chmod 755 "$dir"
(umask 077 && head -c 1024 /dev/urandom >"$dir/munge.key")
munged --force --key-file="$dir/munge.key" --socket="$dir/munge.sock" --pid-file="$dir/munged.pid" \
    --log-file="$dir/munged.log" --seed-file="$dir/munged.seed"

host=$(hostname -s)
# config_overrides: the node has the processors and memory that are written here, whatever the machine has.
cat >"$dir/slurm.conf" <<END
ClusterName=test
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=${2:-16817}
SlurmdPort=${3:-16818}
AuthType=auth/munge
AuthInfo=socket=$dir/munge.sock
SlurmUser=$(id -un)
SlurmdUser=$(id -un)
StateSaveLocation=$dir/state
SlurmdSpoolDir=$dir/spool
SlurmctldPidFile=$dir/slurmctld.pid
SlurmdPidFile=$dir/slurmd.pid
SlurmctldLogFile=$dir/slurmctld.log
SlurmdLogFile=$dir/slurmd.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_interval=1
ReturnToService=2
KillWait=20
NodeName=node1 NodeHostname=$host NodeAddr=127.0.0.1 CPUs=4 RealMemory=8000 State=UNKNOWN
PartitionName=main Nodes=node1 Default=YES MaxTime=INFINITE State=UP
END
export SLURM_CONF=$dir/slurm.conf
slurmctld
slurmd -N node1
for _ in $(seq 100); do
    [ "$(sinfo -h -o %t 2>/dev/null)" = idle ] && exit 0
    sleep 0.1
done
echo "expected the node to be idle, found $(sinfo -h -o '%t %E'); see $dir/*.log" >&2
exit 1
