#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The soak, tests/soak: 64 groups in 8 VMs with checked results while the GPU
# fails every few seconds.
#
#   tests/soak/run.sh build                       build it for the guest
#   tests/soak/run.sh [--seconds N] [--flavour plain|debug] [--every MS]
#
# 60 s on the plain kernel by default, as in make test. Results go to
# out/results/soak.tsv, figures to out/guest/soak-FLAVOUR/soak.json.
# Environment: SOAK_KERNEL=base|reserve, the kernel tree (reserve).

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/guest/vmbind-lib.sh
. "$ROOT/scripts/guest/vmbind-lib.sh"

KERNEL=${SOAK_KERNEL:-reserve}
DURATION=60
EVERY=3000
FLAVOUR=plain

usage()
{
	sed -n '/^#   tests/s/^# *//p' "$0" >&2
	exit 2
}

cmd_build()
{
	guest_program soak soak
}

cmd_run()
{
	local name=soak-$FLAVOUR rc=0 out=$OUT/results/soak.tsv

	guest_prepare "$KERNEL" "$FLAVOUR"
	cmd_build >/dev/null
	locked "suite-$name"
	mkdir -p "$OUT/results" "$LOGS"
	say "  soak on $KERNEL, $FLAVOUR, $DURATION s"
	"$ROOT/scripts/guest/guest.sh" run --kernel "$KERNEL" --flavour "$FLAVOUR" \
		--name "$name" --inject --timeout $((DURATION * 8 + 3600)) -- \
		"soak --seconds $DURATION --every $EVERY --json /out/soak.json" \
		>"$LOGS/$name.log" 2>&1 || rc=$?
	sed -n 's/^# \([0-9A-Za-z ]\)/  \1/p' "$LOGS/$name.log" >&2
	vmbind_results "$name" "$rc" | sed "s/\t/\t$FLAVOUR: /" >"$out"
	"$ROOT/scripts/lib/results.sh" soak
}

if [ "${1:-}" = build ]; then
	cmd_build
	exit
fi
while [ $# -gt 0 ]; do
	case $1 in
	--seconds | --every)
		[[ ${2:-} =~ ^[1-9][0-9]*$ ]] || usage
		[ "$1" = --every ] || DURATION=$2
		[ "$1" = --seconds ] || EVERY=$2
		;;
	--flavour)
		[[ ${2:-} =~ ^(plain|debug)$ ]] || usage
		FLAVOUR=$2
		;;
	*) usage ;;
	esac
	shift 2
done
cmd_run
