#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make campaign HOURS=n: random calls of many processes to Panthor, syncobjs and dma-bufs,
# while the GPU, memory and power fail; boot after boot, a seed each.
#
#   tests/campaign/run.sh build                  build it for the guest, print its path
#   tests/campaign/run.sh [OPTION...]            the campaign: a table, and out/campaign.json
#   tests/campaign/run.sh report [DIR...]        what all boots did together, or those of
#                                                some folders of out/campaign
#   tests/campaign/run.sh quick                  half a minute of it, results to
#                                                out/results/campaign.tsv
#   tests/campaign/run.sh replay FILE [OPTION...]    make the calls of a log once more
#   tests/campaign/run.sh minimise FILE TEXT [OPTION...]   drop calls while the kernel's
#                                                report has TEXT; what is left goes to
#                                                FILE.least
#
# Options:
#   --hours N, --seconds N       how long, in boots that are not begun afterwards (600 s)
#   --boot N                     seconds of a boot (300)
#   --round N                    seconds of a round, after which all is closed (30)
#   --kernel base|reserve|...    which kernel tree (reserve)
#   --flavour plain|debug|kcsan|...    how it was configured (debug); kcsan is the
#                                finder of data races, guest-kcsan of scripts/kernel/kernel.sh
#   --seed N                     of the first boot (1)
#   --mem SIZE                   of each guest; else 448M, 640M and 1G, by the seed
#   --unbind                     the driver is unbound and bound, too
#   --no-faults                  nothing fails but calls
#   --with-findings              calls that are known to end upstream's kernel, too; the
#                                default on any other
#   --icount                     time passes by the guest's instructions: for a machine
#                                that is busy otherwise, on which a processor of the guest
#                                can stand still for seconds
#   --more                       in addition to the boots of the last time
#   --stop                       end with the first report that is not known
#   --tries N                    minimise: so many boots (80)
#
# Each third boot of the debug kernel asks kmemleak after each round.
#
# A boot with a report of the kernel's that tests/campaign/known does not have, with
# something left after a round, or with a process that hangs is kept in
# out/campaign/KERNEL-FLAVOUR/SEED/, with calls.txt for replay and minimise; and the exit code is 1.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"
# shellcheck source=scripts/guest/vmbind-lib.sh
. "$ROOT/scripts/guest/vmbind-lib.sh"

HERE=$ROOT/tests/campaign
RING_SIZE=32M
# The less there is, the more is reclaimed, and the more processes are killed; KASAN's share
# is an eighth
MEMORY=(1G 448M 640M)
MEMORY_OF_DEBUG=(1G 640M 768M)
# A processor that got no time from a busy host is no stall. Who hangs is seen otherwise
PATIENCE=rcupdate.rcu_cpu_stall_timeout=240

usage()
{
	sed -n '/^#   tests/,/^# Each third/s/^# \{0,3\}//p' "$0" | head -n -1 >&2
	exit 2
}

defaults()
{
	DURATION=600 BOOT=300 ROUND=30 KERNEL=reserve FLAVOUR=debug SEED=1 TRIES=80 MEM=
	STOP='' MORE='' FLAGS=() TIME=()
}

parse()
{
	defaults
	while [ $# -gt 0 ]; do
		case $1 in
		--unbind | --no-faults | --with-findings) FLAGS+=("$1") ;;
		--stop) STOP=1 ;;
		--more) MORE=1 ;;
		--icount) TIME=(--icount) ;;
		*)
			[ $# -ge 2 ] || usage
			parse_value "$1" "$2"
			shift
			;;
		esac
		shift
	done
	[ "$KERNEL" = base ] || FLAGS+=(--with-findings)
	CONFIG=$FLAVOUR
	[ "$FLAVOUR" != kcsan ] || CONFIG=guest-kcsan
}

parse_value()
{
	case $1=$2 in
	--hours=[0-9]*) DURATION=$(awk "BEGIN { print int($2 * 3600) }") ;;
	--seconds=[1-9]*) DURATION=$2 ;;
	--boot=[1-9]*) BOOT=$2 ;;
	--round=[1-9]*) ROUND=$2 ;;
	--kernel=*) KERNEL=$2 ;;
	--flavour=*) FLAVOUR=$2 ;;
	--seed=[0-9]*) SEED=$2 ;;
	--mem=[1-9]*[MG]) MEM=$2 ;;
	--tries=[1-9]*) TRIES=$2 ;;
	*) usage ;;
	esac
}

