#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Fuzzes the GPU model with libFuzzer, AddressSanitizer and UBSan: the whole of it
# (tests/fuzz), and its shader cores alone (tests/shader).
#
#   tests/fuzz/run.sh [--seconds N | --runs N] [--jobs N] [--target model|shader]
#                                        fuzz, and again until it was enough; without
#                                        --target both, 60 s by default, of which shader
#                                        cores have a quarter
#   tests/fuzz/run.sh --self-test        plant bugs in a copy, see them found, and fuzzers
#                                        that are blind noticed; may have --target as well
#   tests/fuzz/run.sh --total            what was executed so far, by model
#
# Inputs of earlier findings, regress/ beside each target, come first. What was learned
# stays in the user's cache folder and is where the next run begins. Results go
# to out/results/fuzz.tsv, executions are added up in out/fuzz.tsv. A finding
# leaves its input in out/fuzz/ and the command that repeats it on the screen.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../../scripts/lib/lib.sh"

FINDINGS=$OUT/fuzz
TOTAL=$OUT/fuzz.tsv
# A minute at a low priority beside a kernel that is being built is not much, and
# may be next to nothing: then it takes some more of them.
MIN_EXECUTIONS=10000
MIN_COVERAGE=95
# Edges that libFuzzer must see reached; each target has 1,600 and more. The seeds alone reach
# enough of the lines, so that one which is blind for a part of the sources passes the other
# gates.
MIN_SEEN=1000
MAX_ROUNDS=20
# Files of shader cores about images, which its target does not know yet
IMAGES='/(filter|format|image|layout|tex|texel|texture)[.][ch]'

usage()
{
	sed -n '/^#   tests/s/^# *//p' "$0" >&2
	exit 2
}

# use model|shader: the target that all below is about
use()
{
	TARGET=$1
	case $TARGET in
	model)
		ROOM=$ROOT/tests/fuzz
		O=$BUILD/host/fuzz
		FUZZER=$O/fuzz_model
		CORPUS=$CACHE/fuzz/corpus-1
		MAX_LEN=256
		MAKE=(make -C "$ROOM" O="$O" MODEL="$MODEL")
		BUILDS=()
		;;
	shader)
		ROOM=$ROOT/tests/shader
		O=$BUILD/host/shader/fuzz
		FUZZER=$O/fuzz_shader
		CORPUS=$CACHE/fuzz/corpus-shader-1
		MAX_LEN=700
		MAKE=(make -C "$ROOM" FUZZ="$O" MODEL="$MODEL/shader")
		BUILDS=(fuzzer)
		;;
	*) usage ;;
	esac
	SEEDS=$O/seeds
}

build_fuzzer()
{
	need_packages clang libclang-rt-dev make gcc python3
	# Executions are counted for these sources, whatever becomes of them
	BUILT=$(model_hash)
	# Only the build: runs may go on side by side, for hours
	(
		locked fuzz
		step "build the fuzzer of $TARGET" "${MAKE[@]}" "${BUILDS[@]}"
	) || exit 1
	[ "$BUILT" = "$(model_hash)" ] || die "the model changed while it was built; run again"
	write_seeds
}

# Where a fuzzer that knows nothing yet begins
write_seeds()
{
	rm -rf "$SEEDS"
	case $TARGET in
	model) python3 "$ROOM/seeds.py" "$SEEDS" ;;
	shader) "$O/seeds_shader" "$SEEDS" ;;
	esac
}

# The model without the device around it, relative to model/
model_files()
{
	(cd "$ROOT/model" && find . -path ./qemu -prune -o -name '*.[ch]' -print) | sort
}

model_hash()
{
	model_files | (cd "$ROOT/model" && xargs cat) | sha256sum | cut -c1-12
}

# finding LOG: say where the input is and how to see it again
finding()
{
	local input

	input=$(sed -n 's/.*Test unit written to //p' "$1" | tail -n 1)
	if [ -z "$input" ]; then
		say "it was ended from outside, see $1"
		return
	fi
	grep -m 3 -E 'contradicts itself|two ways|runtime error|ERROR: ' "$1" >&2 || :
	say "the input is $input; again: $FUZZER $input"
	say "smaller: $FUZZER -minimize_crash=1 -runs=100000 $input"
}

