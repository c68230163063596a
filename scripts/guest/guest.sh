#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Boots the guest: an arm64 Debian on QEMU's virt machine with a Mali GPU.
#
#   scripts/guest/guest.sh image                     make the root image
#   scripts/guest/guest.sh run [OPTION...] -- CMD    boot, run CMD in bash, power off
#   scripts/guest/guest.sh shell [OPTION...]         boot to a prompt
#
# Options:
#   --kernel base|reserve|break-NAME   which kernel tree (base)
#   --flavour plain|debug|gcov  how it was configured (plain)
#   --image PATH, --modules DIR   another kernel, arch/arm64/boot/Image, and all of its
#                            modules with a file load-order, as kernel.sh makes them
#   --name NAME              names the run's folder and logs (KERNEL-FLAVOUR)
#   --timeout SECONDS        kill the guest after this long (3600). It may use 1200 s
#                            of processor time, and 2 for each above 3600 of these
#   --append ARGS            more words for the kernel command line
#   --machine OPTS           more machine properties, "mali-coherent=off"
#   --no-panthor             do not load the driver
#   --icount                 time passes by instructions, not by the host's clock
#   --no-sleep               the same, and what an idle guest waits for comes at once: its
#                            time is not the host's, but a disk seems slow
#   --shift N                the same, and an instruction takes 2^N ns (3, or 0 with debug)
#   --qmp PATH               QMP socket (out/guest/NAME/qmp.sock)
#   --inject                 QMP inside the guest as well: its virtio port "qmp"
#   --qemu-arg ARG           one more argument for QEMU; repeat at will
#   --smp N, --mem SIZE      processors (2) and memory (2G)
#   --boot-only              no command: power off as soon as it is up
#
# In the guest: /share is build/guest/share (read-only; share/bin is in PATH),
# /out is out/guest/NAME. CMD's output is shown as it comes and stays in
# out/guest/NAME/stdout; the kernel's goes to out/log/guest-NAME.log.
#
# The exit code is CMD's, but
#   97   the kernel reported a mistake of its own (WARN, lockdep, KASAN ...)
#   98   the guest ended without finishing CMD (panic, QEMU crash)
#   124  the time was over, or the processor time
# QEMU, kernel and image must have been built; this says what is missing.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/../lib/lib.sh"
# shellcheck source=scripts/guest/vmbind-lib.sh
. "$ROOT/scripts/guest/vmbind-lib.sh"

GUEST=$BUILD/guest
SHARE=$GUEST/share

EXIT_KERNEL=97
EXIT_DIED=98
EXIT_TIMEOUT=124
# Of a process that has used up its processor time: 128 + SIGXCPU
KILLED_XCPU=152

usage()
{
	sed -n '/^#   scripts/,/^# In the guest/s/^# \{0,3\}//p' "$0" | head -n -1 >&2
	exit 2
}

defaults()
{
	KERNEL=base
	FLAVOUR=plain
	NAME=
	# For a guest that is idle and never ends. Its programs give up long before,
	# in time of their own, and a host that is busy may take as long as it likes.
	TIMEOUT=3600
	APPEND=
	MACHINE=virt,gic-version=3,iommu=smmuv3,mali=on
	SMP=2
	MEM=2G
	QMP=
	BOOT_ONLY=
	PANTHOR=on
	IMAGE=
	MODULES=
	ICOUNT=
	SLEEP=on
	SHIFT=
	QEMU_ARGS=()
	COMMAND=()
}

# Busy time is counted, so that it does not depend on the host's load; what
# remains is how long the host takes to answer the guest's disk and 9p. An
# instruction takes 8 ns, or 1 where KASAN and lockdep execute so many more.
icount_args()
{
	local shift=$SHIFT

	[ -n "$shift" ] || shift=$([ "$FLAVOUR" = debug ] && echo 0 || echo 3)
	MACHINE+=,dtb-randomness=off
	QEMU_ARGS+=(-icount "shift=$shift,sleep=$SLEEP" -rtc "base=2026-01-01,clock=vm")
}

# A second monitor, and a port of the guest that is connected to it: what goes
# wrong in the GPU and what the guest does then are in the hands of one program.
inject_args()
{
	QEMU_ARGS+=(-chardev "socket,id=inject,path=inject.sock,server=on,wait=off"
		    -mon "chardev=inject,mode=control"
		    -chardev "socket,id=inject-port,path=inject.sock"
		    -device virtio-serial-pci
		    -device "virtserialport,chardev=inject-port,name=qmp")
}

parse()
{
	defaults
	while [ $# -gt 0 ]; do
		case $1 in
		--icount) ICOUNT=1 ;;
		--no-sleep) ICOUNT=1 SLEEP=off ;;
		--no-panthor) PANTHOR=off ;;
		--boot-only) BOOT_ONLY=1 ;;
		--inject) inject_args ;;
		--)
			shift
			COMMAND=("$@")
			break
			;;
		--*)
			[ $# -ge 2 ] || usage
			parse_value "$1" "$2"
			shift
			;;
		*) usage ;;
		esac
		shift
	done
	NAME=${NAME:-$KERNEL-$FLAVOUR}
	[ -z "$ICOUNT" ] || icount_args
}

