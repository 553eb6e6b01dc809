#!/bin/sh
# Stands in for the simulator binary in tests: the seed decides how the run ends, so that each ending can be asked for.
#   3: an invariant is violated   5: the harness panics   6: says nothing   7: the digest differs in every process
#   9: exits 0 but reports a violation   anything else: ok. A canary named `caught` is violated from seed 4 on.
seed=0
nodes=3
canary=
verbose=
hours=
clusters=
while [ $# -gt 0 ]; do
    case "$1" in
        --seed) seed=$2; shift 2 ;;
        --nodes) nodes=$2; shift 2 ;;
        --canary) canary=$2; shift 2 ;;
        --hours) hours=$2; shift 2 ;;
        --clusters) clusters=$2; shift 2 ;;
        --verbose) verbose=yes; shift ;;
        --list-canaries)
            printf 'caught\t3\tviolated from seed 4 on\n'
            printf 'missed\t1\tnever violated\n'
            printf 'crashes\t1\tthe harness panics at seed 2\n'
            exit 0 ;;
        *) echo "unknown argument $1" >&2; exit 2 ;;
    esac
done

line() {
    if [ -n "$hours" ]; then
        echo "seed=$seed nodes=$nodes hours=$hours cluster-days=$clusters.5 digest=$1 verdict=$2"
        return
    fi
    echo "seed=$seed nodes=$nodes faults=none acked=10 refused=2 unknown=1 virtual=1.5s digest=$1 verdict=$2"
}

[ -z "$verbose" ] || echo "details of seed $seed" >&2
case "$canary:$seed" in
    caught:[4-9]|caught:??*) line aa 'violation(single_leader)'; exit 3 ;;
    crashes:2) echo 'panicked in a canary' >&2; exit 101 ;;
    ?*:*|:[124]|:8|:1?) line bb ok; exit 0 ;;
    :3) i=1; while [ -z "$verbose" ] && [ $i -le 60 ]; do echo "step $i" >&2; i=$((i + 1)); done
        line cc 'violation(committed_immutable)'; exit 3 ;;
    :5) echo 'panicked at the harness' >&2; exit 101 ;;
    :6) exit 0 ;;
    :7) line "$$" ok; exit 0 ;;
    :9) line dd 'violation(single_leader)'; exit 0 ;;
    *) line bb ok; exit 0 ;;
esac
