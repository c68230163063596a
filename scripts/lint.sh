#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# make lint: every check of form, all of them even when one fails.
#
#   bash          shellcheck of all scripts
#   python        all Python scripts compile
#   spdx          each file says its licence
#   layers        the folders of model/ include and call those below them only
#   series        each whole file belongs to a step
#   steps         checkpatch --strict of each step
#   checkpatch    the same of the kernel files, the model, C tests
#   kernel-doc    the kernel files that the series adds or changes
#   docs          the pages of Documentation that the series adds, by Sphinx
#   coccinelle    the kernel's semantic patches on the C files that the series adds
#                 or changes, but for what upstream's files have too; by default not
#   warnings      W=1 on the C files that the series adds or changes
#   sparse        sparse on the same; skipped where the installed one is older
#                 than the kernel asks for, as Debian 12's is
#
# "scripts/lint.sh CHECK..." runs only those.

# shellcheck source=scripts/lib/lib.sh
. "$(dirname "$0")/lib/lib.sh"
# shellcheck source=scripts/kernel/kernel-lib.sh
. "$ROOT/scripts/kernel/kernel-lib.sh"

# Outside of the kernel: no MAINTAINERS file, the types of stdint.h, and none of
# the kernel's helpers such as BIT(), ARRAY_SIZE() or pr_info().
HOST_IGNORE=FILE_PATH_CHANGES,BIT_MACRO,MACRO_ARG_REUSE,USE_NEGATIVE_ERRNO,PREFER_KERNEL_TYPES,ARRAY_SIZE,CONST_STRUCT,STATIC_CONST_CHAR_ARRAY
HOST_IGNORE+=,PREFER_DEFINED_ATTRIBUTE_MACRO,STRCPY,SSCANF_TO_KSTRTO,LINUX_VERSION_CODE,CONSIDER_KSTRTO
# A macro may stand for a list of instructions or of initialisers.
HOST_IGNORE+=,VOLATILE,AVOID_EXTERNS,EMBEDDED_FUNCTION_NAME,AVOID_BUG
HOST_IGNORE+=,COMPLEX_MACRO,PREFER_FALLTHROUGH,USE_FUNC,IF_0,SPLIT_STRING,PREFER_PR_LEVEL,ENOSYS,STRLCPY,STRNCPY
# Macros that make functions take members and types; vectors need names for theirs.
HOST_IGNORE+=,MACRO_ARG_PRECEDENCE,MACRO_ARG_UNUSED,MACRO_WITH_FLOW_CONTROL,NEW_TYPEDEFS
# QEMU's own conventions where the code is QEMU's: types in CamelCase. libdrm's
# functions have such names too; one file calls them.
QEMU_IGNORE=$HOST_IGNORE,CAMELCASE,NEW_TYPEDEFS,CONST_CONST

# The kernels in which the files of the series are compiled, each in the first that has it
LINT_CONFIGS=(kunit arm64-iommufd x86-iommufd)
# What a check returns that cannot be made on this machine
SKIP=77

ours()
{
	git -C "$ROOT" ls-files --cached --others --exclude-standard "$@" |
		while read -r f; do
			[ ! -f "$ROOT/$f" ] || printf '%s\n' "$f"
		done
}

bash_scripts()
{
	ours | while read -r f; do
		if [[ $f = *.sh ]] || head -n 1 "$f" | grep -qa '^#!/bin/\(ba\)\?sh'; then
			printf '%s\n' "$f"
		fi
	done
}

check_bash()
{
	bash_scripts | xargs shellcheck
}

check_python()
{
	ours '*.py' | while read -r f; do
		python3 -c 'import sys; compile(open(sys.argv[1]).read(), sys.argv[1], "exec")' "$f"
	done
}