parse_value()
{
	case $1 in
	--kernel) KERNEL=$2 ;;
	--flavour) FLAVOUR=$2 ;;
	--image) IMAGE=$2 ;;
	--modules) MODULES=$2 ;;
	--name) NAME=$2 ;;
	--timeout) TIMEOUT=$2 ;;
	--shift) ICOUNT=1 SHIFT=$2 ;;
	--append) APPEND+=" $2" ;;
	--machine) MACHINE+=,$2 ;;
	--qmp) QMP=$2 ;;
	--qemu-arg) QEMU_ARGS+=("$2") ;;
	--smp) SMP=$2 ;;
	--mem) MEM=$2 ;;
	*) usage ;;
	esac
}

find_kernel()
{
	local line

	if [ -n "$IMAGE" ] || [ -n "$MODULES" ]; then
		[[ -f $IMAGE && -f $MODULES/load-order ]] ||
			die "--image and --modules go together, and must be there: '$IMAGE', '$MODULES'"
		return
	fi
	while read -r line; do
		case $line in
		image=*) IMAGE=${line#image=} ;;
		modules=*) MODULES=${line#modules=} ;;
		esac
	done < <("$ROOT/scripts/kernel/kernel.sh" path "$KERNEL" "$FLAVOUR")
	[ -f "${IMAGE:-}" ] ||
		die "the kernel is not built: scripts/kernel/kernel.sh build $KERNEL $FLAVOUR"
	mkdir -p "$MODULES"
}

# Debug kernels with the series look at what VM_BIND jobs allocate.
bind_check()
{
	[ "$FLAVOUR" = debug ] && [ "$KERNEL" != base ] && [ "$PANTHOR" = on ] || return 0
	# In a shell of its own, which keeps the lock no longer
	(
		locked "bindcheck-$KERNEL"
		mkdir -p "$BUILD/bindcheck/$KERNEL"
		REMEDY="look for what the kernel lacks in tests/bindcheck/bindcheck.c"
		step "build bindcheck $KERNEL" "$ROOT/scripts/kernel/kernel.sh" make "$KERNEL" debug \
			M="$ROOT/tests/bindcheck" MO="$BUILD/bindcheck/$KERNEL" modules
		cp "$BUILD/bindcheck/$KERNEL/bindcheck.ko" "$RUN/"
	) || exit
}

prepare()
{
	local stale

	QEMU=$("$ROOT/scripts/qemu/qemu.sh" path)
	find_kernel
	ROOT_IMAGE=$GUEST/root.img
	[ -f "$GUEST/.root" ] || die "there is no root image: scripts/guest/guest.sh image"
	mkdir -p "$SHARE/bin"
	guest_firmware

	RUN=$OUT/guest/$NAME
	CONSOLE=$OUT/log/guest-$NAME.log
	locked "guest-$NAME"
	stale=$RUN.old$$
	[ ! -e "$RUN" ] || mv "$RUN" "$stale"
	rm -rf "$stale"
	mkdir -p "$RUN" "$OUT/log"
	bind_check
	: >"$RUN/stdout"
	# A relative path, as those of sockets must be short.
	QMP=${QMP:-qmp.sock}
}

