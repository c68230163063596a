# shellcheck shell=bash disable=SC2034
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What every script here shares: places, progress, failures, packages, stamps.
# Sourced as the first thing by each script, never run. It only defines names,
# turns on errexit, so that sourcing it costs nothing and changes nothing, and
# answers --help with the comment at the top of the script.
#
# Progress goes to stderr; stdout belongs to the script's result (a path, a
# report), so that callers can capture it.

set -euo pipefail
# bash 5.2 takes an "&" in what replaces a pattern for what was found
shopt -u patsub_replacement 2>/dev/null || :
export LC_ALL=C
# A user's has no mke2fs, debugfs or modinfo
[[ :$PATH: = *:/usr/sbin:* ]] || PATH=$PATH:/usr/sbin:/sbin

if [ "${1:-}" = --help ] || [ "${1:-}" = -h ]; then
	sed -n '2,/^[^#]/{ /^# \(SPDX\|shellcheck \)\|^[^#]/d; s/^# \{0,1\}//p }' "$0" | sed '/./,$!d'
	exit 0
fi

ROOT=${ROOT:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)}
BUILD=${BUILD:-$ROOT/build}
OUT=${OUT:-$ROOT/out}
CACHE=${CACHE:-${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/panthor-reserve}
LOGS=$BUILD/log
JOBS=${JOBS:-$(nproc)}
export ROOT BUILD OUT CACHE JOBS
# What this shell has locked, see locked()
LOCKS_HELD=
# Set where this is run by a hook, they name the user's repository, and no other
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY GIT_PREFIX

# What a user can do about a failure of the next step; printed with it.
export REMEDY=${REMEDY:-}

die()
{
	printf 'error: %s\n' "$*" >&2
	exit 1
}

say()
{
	printf '%s\n' "$*" >&2
}

cache_dir()
{
	mkdir -p "$CACHE" || die "cannot create the cache folder $CACHE; set XDG_CACHE_HOME to a folder you can write"
	printf '%s\n' "$CACHE"
}

# need_space DIR MEGABYTES WHAT: fail before a big step, not in the middle of it.
need_space()
{
	local free

	mkdir -p "$1" || die "cannot create $1; check its owner and the free space"
	free=$(df -Pm "$1" | awk 'NR == 2 { print $4 }')
	[ "$free" -ge "$2" ] ||
		die "$3 needs $2 MB free in $1 but only $free MB are; free some space or run 'make clean'"
}

# --- steps ---------------------------------------------------------------

# Show that a long step is alive: its last log line on a terminal, a dot every
# half minute elsewhere.
_ticker()
{
	local name=$1 log=$2 start=$SECONDS fd

	# A read that times out, not sleep: a child would outlive the step, and
	# hold the caller's locks for that long.
	exec {fd}<> <(:)
	while kill -0 $$ 2>/dev/null && ! read -r -t 2 -u "$fd" _; do
		if [ -t 2 ]; then
			printf '\r\033[K  %s ... %ds  %.50s' "$name" $((SECONDS - start)) \
				"$(tail -c 400 "$log" | tr '\r' '\n' | tail -n 1)" >&2
		elif [ $(((SECONDS - start) % 30)) -lt 2 ]; then
			printf '.' >&2
		fi
	done
}

_step_failed()
{
	local name=$1 log=$2 rc=$3

	{
		printf 'error: step "%s" failed (exit code %d); the end of its log:\n' "$name" "$rc"
		tail -n 20 "$log" | sed 's/^/    /'
		printf 'The whole log is %s\n' "$log"
		[ -z "$REMEDY" ] || printf 'What to do: %s\n' "$REMEDY"
		if tail -n 50 "$log" | grep -q 'No space left on device'; then
			printf 'What to do: the disk is full; free some space and run again\n'
		fi
	} >&2
	exit 1
}

# Run a command or a shell function that stops at its first failing command,
# whatever the context. Bash ignores errexit in all that runs below an "if" or
# "||", subshells and their own "set -e" included; only another bash is free of
# that, so a function gets one, with all that is defined here.
_run_strict()
{
	if [ "$(type -t "$1")" != function ]; then
		"$@"
		return
	fi
	# Bash's own readonly variables cannot be set again, hence 2>/dev/null.
	# shellcheck disable=SC2016 # for the other bash
	bash -c '. "$1" 2>/dev/null; shift; set -euo pipefail; "$@"' "$0" <(
		declare -p
		declare -f
	) "$@"
}

# step NAME CMD...: run CMD (a command or a shell function) quietly. NAME may
# have spaces; its log is build/log/NAME.log with them turned into dashes.
step()
{
	local name=$1 start=$SECONDS log rc=0 ticker

	shift
	mkdir -p "$LOGS" || die "cannot create $LOGS; check its owner and the free space"
	log=$LOGS/${name//[^A-Za-z0-9._-]/-}.log
	: >"$log" || die "cannot write $log; check its owner and the free space"
	printf '  %s ... ' "$name" >&2
	_ticker "$name" "$log" </dev/null >/dev/null &
	ticker=$!
	_run_strict "$@" >"$log" 2>&1 || rc=$?
	kill "$ticker" 2>/dev/null || :
	wait "$ticker" 2>/dev/null || :
	[ ! -t 2 ] || printf '\r\033[K  %s ... ' "$name" >&2
	if [ $rc -ne 0 ]; then
		printf 'failed\n' >&2
		_step_failed "$name" "$log" $rc
	fi
	printf '%ds\n' $((SECONDS - start)) >&2
	REMEDY=
}

# --- stamps --------------------------------------------------------------

# A step is up to date iff its stamp holds the hash of its inputs. The stamp is
# written last and by rename, so a step that was cut short runs again.
stamp_ok()
{
	[ -f "$1" ] && [ "$(cat "$1")" = "$2" ]
}

stamp_set()
{
	mkdir -p "$(dirname "$1")"
	printf '%s\n' "$2" >"$1.tmp$$"
	mv -f "$1.tmp$$" "$1"
}

# hash_of FILE|DIR|TEXT...: one hash over names and contents; an argument that
# is no file counts as text. Paths below $ROOT count by their relative name.
hash_of()
{
	local a

	for a; do
		if [ -d "$a" ]; then
			find "$a" -type f -print0 | sort -z | xargs -0r sha256sum
		elif [ -f "$a" ]; then
			sha256sum "$a"
		else
			printf 'text %s\n' "$a"
		fi
	done | sed "s|  $ROOT/|  |" | sha256sum | cut -c1-40
}

# locked NAME: hold a lock for the rest of this (sub)shell, so that two targets
# run at once do not build the same thing twice, or write the same results.
locked()
{
	local fd

	# Who has it does not wait for itself
	[[ " $LOCKS_HELD " != *" $1 "* ]] || return 0
	LOCKS_HELD+=" $1"
	mkdir -p "$BUILD"
	exec {fd}>"$BUILD/.$1.lock"
	if ! flock -n "$fd"; then
		say "  waiting for another '$1' to finish"
		flock "$fd"
	fi
}

# side_by_side N FUNCTION ARG...: FUNCTION for each ARG, N at a time; fails if one of
# them did. More than one are for guests of one processor whose time is their own, and
# which share no file. Not where a failure is looked at ("||"), since then none is
# noticed.
side_by_side()
{
	local n=$1 function=$2 arg pid pids=() rc=0

	shift 2
	for arg; do
		while [ "$(jobs -rp | wc -l)" -ge "$n" ]; do
			wait -n || :
		done
		"$function" "$arg" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || rc=1
	done
	return $rc
}

# --- results -------------------------------------------------------------

# result SUITE pass|fail|skip NAME [DETAIL]: one line of out/results/SUITE.tsv.
# A suite starts with result_start, so that no line of an earlier run remains, and no
# other one of it runs.
result_start()
{
	locked "suite-$1"
	mkdir -p "$OUT/results"
	: >"$OUT/results/$1.tsv"
}

result()
{
	printf '%s\t%s\t%s\n' "$2" "$3" "${4:-}" | tr '\r' ' ' >>"$OUT/results/$1.tsv"
}

# --- packages of this machine --------------------------------------------

_as_root()
{
	if [ "$(id -u)" = 0 ]; then
		env DEBIAN_FRONTEND=noninteractive "$@"
	else
		sudo env DEBIAN_FRONTEND=noninteractive "$@"
	fi
}

_apt_install()
{
	local args=(-y --no-install-recommends -o DPkg::Lock::Timeout=600)

	_as_root apt-get "${args[@]}" install "$@" && return
	# Fresh machines have no package lists, old ones have stale lists.
	_as_root apt-get -o DPkg::Lock::Timeout=600 update
	_as_root apt-get "${args[@]}" install "$@"
}

_missing_packages()
{
	local p

	for p; do
		dpkg-query -W -f '${db:Status-Status}\n' "$p" 2>/dev/null | grep -qx installed ||
			printf '%s ' "$p"
	done
}

# need_packages PKG...: install what is missing; the only thing that needs root.
need_packages()
{
	local missing

	command -v apt-get >/dev/null ||
		die "apt-get is not here; this project sets itself up on Debian 12 and 13"
	missing=$(_missing_packages "$@")
	[ -n "$missing" ] || return 0
	if [ "$(id -u)" != 0 ] && ! command -v sudo >/dev/null; then
		die "packages are missing and there is no sudo; run as root: apt-get install $missing"
	fi
	[ "$(id -u)" = 0 ] || sudo -v || die "sudo was refused; run as root: apt-get install $missing"
	(
		# One at a time: apt does not wait for another that reads its lists
		locked packages
		missing=$(_missing_packages "$@")
		[ -n "$missing" ] || exit 0
		REMEDY="check the network and apt's sources, or run as root: apt-get install $missing"
		# shellcheck disable=SC2086 # a list of names
		step "install packages" _apt_install $missing
	) || exit
	missing=$(_missing_packages "$@")
	[ -z "$missing" ] || die "apt-get installed nothing for: $missing; see $LOGS/install-packages.log"
}

# --- packages of other suites --------------------------------------------
#
# The mirror that this machine's apt uses carries the other Debian suites too.
# They are read with an apt configuration of our own below $CACHE/apt, so the
# system's sources and lists stay as they are.

# Print the URI of the Debian mirror that the machine's own sources name.
# "update --print-uris" is apt's own parser at work: it knows both forms of
# sources files, and needs no downloaded lists.
mirror_uri()
{
	local suite uri

	# shellcheck source=/dev/null
	suite=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
	uri=$(apt-get -o Dir::State::Lists="$(_apt_scratch)" update --print-uris 2>/dev/null |
		sed -En "s#^'(.*)/dists/($suite|stable|testing|unstable|sid)/InRelease'.*#\1#p" |
		head -n 1) || :
	[ -n "$uri" ] ||
		die "apt's sources name no Debian mirror for '$suite'; add one (see man sources.list) and run again"
	printf '%s\n' "$uri"
}

# An empty lists folder: print-uris locks the folder it is given, and a user
# cannot lock the system's.
_apt_scratch()
{
	mkdir -p "$CACHE/apt/empty/partial"
	printf '%s\n' "$CACHE/apt/empty"
}

# suite_source_lines SUITE [deb|deb-src]: the sources.list line of a suite.
# For other tools that take such lines (mmdebstrap).
suite_source_lines()
{
	local key uri opt='arch=amd64,arm64'

	uri=$(mirror_uri) || return 1

	for key in /usr/share/keyrings/debian-archive-keyring.{pgp,gpg}; do
		if [ -f "$key" ]; then
			opt+=" signed-by=$key"
			break
		fi
	done
	# The rolling suites may stand still on a mirror for longer than their
	# index is valid; its signature is checked all the same.
	case $1 in
	forky* | sid | testing | unstable) opt+=' check-valid-until=no' ;;
	esac
	printf '%s [%s] %s %s main\n' "${2:-deb}" "$opt" "$uri" "$1"
}

_mmdebstrap_mode()
{
	if [ "$(id -u)" = 0 ]; then
		echo root
	else
		echo unshare
	fi
}

# suite_root SUITE ARCH TARGET "PACKAGE..." OPTION...: have mmdebstrap make a root with these
# and all that they depend on. OPTIONs are its own, a variant and a format among them.
suite_root()
{
	suite_source_lines "$1" | mmdebstrap --mode="$(_mmdebstrap_mode)" \
		--architectures="$2" --include="$4" \
		--aptopt='Apt::Install-Recommends "false"' \
		--aptopt='Acquire::Languages "none"' \
		"${@:5}" "$1" "$3" -
}

# suite_unpack SUITE ARCH TAR "PACKAGE..." [OPTION...]: an archive of a root of them,
# unpacked and not configured. OPTIONs are mmdebstrap's.
suite_unpack()
{
	suite_root "$1" "$2" "$3.tmp$$" "$4" --variant=extract --format=tar "${@:5}"
	mv "$3.tmp$$" "$3"
}

# _whole TAR: its checksum was written after it, and still holds. It is only summed up
# when it is not what it was at the last time
_whole()
{
	local seen=$BUILD/stamp/${1##*/} now

	[ -f "$1" ] && [ -s "$1.sum" ] || return 1
	now=$(stat -c '%s %Y %i' "$1" "$1.sum")
	! stamp_ok "$seen" "$now" || return 0
	[ "$(sha256sum <"$1")" = "$(cat "$1.sum")" ] || return 1
	stamp_set "$seen" "$now"
}

_suite_tar()
{
	rm -f "$3" "$3.sum" "$3".tmp*
	suite_unpack "$@"
	sha256sum <"$3" >"$3.sum.tmp"
	mv "$3.sum.tmp" "$3.sum"
}

# suite_tar SUITE ARCH TAR "PACKAGE..." [OPTION...]: the same in the user's cache, where
# it is made if it is not there, or not whole
suite_tar()
{
	mkdir -p "$(dirname "$3")" || die "cannot create $(dirname "$3"); check its owner and the free space"
	# The cache is the user's, and not this clone's alone
	(
		flock 9
		! _whole "$3" || exit 0
		[ ! -s "$3.sum" ] || say "  the cached packages for $2 are damaged; they are fetched again"
		need_space "$(dirname "$3")" 1500 "the packages for $2"
		REMEDY="check the network, and that the mirror in apt's sources carries $1; then run again" \
			step "packages $1 $2" _suite_tar "$@"
	) 9>"$(dirname "$3")/.lock" || exit
}

# Write the private configuration of SUITE KIND and print its path.
_suite_conf()
{
	local dir=$CACHE/apt/$1-$2

	mkdir -p "$dir/lists/partial" "$dir/cache/archives/partial"
	suite_source_lines "$1" "$2" >"$dir/sources.list.tmp" || return 1
	# Another mirror than last time: the lists are of no use.
	if ! cmp -s "$dir/sources.list.tmp" "$dir/sources.list"; then
		rm -f "$dir/updated"
		mv "$dir/sources.list.tmp" "$dir/sources.list"
	fi
	: >"$dir/status"
	cat >"$dir/apt.conf" <<-EOF
	Dir::State "$dir";
	Dir::State::Lists "$dir/lists";
	Dir::State::status "$dir/status";
	Dir::Cache "$dir/cache";
	Dir::Etc::sourcelist "$dir/sources.list";
	Dir::Etc::sourceparts "/dev/null";
	Dir::Etc::preferences "/dev/null";
	Dir::Etc::preferencesparts "/dev/null";
	APT::Architecture "amd64";
	APT::Architectures "amd64,arm64";
	APT::Default-Release "";
	APT::Sandbox::User "root";
	Acquire::Languages "none";
	Acquire::Retries "3";
	EOF
	printf '%s\n' "$dir/apt.conf"
}

_suite_update()
{
	local dir

	dir=$(dirname "$1")
	(
		# apt does not wait for its lock, and fails
		flock 8
		rm -f "$dir/updated"
		apt-get -c "$1" -o APT::Update::Error-Mode=any update
		touch "$dir/updated"
	) 8>"$dir/.lock"
}

# Run apt-get with a suite's lists; fetch the lists when there are none, and
# again when they turn out to be stale.
_suite_apt()
{
	local conf=$1

	shift
	if [ ! -f "$(dirname "$conf")/updated" ]; then
		_suite_update "$conf"
		apt-get -c "$conf" "$@"
	else
		apt-get -c "$conf" "$@" || {
			_suite_update "$conf"
			apt-get -c "$conf" "$@"
		}
	fi
}

# A download is complete iff the SHA256SUMS written after it still holds.
_complete()
{
	[ -s "$1/SHA256SUMS" ] && (cd "$1" && sha256sum --quiet --status -c SHA256SUMS)
}

# Download into a fresh folder, then put it in place in one rename.
_fetch_into()
{
	local dir=$1 conf=$2 tmp=$1.tmp f

	shift 2
	rm -rf "$tmp"
	mkdir -p "$tmp"
	(cd "$tmp" && _suite_apt "$conf" "$@")
	for f in "$tmp"/*.deb; do
		[ ! -e "$f" ] || dpkg-deb -I "$f"
	done
	(cd "$tmp" && find . -type f ! -name 'SHA256SUMS*' -printf '%P\0' | xargs -0 sha256sum >SHA256SUMS.part &&
		mv SHA256SUMS.part SHA256SUMS)
	rm -rf "$dir"
	mv "$tmp" "$dir"
}

# _suite_get SUITE KIND DIR WHAT APT-ARGS...: DIR holds the download afterwards.
_suite_get()
{
	local suite=$1 kind=$2 dir=$3 what=$4 conf

	shift 4
	cache_dir >/dev/null
	mkdir -p "$(dirname "$dir")"
	(
		flock 9
		if ! _complete "$dir"; then
			[ ! -d "$dir" ] || say "  the cached $what is damaged; it is fetched again"
			need_space "$CACHE" 1000 "the download of $what"
			conf=$(_suite_conf "$suite" "$kind") || exit 1
			REMEDY="check the network, and that the mirror in apt's sources carries $suite; then run again"
			step "fetch $what from $suite" _fetch_into "$dir" "$conf" "$@"
		fi
	) 9>"$(dirname "$dir")/.lock"
}

_download_dir()
{
	printf '%s\n' "${DOWNLOADS:-$CACHE/downloads}/$1/$3_$2"
}

# suite_download SUITE ARCH PKG...: print the path of each package's .deb.
# ARCH is amd64, arm64 or all. What is in the cache is taken as it is: remove
# $CACHE/downloads, or call suite_renew, to move on to newer versions. Who does so
# for itself alone has a folder of its own, DOWNLOADS.
suite_download()
{
	local suite=$1 arch=$2 p name dir

	shift 2
	for p; do
		name=$p
		[ "$arch" = all ] || name=$p:$arch
		dir=$(_download_dir "$suite" "$arch" "$p")
		_suite_get "$suite" deb "$dir" "$p" download "$name" || return 1
		printf '%s\n' "$dir"/*.deb
	done
}

# suite_renew SUITE ARCH PKG VERSION: what suite_download has of another version goes
suite_renew()
{
	local dir

	dir=$(_download_dir "$1" "$2" "$3")
	[ -e "$dir/$3_$4_$2.deb" ] || rm -rf "$dir"
}

# suite_update SUITE...: fetch the lists of what these have today
suite_update()
{
	local suite conf

	for suite; do
		conf=$(_suite_conf "$suite" deb) || return 1
		REMEDY="check the network, and that the mirror in apt's sources carries $suite; then run again" \
			step "lists of $suite" _suite_update "$conf"
	done
}

# suite_newest PACKAGE SUITE...: print the suite that has the newest version, by the lists
# that there are, and that version; nothing if none has the package.
suite_newest()
{
	local package=$1 suite conf version best='' best_suite=''

	shift
	for suite; do
		conf=$(_suite_conf "$suite" deb) || return 1
		version=$(apt-cache -c "$conf" policy "$package" | sed -n 's/^  Candidate: //p')
		if [ -n "$version" ] && { [ -z "$best" ] || dpkg --compare-versions "$version" gt "$best"; }; then
			best=$version
			best_suite=$suite
		fi
	done
	[ -z "$best" ] || printf '%s %s\n' "$best_suite" "$best"
}

# suite_source SUITE PKG DIR: put the files of a source package into DIR and
# print the path of its .dsc there.
suite_source()
{
	local dir=$CACHE/sources/$1/$2

	_suite_get "$1" deb-src "$dir" "$2-source" source --download-only "$2" || return 1
	if ! mkdir -p "$3" || ! find "$dir" -type f ! -name SHA256SUMS -exec cp -p -t "$3" {} +; then
		die "cannot copy the $2 source to $3; check its owner and the free space"
	fi
	printf '%s\n' "$3/$(cd "$dir" && printf '%s\n' *.dsc)"
}