check_spdx()
{
	local missing

	missing=$(ours | grep -v -e '^LICENSES/' -e '\.md$' -e '\.patch$' -e '\.json$' -e '^tests/fuzz/regress/' -e '^\.gitignore$' -e '\.shellcheckrc$' |
		while read -r f; do
			head -n 5 "$f" | grep -qa 'SPDX-License-Identifier: ' || printf '%s ' "$f"
		done)
	[ -z "$missing" ] || _fail "these files do not say their licence: $missing"
}

check_layers()
{
	python3 "$ROOT/scripts/lib/layers.py"
}

check_series()
{
	local orphans

	orphans=$(series_orphans "$ROOT" | paste -sd ' ')
	[ -z "$orphans" ] || _fail "no step names these files in an Overlay: line: $orphans"
}

checkpatch()
{
	run_checkpatch --quiet --no-summary --terse --show-types "$@" >"$BUILD/.checkpatch" 2>&1 || :
	# The CamelCase of inttypes.h and libdrm is theirs.
	! sed "s|$ROOT/||" "$BUILD/.checkpatch" | grep -v 'CamelCase: <\(PRI[duxX]\|drm\)' || return 1
}

check_steps()
{
	local commit rc=0

	for commit in $(kgit rev-list --reverse base..reserve); do
		# drivers/iommu/Kconfig sources Kconfig.reserve, whose name has
		# its own in it.
		wgit "$TREE" format-patch -1 --stdout "$commit" |
			checkpatch --codespell --ignore FILE_PATH_CHANGES,MISSING_SIGN_OFF,NO_AUTHOR_SIGN_OFF,EMBEDDED_FILENAME - || rc=1
	done
	return $rc
}