# One word is a command line, several are a command and its arguments.
write_command()
{
	if [ -n "$BOOT_ONLY" ]; then
		echo :
	elif [ ${#COMMAND[@]} -eq 1 ]; then
		printf '%s\n' "${COMMAND[0]}"
	else
		printf '%q ' "${COMMAND[@]}"
		echo
	fi >"$RUN/cmd"
}

share_args()
{
	printf '%s\n' -fsdev "local,id=$1,path=$2,security_model=none$3" \
		-device "virtio-9p-pci,fsdev=$1,mount_tag=$1"
}

# Sets CMDLINE, all arguments of QEMU but the serial port's.
qemu_command()
{
	local append shares

	append="console=ttyAMA0 root=/dev/vda rootfstype=ext4 rw quiet panic=-1"
	append+=" oops=panic init=/init firmware_class.path=/share/firmware"
	append+=" guest.panthor=$PANTHOR"
	mapfile -t shares < <(share_args share "$SHARE" ,readonly=on
			      share_args modules "$MODULES" ,readonly=on
			      share_args out "$RUN" "")
	# shellcheck disable=SC2054 # QEMU's commas
	CMDLINE=("$QEMU" -nodefaults -no-user-config -display none -no-reboot
		 -M "$MACHINE" -cpu cortex-a76 -smp "$SMP" -m "$MEM"
		 -kernel "$IMAGE" -append "$append$APPEND"
		 -drive "file=$ROOT_IMAGE,format=raw,if=none,id=root,snapshot=on"
		 -device virtio-blk-pci,drive=root
		 "${shares[@]}"
		 -qmp "unix:$QMP,server=on,wait=off"
		 -d guest_errors -D "$OUT/log/guest-$NAME.qemu.log"
		 "${QEMU_ARGS[@]}")
}

# For a guest that is busy and never ends, however busy the host is. None of the
# tests' guests needs a quarter of that.
cpu_limit()
{
	printf '%s\n' $((1200 + (TIMEOUT > 3600 ? 2 * (TIMEOUT - 3600) : 0)))
}

start_guest()
{
	rm -f "$CONSOLE" "$OUT/log/guest-$NAME.qemu.log"
	cd "$RUN"
	date +%s.%N >"$RUN/start"
	(
		ulimit -c 0 -S -t "$(cpu_limit)"
		exec timeout --kill-after=5 "$TIMEOUT" "${CMDLINE[@]}" -serial "file:$CONSOLE"
	) </dev/null 2>"$RUN/qemu.stderr" &
	PID=$!
	trap 'kill $PID 2>/dev/null || :; wait $PID 2>/dev/null || :' EXIT
	trap 'exit 130' INT TERM
}

# Shows the command's output while it runs.
follow()
{
	tail -q -s 0.2 --pid="$PID" -n +1 -f "$RUN/stdout" 2>/dev/null || :
}

# Seconds from QEMU's start to the guest's first own program.
boot_seconds()
{
	local start booted

	[ -f "$RUN/booted" ] || return 0
	start=$(cat "$RUN/start")
	booted=$(stat -c %.6Y "$RUN/booted")
	awk "BEGIN { printf \"%.2f\\n\", $booted - $start }"
}

# Processor time that QEMU used, which does not depend on what else the host does.
# "times" counts what this shell has waited for, not what a subshell has.
cpu_seconds()
{
	times >"$RUN/times"
	sed -n '2s/[ms]/ /gp' "$RUN/times" | awk '{ printf "%.2f\n", $1 * 60 + $2 + $3 * 60 + $4 }'
	rm "$RUN/times"
}

# What bindcheck was put there for: somebody looked, at each job, and found nothing
bind_checked()
{
	local found=$RUN/vm_bind_check

	[ -e "$RUN/bindcheck.ko" ] || return 0
	if [ ! -e "$found" ]; then
		say "bindcheck did not come up, so nobody knows what VM_BIND jobs allocate; see $CONSOLE"
		return 1
	fi
	if grep -qE '^(allocations|unchecked) [1-9]' "$found"; then
		say "VM_BIND jobs allocate, or some were not looked at: $(tr '\n' ' ' <"$found")"
		return 1
	fi
}

# Turns what is left of the run into one exit code.
verdict()
{
	local rc=$1 logs=("$CONSOLE")

	if [ -s "$RUN/qemu.stderr" ]; then
		sed 's/^/qemu: /' "$RUN/qemu.stderr" >&2
	fi
	# A guest that did not come to its end has written none
	[ ! -e "$RUN/dmesg" ] || logs+=("$RUN/dmesg")
	if ! "$ROOT/scripts/guest/kernel-log.sh" -s "${logs[@]}"; then
		return $EXIT_KERNEL
	fi
	if [ "$rc" = 124 ] || [ "$rc" = 137 ]; then
		say "the guest did not finish within $TIMEOUT s, see $CONSOLE"
		return $EXIT_TIMEOUT
	fi
	if [ "$rc" = $KILLED_XCPU ]; then
		say "the guest did not finish in $(cpu_limit) s of processor time, see $CONSOLE"
		return $EXIT_TIMEOUT
	fi
	if [ "$rc" != 0 ]; then
		say "QEMU ended with exit code $rc, see $RUN/qemu.stderr; the end of $CONSOLE:"
		tail -n 15 "$CONSOLE" | sed 's/^/    /' >&2 || :
		return $EXIT_DIED
	fi
	if [ ! -f "$RUN/status" ]; then
		say "the guest ended without finishing; the end of $CONSOLE:"
		tail -n 15 "$CONSOLE" | sed 's/^/    /' >&2 || :
		return $EXIT_DIED
	fi
	bind_checked || return $EXIT_KERNEL
	return "$(cat "$RUN/status")"
}

cmd_run()
{
	local rc=0

	parse "$@"
	[ ${#COMMAND[@]} -gt 0 ] || [ -n "$BOOT_ONLY" ] || usage
	prepare
	write_command
	qemu_command
	start_guest
	follow
	wait $PID || rc=$?
	trap - EXIT INT TERM
	boot_seconds >"$RUN/boot-seconds"
	cpu_seconds >"$RUN/cpu-seconds"
	verdict "$rc"
}

cmd_shell()
{
	parse "$@"
	NAME=shell
	prepare
	: >"$RUN/interactive"
	qemu_command
	say "Ctrl-A x ends QEMU, 'exit' powers the guest off."
	cd "$RUN"
	"${CMDLINE[@]}" -serial mon:stdio
}

case "${1:-}" in
image)
	exec "$ROOT/scripts/guest/image.sh"
	;;
run | shell)
	cmd=$1
	shift
	"cmd_$cmd" "$@"
	;;
*)
	usage
	;;
esac