cmd_build()
{
	mkdir -p "$BUILD/host"
	cc -O2 -Wall -Wextra -o "$BUILD/host/campaign-log" "$HERE/tool/log.c" "$HERE/calls.c"
	guest_program campaign campaign
}

prepare()
{
	locked "campaign-$KERNEL-$FLAVOUR"
	guest_prepare "$KERNEL" "$CONFIG"
	cmd_build >/dev/null
	DIR=$OUT/campaign/$KERNEL-$FLAVOUR
	mkdir -p "$DIR" "$LOGS"
}

# memory SEED: what a guest with this seed has
memory()
{
	local sizes=("${MEMORY[@]}")

	[ "$FLAVOUR" = plain ] || sizes=("${MEMORY_OF_DEBUG[@]}")
	printf '%s\n' "${MEM:-${sizes[$1 % ${#sizes[@]}]}}"
}

# boot NAME SECONDS COMMAND [APPEND]: the log of calls goes to out/guest/NAME.calls. The exit code
# is guest.sh's, but that a process killed for want of memory is no report; the shell is not
# to be that
boot()
{
	local name=$1 ring=$OUT/guest/$1.calls rc=0 append=("$EXACT_COUNTS")

	[ "$FLAVOUR" != debug ] || append=("${4:-kmemleak=off}")
	append+=("$PATIENCE")
	mkdir -p "$OUT/guest"
	rm -f "$ring"
	truncate -s $RING_SIZE "$ring"
	"$ROOT/scripts/guest/guest.sh" run --kernel "$KERNEL" --flavour "$CONFIG" --name "$name" \
		--inject "${TIME[@]}" --mem "$GUEST_MEM" --append "${append[*]}" --timeout $(($2 * 8 + 1200)) \
		--qemu-arg -object \
		--qemu-arg "memory-backend-file,id=calls,size=$RING_SIZE,mem-path=$ring,share=on" \
		--qemu-arg -device --qemu-arg ivshmem-plain,memdev=calls \
		-- "echo -1000 >/proc/self/oom_score_adj; $3" >"$LOGS/$name.log" 2>&1 || rc=$?
	[ $rc != 97 ] || rc=$(cat "$OUT/guest/$name/status" 2>/dev/null || echo 98)
	return "$rc"
}

# reports NAME: what the kernel reported, a line each, with the round before it
reports()
{
	local log=$OUT/log/guest-$1.log early

	# The console is quiet until there is user space
	if [ -e "$OUT/guest/$1/booted" ] &&
		! early=$("$ROOT/scripts/guest/kernel-log.sh" -s -m "$OUT/guest/$1/booted" 2>&1); then
		printf '0\t%s\n' "$(sed -n '2s/^ *//p' <<<"$early")"
	fi
	awk -f "$HERE/reports.awk" \
		<("$ROOT/scripts/guest/kernel-log.sh" -s -m -l "$log" 2>/dev/null) "$log"
}