check_checkpatch()
{
	local files rc=0

	mapfile -t files < <(ours 'drivers/*.[ch]' 'include/*.h')
	[ ${#files[@]} = 0 ] || checkpatch -f "${files[@]/#/$ROOT/}" || rc=1
	# Shims stand in for the kernel's headers, and have their names and no more.
	mapfile -t files < <(ours 'model/*.[ch]' 'tests/*.[ch]' |
		grep -v -e '^model/qemu/' -e '^tests/kernel-tree/' -e '^tests/vmbind/pan.c$' -e '^tests/vulkan/' -e '^tests/stream/' -e '^tests/vksparse/' -e '^tests/vkfft/' -e '^tests/fuzz/' -e '^tests/shader/fuzz_' -e '^tests/interleave/shim/')
	[ ${#files[@]} = 0 ] || checkpatch --ignore "$HOST_IGNORE" -f "${files[@]/#/$ROOT/}" || rc=1
	# A program of IGT's begins with "int igt_main()", a macro.
	mapfile -t files < <(ours 'igt/*.[ch]')
	[ ${#files[@]} = 0 ] || checkpatch --ignore "$HOST_IGNORE,FUNCTION_WITHOUT_ARGS,FUNCTION_ARGUMENTS" -f "${files[@]/#/$ROOT/}" || rc=1
	# The names of Vulkan and of libFuzzer are what they are.
	mapfile -t files < <(ours 'tests/vulkan/*.[ch]' 'tests/vksparse/*.[ch]' 'tests/vkfft/*.[ch]' 'tests/fuzz/*.[ch]' 'tests/shader/fuzz_*.[ch]')
	[ ${#files[@]} = 0 ] || checkpatch --ignore "$HOST_IGNORE,CAMELCASE" -f "${files[@]/#/$ROOT/}" || rc=1
	mapfile -t files < <(ours 'model/qemu/*.[ch]' tests/vmbind/pan.c)
	[ ${#files[@]} = 0 ] || checkpatch --ignore "$QEMU_IGNORE" -f "${files[@]/#/$ROOT/}" || rc=1
	return $rc
}

touched()
{
	kgit diff --name-only --diff-filter=d base reserve -- "$@"
}

# kernel-doc's complaints about files of a tree, without line numbers, and with
# the name that the series gives to struct ioptdesc.
kernel_doc()
{
	local doc=$1/scripts/kernel-doc

	[ -e "$doc" ] || doc=$1/scripts/kernel-doc.py
	{ env -C "$1" "$doc" -none -Wall "${@:2}" 2>&1 || :; } | sed -n -e 's/ioptdesc/iopte_page/g' \
		-e 's/^\(Warning\|Error\): \([^:]*\):[0-9]*/\1: \2:/p' | sort -u
}

# What upstream lacks in the files that the series changes is not for the series
# to mend.
check_kernel_doc()
{
	local files old

	mapfile -t files < <(touched 'drivers/*.[ch]' 'include/*.h')
	[ ${#files[@]} != 0 ] || return 0
	mapfile -t old < <(kgit diff --name-only --diff-filter=M base reserve -- 'drivers/*.[ch]' 'include/*.h')
	comm -13 <(kernel_doc "$BASE_TREE" "${old[@]}") <(kernel_doc "$TREE" "${files[@]}") | tee "$BUILD/.kernel-doc"
	[ ! -s "$BUILD/.kernel-doc" ]
}

# compile_in CONFIG MAKE-ARGUMENT: of $objects compile once more what that kernel has,
# and leave the others there. A fresh time stamp makes make compile them, with gcc and
# not from the cache, and sparse after it.
compile_in()
{
	local out=$TREE/out-$1 here=() others=() o

	for o in "${objects[@]}"; do
		if [ -e "$out/$o" ]; then here+=("$o"); else others+=("$o"); fi
	done
	objects=("${others[@]}")
	[ ${#here[@]} != 0 ] || return 0
	(cd "$out" && rm -f "${here[@]}")
	"$ROOT/scripts/kernel/kernel.sh" make reserve "$1" "$2" "${here[@]}" 2>&1 | tee -a "$BUILD/.warnings"
}

# compile_touched MAKE-ARGUMENT: all touched files. Any warning is a failure.
compile_touched()
{
	local objects config

	mapfile -t objects < <(touched 'drivers/*.c' | sed 's/\.c$/.o/')
	: >"$BUILD/.warnings"
	for config in "${LINT_CONFIGS[@]}"; do
		compile_in "$config" "$1"
	done
	[ ${#objects[@]} = 0 ] ||
		_fail "no kernel of ${LINT_CONFIGS[*]} compiles ${objects[*]}, so nobody checked them"
	! grep -E '(warning|error):' "$BUILD/.warnings" || return 1
}

# known CHECK: stdin without what tests/series/known says is nobody's to mend here
known()
{
	grep -vEf <(sed -n "s/^$1\t//p" "$ROOT/tests/series/known") || :
}

# The pages alone, as make htmldocs would build them with all others. The kernel's
# extensions want a folder of that name, and look for MAINTAINERS beside it.
check_docs()
{
	local dir=$BUILD/docs pages page

	mapfile -t pages < <(kgit diff --name-only --diff-filter=A base reserve -- 'Documentation/*.rst')
	[ ${#pages[@]} != 0 ] || return 0
	rm -rf "$dir"
	mkdir -p "$dir/Documentation"
	: >"$dir/MAINTAINERS"
	printf 'Pages\n=====\n\n.. toctree::\n\n' >"$dir/Documentation/index.rst"
	for page in "${pages[@]#Documentation/}"; do
		mkdir -p "$dir/Documentation/$(dirname "$page")"
		cp "$TREE/Documentation/$page" "$dir/Documentation/$page"
		printf '   %s\n' "${page%.rst}" >>"$dir/Documentation/index.rst"
	done
	env -C "$TREE/Documentation" PATH=/usr/bin:/bin PYTHONDONTWRITEBYTECODE=1 srctree=.. \
		KERNELDOC="$TREE/tools/docs/kernel-doc" BUILDDIR="$dir" \
		sphinx-build -q -b html -c . -d "$dir/doctrees" -D "version=$KERNEL_SERIES" \
		-D "release=$KERNEL_SERIES" "$dir/Documentation" "$OUT/docs" >"$dir/said" 2>&1 ||
		_fail "Sphinx failed: $(tail -n 1 "$dir/said")"
	sed "s|$dir/||" "$dir/said" | known docs | tee "$BUILD/.docs"
	[ ! -s "$BUILD/.docs" ]
}

# semantic_patch TREE COCCI FILE...: its complaints, without line numbers, as those move.
# Options are what it says it wants, as scripts/coccicheck takes them.
semantic_patch()
{
	# shellcheck disable=SC2046 # options
	{ env -C "$1" timeout 600 spatch -D report --very-quiet --no-show-diff --cocci-file "$2" \
		--patch . -I include -I arch/x86/include \
		$(sed -n 's|^//[#/]* *Options: *||p' "$2") "${@:3}" 2>"$BUILD/.cocci-err" ||
		printf 'error: %s failed: %s\n' "${2##*/coccinelle/}" "$(tail -n 1 "$BUILD/.cocci-err")"
	} | sed -E 's/:[0-9]+(:[0-9]+(-[0-9]+)?)?:/:/; s/ (on |in |at )?lines? [0-9, ]+//g' | sort -u
}

# Upstream's files are asked only where there is a complaint, as few as there are.
check_coccinelle()
{
	local files old cocci said

	need_packages coccinelle
	mapfile -t files < <(touched 'drivers/*.c' 'include/*.h')
	[ ${#files[@]} != 0 ] || return 0
	mapfile -t old < <(kgit diff --name-only --diff-filter=M base reserve -- 'drivers/*.c' 'include/*.h')
	: >"$BUILD/.coccinelle"
	while read -r cocci; do
		said=$(semantic_patch "$TREE" "$cocci" "${files[@]}")
		[ -n "$said" ] || continue
		comm -13 <(semantic_patch "$BASE_TREE" "$cocci" "${old[@]}") <(printf '%s\n' "$said") |
			known coccinelle >>"$BUILD/.coccinelle"
	done < <(find "$TREE/scripts/coccinelle" -name '*.cocci' -exec grep -l 'virtual report' {} + | sort)
	cat "$BUILD/.coccinelle"
	[ ! -s "$BUILD/.coccinelle" ]
}

check_warnings()
{
	compile_touched W=1
}

check_sparse()
{
	compile_touched C=1
	! grep -q 'sparse is not available or not up to date' "$BUILD/.warnings" || return $SKIP
}

failed=()
run_check()
{
	local name=$1 check=check_${1//-/_} rc

	printf '%-12s ' "$name"
	set +e
	(
		set -e
		"$check"
	) >"$LOGS/lint-$name.log" 2>&1
	rc=$?
	set -e
	if [ $rc = 0 ]; then
		printf 'ok\n'
	elif [ $rc = $SKIP ]; then
		printf 'skipped: the tool is not there, or too old\n'
	else
		printf 'failed, see %s\n' "$LOGS/lint-$name.log"
		head -n 10 "$LOGS/lint-$name.log" | sed 's/^/    /'
		failed+=("$name")
	fi
}

cd "$ROOT"
locked lint
mkdir -p "$LOGS"
need_packages shellcheck perl python3 python3-ply python3-git codespell sparse
checks=("$@")
[ $# != 0 ] || checks=(bash python spdx layers series steps checkpatch kernel-doc docs warnings sparse)
[[ " ${checks[*]} " != *" docs "* ]] || need_packages python3-sphinx python3-yaml
"$ROOT/scripts/kernel/tree.sh"
# What compiles nothing takes no kernel
if [ -n "$(series_steps "$ROOT")" ] && [[ " ${checks[*]} " =~ \ (warnings|sparse)\  ]]; then
	for c in "${LINT_CONFIGS[@]}"; do
		"$ROOT/scripts/kernel/kernel.sh" build reserve "$c" >/dev/null
	done
fi
for c in "${checks[@]}"; do
	run_check "$c"
done
[ ${#failed[@]} = 0 ] || die "failed: ${failed[*]}"