# Every input of an earlier finding, one by one
regressions()
{
	local input name

	for input in "$ROOM"/regress/*; do
		[ -f "$input" ] || continue
		name=$(basename "$input")
		if "$FUZZER" "$input" >"$O/regress.log" 2>&1; then
			result fuzz pass "earlier finding $name"
		else
			result fuzz fail "earlier finding $name" "again: $FUZZER $input"
		fi
	done
}

# fuzz LOG ARG...: one run; 0 when nothing was found
fuzz()
{
	local log=$1

	shift
	mkdir -p "$CORPUS" "$FINDINGS"
	nice "$FUZZER" -max_len=$MAX_LEN -artifact_prefix="$FINDINGS/" \
		-print_final_stats=1 -timeout=60 -rss_limit_mb=4096 \
		"$@" "$CORPUS" "$SEEDS" >"$log" 2>&1
}

executions()
{
	sed -n 's/^stat::number_of_executed_units: *//p' "$1" |
		awk '{ n += $1 } END { print n + 0 }'
}

# seen LOG: edges that inputs reached, as libFuzzer sees them
seen()
{
	sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$1" | awk '{ n = $1 } END { print n + 0 }'
}

# Lines that the corpus reaches, in percent: those of shader cores count for the target
# that is theirs alone, since 95 % of them are not reached from the other.
coverage()
{
	"${MAKE[@]}" replay >"$LOGS/fuzz-coverage.log" 2>&1 || return
	(
		cd "$O/replay" || exit
		rm -f ./*.gcda
		find "$CORPUS" "$SEEDS" -type f -print0 | xargs -0 ./replay
		gcov -n ./*.gcda
	) 2>>"$LOGS/fuzz-coverage.log" | awk -v dir="$ROOT/model/" -v target="$TARGET" \
		-v images="$IMAGES" '
		/^File / {
			shader = index($0, dir "shader/")
			ours = index($0, dir) && (target == "shader" ? shader && $0 !~ images : !shader)
		}
		/^Lines executed:/ && ours {
			split($0, part, /[:% ]+/)
			lines += part[5]
			reached += part[3] * part[5] / 100
			ours = 0
		}
		END { printf "%d\n", lines ? 100 * reached / lines : 0 }'
}

# add_total EXECUTIONS: to the record of the model that was built, which need not
# be that of the sources as they are when a long run ends
add_total()
{
	touch "$TOTAL"
	awk -v hash="$BUILT" -v n="$1" -v OFS='\t' '
		$1 == hash { $2 += n; seen = 1 }
		{ print $1, $2 }
		END { if (!seen) print hash, n }' "$TOTAL" >"$TOTAL.new"
	mv "$TOTAL.new" "$TOTAL"
}

# judge CONDITION NAME DETAIL
judge()
{
	if [ "$1" ]; then
		result fuzz pass "$TARGET: $2" "$3"
	else
		result fuzz fail "$TARGET: $2" "$3"
	fi
}

# fuzz_target LIMIT...: what libFuzzer is told of its end
fuzz_target()
{
	local log=$LOGS/fuzz-$TARGET.log start rc=0 n=0 cov=0 seconds round

	build_fuzzer
	regressions
	start=$SECONDS
	for ((round = 0; round < MAX_ROUNDS; round++)); do
		say "  fuzzing the $TARGET, $*"
		fuzz "$log" "$@" || rc=$?
		n=$((n + $(executions "$log")))
		cov=$(coverage)
		if [ $rc != 0 ] || { [ "$n" -ge $MIN_EXECUTIONS ] && [ "$cov" -ge $MIN_COVERAGE ]; }; then
			break
		fi
	done
	seconds=$((SECONDS - start + 1))
	add_total "$n"
	[ $rc = 0 ] || finding "$log"
	judge "$([ $rc != 0 ] || echo yes)" "no crash, hang or sanitizer report" \
		"$n executions, see $log"
	judge "$([ "$n" -lt $MIN_EXECUTIONS ] || echo yes)" "enough executions" "$n in $seconds s"
	judge "$([ "$cov" -lt $MIN_COVERAGE ] || echo yes)" "enough of it reached" \
		"$cov % of its lines, $MIN_COVERAGE wanted"
	judge "$([ "$(seen "$log")" -lt $MIN_SEEN ] || echo yes)" "the fuzzer sees what is reached" \
		"$(seen "$log") edges, $MIN_SEEN wanted"
}

# limit_of model|shader: how long that target runs
limit_of()
{
	if [ "${#TARGETS[@]}" = 1 ] || [ "$LIMIT" = -runs ]; then
		printf '%s=%s\n' "$LIMIT" "$AMOUNT"
	elif [ "$1" = shader ]; then
		printf '%s=%s\n' "$LIMIT" $((AMOUNT / 4 + 1))
	else
		printf '%s=%s\n' "$LIMIT" $((AMOUNT - AMOUNT / 4))
	fi
}

run_fuzz()
{
	local target

	result_start fuzz
	for target in "${TARGETS[@]}"; do
		use "$target"
		fuzz_target "$(limit_of "$target")"
	done
	"$ROOT/scripts/lib/results.sh" fuzz
}

# Several processes with one corpus; for long runs by hand
run_jobs()
{
	local pids=() logs=() i rc=0 n=0

	[ "${#TARGETS[@]}" = 1 ] || die "--jobs is for one target: add --target model or shader"
	use "${TARGETS[0]}"
	build_fuzzer
	for ((i = 0; i < JOBS_WANTED; i++)); do
		logs+=("$LOGS/fuzz-$TARGET-$i.log")
		fuzz "${logs[i]}" "$(limit_of "$TARGET")" -reload=1 &
		pids+=($!)
	done
	for ((i = 0; i < JOBS_WANTED; i++)); do
		wait "${pids[i]}" || { rc=1; finding "${logs[i]}"; }
		n=$((n + $(executions "${logs[i]}")))
	done
	add_total "$n"
	say "$n executions"
	return $rc
}

# plant FILE FROM TO: replace text in the copy, which must be there
plant()
{
	grep -qF -- "$2" "$COPY/$1" || die "$1 has no '$2' any more: bring tests/fuzz/run.sh up to date"
	python3 - "$COPY/$1" "$2" "$3" <<-'PY'
		import sys
		path, old, new = sys.argv[1:]
		text = open(path).read()
		open(path, "w").write(text.replace(old, new, 1))
	PY
}

# use_copy model|shader: of the model's sources, to be spoiled
use_copy()
{
	local room=$BUILD/host/fuzz-self-test

	COPY=$room/model
	rm -rf "$room"
	mkdir -p "$COPY"
	model_files | (cd "$ROOT/model" && xargs cp --parents -t "$COPY")
	MODEL=$COPY
	BUILD=$room use "$1"
	CORPUS=$room/corpus
	FINDINGS=$room/findings
}

# self_test TARGET NAME FILE FROM TO
self_test()
{
	local target=$1 name=$2

	[[ " ${TARGETS[*]} " == *" $target "* ]] || return 0
	use_copy "$target"
	shift 2
	plant "$@"
	step "build with a bug" "${MAKE[@]}" "${BUILDS[@]}"
	write_seeds
	if fuzz "$LOGS/fuzz-self-test.log" -max_total_time=120; then
		result fuzz-self-test fail "$name is found" "not in 120 s"
	else
		result fuzz-self-test pass "$name is found" \
			"after $(executions "$LOGS/fuzz-self-test.log") executions"
	fi
}

# blind TARGET NAME [FILE FROM TO]: a target that is spoiled in a copy, or one without
# instrumentation, must not pass for a fuzzer
blind()
{
	local target=$1 name=$2 log=$LOGS/fuzz-self-test.log

	[[ " ${TARGETS[*]} " == *" $target "* ]] || return 0
	use_copy "$target"
	if [ $# -gt 2 ]; then
		COPY=$BUILD/host/fuzz-self-test/room
		cp -r "$ROOM" "$COPY"
		plant "${@:3}"
		MAKE+=(SRC="$COPY")
	else
		MAKE+=(COVER=)
	fi
	step "build a blind fuzzer" "${MAKE[@]}" "${BUILDS[@]}"
	write_seeds
	# libFuzzer itself gives up where nothing at all is reached
	fuzz "$log" -runs=2000 || :
	if ! grep -q INITED "$log"; then
		result fuzz-self-test fail "$target: $name is noticed" "it did not begin, see $log"
	elif [ "$(seen "$log")" -lt $MIN_SEEN ]; then
		result fuzz-self-test pass "$target: $name is noticed" "$(seen "$log") edges"
	else
		result fuzz-self-test fail "$target: $name is noticed" "$(seen "$log") edges"
	fi
}

run_self_test()
{
	need_packages clang libclang-rt-dev make python3
	locked fuzz-self-test
	result_start fuzz-self-test
	self_test model "a call stack without a limit" csf/cs.c \
		'if (c->depth == MALI_CALL_DEPTH)' 'if (c->depth == MALI_CALL_DEPTH + 1)'
	self_test model "an INSERT that is not checked" csf/stream.c \
		'cs->insert - cs->ctx.extract <= cs->ring_size' 'true'
	self_test model "a suspend buffer that is trusted" csf/suspend.c \
		'c->depth > MALI_CALL_DEPTH || c->handler_depth' 'c->handler_depth'
	self_test model "an interrupt line that does not fall" base/irq.c \
		'i->rawstat &= ~val;' 'i->rawstat &= ~val; return;'
	self_test shader "a pair that begins with the last register" shader/decode.c \
		'type_is_64(in->op->type) && in->dst & 1' 'false'
	self_test shader "an access across the end of a page" shader/mem.c \
		'PAGE_OF(*low) == PAGE_OF(*high)' 'PAGE_OF(*low) == PAGE_OF(*high - 3)'
	self_test shader "threads without a limit" shader/compute.c \
		'threads > SHADER_MAX_THREADS' 'false'
	self_test shader "a fault without a reason" shader/mem.c \
		'f->why = "data cannot be accessed";' ''
	blind model "a fuzzer that executes nothing" fuzz_model.c \
		'if (++count % 256)' $'if (size < 1u << 20)\n\t\treturn 0;\n\tif (++count % 256)'
	blind model "a fuzzer that does not see what is reached"
	blind shader "a fuzzer that executes nothing" fuzz_shader.c \
		'machine_init(&m);' $'if (size < 1u << 20)\n\t\treturn 0;\n\tmachine_init(&m);'
	blind shader "a fuzzer that does not see what is reached"
	"$ROOT/scripts/lib/results.sh" fuzz-self-test
}

MODEL=$ROOT/model
LIMIT=-max_total_time
AMOUNT=60
TARGETS=(model shader)
JOBS_WANTED=
MODE=run
while [ $# -gt 0 ]; do
	case $1 in
	--seconds | --runs | --jobs)
		[[ ${2:-} =~ ^[1-9][0-9]*$ ]] || usage
		case $1 in
		--runs) LIMIT=-runs ;;
		esac
		case $1 in
		--jobs) JOBS_WANTED=$2 ;;
		*) AMOUNT=$2 ;;
		esac
		shift
		;;
	--target)
		[[ ${2:-} =~ ^(model|shader)$ ]] || usage
		TARGETS=("$2")
		shift
		;;
	--self-test) MODE=self-test ;;
	--total) MODE=total ;;
	*) usage ;;
	esac
	shift
done
mkdir -p "$OUT" "$LOGS"
case $MODE in
self-test) run_self_test ;;
total) cat "$TOTAL" 2>/dev/null || say "nothing was executed yet" ;;
run)
	if [ -n "$JOBS_WANTED" ]; then
		run_jobs
	else
		run_fuzz
	fi
	;;
esac
