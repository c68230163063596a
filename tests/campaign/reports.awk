# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the kernel reported, from a log and the numbers of the lines that begin a report
# (scripts/guest/kernel-log.sh -l), as arguments "NUMBERS LOG": a line for each that has not
# been there yet: the round it came in, its first words without numbers of the moment, and
# behind them the functions of its first trace. KCSAN's have the traces of both sides, and
# "BUG: KCSAN elsewhere" for their first words if none of them has a function of Panthor's, of
# reservations, page tables or GPUVM: that somebody else's code races is not looked into. One
# such race comes with many traces, so its first words are all that tells it from others.

# An address, which may have no 0x. Not by "{12}": Debian 12's mawk takes that for the
# characters, Debian 13's for something else
BEGIN {
	twelve = "[0-9a-f]"
	for (i = 1; i < 12; i++)
		twelve = twelve "[0-9a-f]"
	number = "0x[0-9a-f]+|" twelve "[0-9a-f]*"
}

FILENAME == ARGV[1] { starts[$1]; next }
{
	sub(/\r$/, "")
	sub(/^(<[0-9]+>)?\[ *[0-9.]+\] ?(\[ *[TC][0-9]+\] ?)?/, "")
}
/^campaign: round / { round = $3 }
FNR in starts && !/cut here/ && !(in_report && /^(Internal error|Kernel panic|KASAN: |Mem abort)/) {
	finish()
	head = $0
	gsub(/\+0x[0-9a-f]+(\/0x[0-9a-f]+)?/, "", head)
	gsub(number, "N", head)
	sub(/, CPU#.*/, "", head)
	sub(/ CPU: .*/, "", head)
	gsub(/(campaign|kworker[^ ]*)[/:][0-9]+/, "task", head)
	gsub(/address N/, "an address", head)
	if (head ~ /^INFO: task/)
		sub(/task [^ ]* blocked for more than [0-9]*/, "a task is blocked for more than 60", head)
	in_report = 1
	race = head ~ /^BUG: KCSAN/
	ours = 0
	lines = 0
	functions = ""
	n = 0
	next
}
in_report && ++lines < (race ? 120 : 70) {
	if ($0 ~ /---\[ end trace/ && n || race && /^=+$/)
		finish()
	else if (match($0, /^ ?(pc : |[ ]*)[a-zA-Z_][a-zA-Z0-9_.]*\+0x[0-9a-f]+\/0x[0-9a-f]+/) && n < (race ? 60 : 14)) {
		name = substr($0, RSTART, RLENGTH)
		sub(/^ *(pc : )?/, "", name)
		sub(/\+0x.*/, "", name)
		if (name !~ /^(dump_backtrace|show_stack|dump_stack|print_|kasan_|__asan|__warn|report_bug|el0|el1|do_el0|__arm64_sys|ret_from)/ && name != last) {
			functions = functions " < " name
			n++
			if (is_ours(name))
				ours = 1
		}
		last = name
	}
	next
}
in_report { finish() }
END { finish() }

# Panthor is a module, which stands behind the functions of one
function is_ours(name)
{
	return /\[panthor\]/ ||
	       name ~ /^(_*arm_lpae_|io_pgtable_|iop_|iopte?_|rsv_|rep_|stats_|stock_|idle_|packed_)/ ||
	       name ~ /^(push_table|fill_(packed|pages|chunks)|free_list|_*drm_gpuv|cut_slots|(un)?reserve_(pages|slots))/
}

function finish(key)
{
	if (race && !ours)
		sub(/KCSAN/, "KCSAN elsewhere", head)
	key = race ? head : head functions
	if (in_report && !(key in seen)) {
		seen[key]
		print round + 0 "\t" head functions
	}
	in_report = 0
	last = ""
}