# known REPORT: prints what it is called, and fails if it is not known
known()
{
	local kernels regex name

	while IFS=$'\t' read -r kernels regex name; do
		[[ -n $kernels && $kernels != \#* ]] || continue
		# shellcheck disable=SC2053 # a pattern
		if [[ $KERNEL = $kernels ]] && grep -qE "$regex" <<<"$1"; then
			printf '%s\n' "$name"
			return 0
		fi
	done <"$HERE/known"
	return 1
}

# sort_reports NAME FILE: lines "known|new <tab> what" to FILE; how many are new
sort_reports()
{
	local round report name new=0 hang=

	: >"$2"
	echo 0 >"$2.round"
	reports "$1" >"$2.all"
	while IFS=$'\t' read -r _ report; do
		[[ $(known "$report") != hang:* ]] || hang=1
	done <"$2.all"
	while IFS=$'\t' read -r round report; do
		if name=$(known "$report") || { [ -n "$hang" ] && [[ $report = INFO:\ a\ task* ]]; }; then
			name=${name:-hang: whoever waits for them}
			printf 'known\t%s\n' "$name" >>"$2"
		else
			printf 'new\t%s\n' "$report" >>"$2"
			[ $new != 0 ] || echo "$round" >"$2.round"
			new=$((new + 1))
		fi
	done <"$2.all"
	sed -nE 's/^(left|known): /\1\t/p' "$OUT/guest/$1/stdout" >>"$2"
	echo "$new"
}

# keep NAME SEED: what a boot left, for a replay
keep()
{
	local to=$DIR/$2

	rm -rf "$to"
	mkdir -p "$to"
	cp "$OUT/log/guest-$1.log" "$to/kernel.log"
	cp "$OUT/guest/$1/stdout" "$to/stdout"
	cp "$OUT/guest/$1/"{kmemleak,left}-* "$to/" 2>/dev/null || :
	cp "$DIR/$2.reports" "$to/reports"
	printf '%s\n' "$GUEST_MEM" >"$to/memory"
	"$BUILD/host/campaign-log" "$OUT/guest/$1.calls" |
		one_round "$(cat "$DIR/$2.reports.round")" >"$to/calls.txt"
}

# one_round N: a round begins with nothing, so what is before it does not count. 0 is the
# last one
one_round()
{
	awk -v want="$(printf 'x%08x' "$1")" '
		$4 == "ROUND" {
			if (want != "x00000000" && now == want)
				exit
			n = 0
			now = "x" $7
		}
		{ line[n++] = $0 }
		END { for (i = 0; i < n; i++) print line[i] }'
}

# Every third boot of a kernel that has kmemleak: it takes most of the time there
looks_for_leaks()
{
	[ "$FLAVOUR" = debug ] && [ $(($1 % 3)) = 0 ]
}

# one_boot SEED: 0, or 1 when there is something to keep
one_boot()
{
	local name=campaign-$KERNEL-$FLAVOUR rc=0 new leaks=

	GUEST_MEM=$(memory "$1")
	! looks_for_leaks "$1" || leaks=--leaks
	boot "$name" "$BOOT" "cp /share/bin/campaign /run/ && /run/campaign --seed $1 \
		--seconds $BOOT --round $ROUND $leaks ${FLAGS[*]} --json /out/campaign.json" ${leaks:+kmemleak=on} || rc=$?
	cp "$OUT/guest/$name/campaign.json" "$DIR/$1.json" 2>/dev/null || :
	new=$(sort_reports "$name" "$DIR/$1.reports")
	[ $rc = 0 ] || printf 'end\texit code %s\n' "$rc" >>"$DIR/$1.reports"
	say "  seed $1, $GUEST_MEM: $(grep -h '^# [0-9]* s:' "$OUT/guest/$name/stdout" | tail -n 1 | sed 's/^# //'); exit code $rc, $new new reports"
	sed 's/^/    /' "$DIR/$1.reports" >&2
	# A boot that hung where it is known to can do no more than that
	! grep -q '^known.hang: ' "$DIR/$1.reports" || [ "$new" != 0 ] || return 0
	[ "$rc" != 0 ] || [ "$new" != 0 ] || return 0
	keep "$name" "$1"
	return 1
}

cmd_run()
{
	local rc=0 seed

	parse "$@"
	prepare
	[ -n "$MORE" ] || rm -rf "${DIR:?}"/*
	say "the campaign on $KERNEL, $FLAVOUR, $DURATION s from seed $SEED"
	SECONDS=0
	for ((seed = SEED; SECONDS < DURATION || seed == SEED; seed++)); do
		one_boot $seed || rc=1
		[ $rc = 0 ] || [ -z "$STOP" ] || break
	done
	cmd_report "$DIR"
	return "$rc"
}

# All boots that there are, also of a campaign that still runs
cmd_report()
{
	[ $# -gt 0 ] || set -- "$OUT"/campaign/*/
	[ -d "$1" ] || die "no campaign has run; see tests/campaign/run.sh --help"
	python3 -B "$HERE/report.py" "$@" "$OUT/campaign.json"
}

# For make test: a seed, a round, and that it was what it has to be
cmd_quick()
{
	local name=campaign-quick rc=0 new calls

	parse --flavour plain --seconds 25 --round 25 --seed 7
	GUEST_MEM=1G
	prepare
	result_start campaign
	boot $name 25 "campaign --seed $SEED --rounds 1 --round $ROUND --json /out/campaign.json" || rc=$?
	new=$(sort_reports $name "$DIR/quick.reports")
	if [ "$new" = 0 ]; then
		result campaign pass "the kernel reports no mistake of its own that is not known"
	else
		result campaign fail "the kernel reports no mistake of its own that is not known" \
			"$(grep -m 1 '^new' "$DIR/quick.reports" | cut -f 2 | cut -c 1-200)"
	fi
	if [ $rc = 0 ]; then
		result campaign pass "nothing is left when all is closed, and nobody hangs"
	else
		result campaign fail "nothing is left when all is closed, and nobody hangs" \
			"exit code $rc; $(grep -m 1 '^left' "$DIR/quick.reports" | cut -f 2)"
	fi
	calls=$(python3 -B "$HERE/report.py" --well "$OUT/guest/$name/campaign.json") || calls=0
	if [ "$calls" -ge 500 ]; then
		result campaign pass "calls that are well-formed succeed"
	else
		result campaign fail "calls that are well-formed succeed" "$calls binds, jobs and buffers"
	fi
	"$ROOT/scripts/lib/results.sh" campaign
}

# --- Replays

# replay_once NAME FILE TEXT: the calls of FILE; 0 if the kernel's report has TEXT then
replay_once()
{
	local seconds

	seconds=$(($(wc -l <"$2") / 20 + 60))
	GUEST_MEM=${MEM:-$(cat "$(dirname "$2")/memory" 2>/dev/null || echo 1G)}
	mkdir -p "$OUT/guest"
	cp "$2" "$BUILD/guest/share/$1.txt"
	boot "$1" "$seconds" "campaign --replay /share/$1.txt ${FLAGS[*]} --until '$3' --json /out/campaign.json" || :
	{ reports "$1" | cut -f 2; grep '^left: ' "$OUT/guest/$1/stdout" || :; } >"$DIR/said"
	grep -qF -- "$3" "$DIR/said"
}

cmd_replay()
{
	local file=$1 rc=0

	[ -s "$file" ] || usage
	parse "${@:2}"
	prepare
	replay_once campaign-replay "$file" 'nothing that it says' || :
	sort_reports campaign-replay "$DIR/replay.reports" >/dev/null
	sed 's/^/  /' "$DIR/replay.reports" >&2
	! grep -q -e ^new -e ^left "$DIR/replay.reports" || rc=1
	return "$rc"
}

# smaller FILE AWK-CONDITION: without the lines for which it holds, if the report stays
smaller()
{
	local try=$1.try

	awk "!($2)" "$1" >"$try"
	[ "$(wc -l <"$try")" -lt "$(wc -l <"$1")" ] || return 1
	[ $((tried += 1)) -le "$TRIES" ] || return 1
	if replay_once campaign-minimise "$try" "$text"; then
		mv "$try" "$1"
		say "  try $tried: $(wc -l <"$1") calls"
	else
		return 1
	fi
}

# Pieces of the log are left out, large ones first, then smaller ones
drop_pieces()
{
	local file=$1 lines piece at

	piece=$((($(wc -l <"$file") + 1) / 2))
	while [ "$piece" -ge 1 ] && [ "$tried" -lt "$TRIES" ]; do
		lines=$(wc -l <"$file")
		for ((at = 1 + (lines - 1) / piece * piece; at >= 1; at -= piece)); do
			[ "$tried" -lt "$TRIES" ] || break
			smaller "$file" "NR >= $at && NR < $((at + piece)) && \$4 != \"ROUND\"" || :
		done
		[ "$piece" -gt 1 ] || [ "$(wc -l <"$file")" -lt "$lines" ] || break
		[ "$piece" = 1 ] || piece=$(((piece + 1) / 2))
	done
}

cmd_minimise()
{
	local file=$1 text=${2:-} least=$1.least tried=0 proc procs

	if [ ! -s "$file" ] || [ -z "$text" ]; then
		usage
	fi
	parse "${@:3}"
	prepare
	cp "$file" "$least"
	replay_once campaign-minimise "$least" "$text" ||
		die "the calls of $file do not lead to '$text' again"
	say "  $(wc -l <"$least") calls lead to it"
	# shellcheck disable=SC2016 # awk's
	smaller "$least" '$4 == "CHAOS"' || :
	mapfile -t procs < <(awk '$2 { print $2 }' "$least" | sort -nu)
	for proc in "${procs[@]}"; do
		smaller "$least" "\$2 == $proc || (\$4 == \"START\" || \$4 == \"KILL\") && substr(\$6, 1, 2) == sprintf(\"%02x\", $proc)" || :
	done
	drop_pieces "$least"
	rm -f "$least.try"
	say "  $(wc -l <"$least") calls are left after $tried tries: $least"
}

case ${1:-} in
build) cmd_build ;;
quick) cmd_quick ;;
report) cmd_report "${@:2}" ;;
replay | minimise)
	[ $# -ge 2 ] || usage
	"cmd_$1" "${@:2}"
	;;
'' | --[a-z]*) cmd_run "$@" ;;
*) usage ;;
esac
exit
