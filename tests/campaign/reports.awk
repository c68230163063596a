# SPDX-License-Identifier: GPL-2.0-or-later
#
# What the kernel reported, from a log and the numbers of the lines that begin a report
# (scripts/guest/kernel-log.sh -l), as arguments "NUMBERS LOG": a line for each that has not
# been there yet: the round it came in, its first words without numbers of the moment, and
# behind them the functions of its first trace.

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
	gsub(/0x[0-9a-f]+|[0-9a-f]{12,16}/, "N", head)
	sub(/, CPU#.*/, "", head)
	sub(/ CPU: .*/, "", head)
	gsub(/(campaign|kworker[^ ]*)[/:][0-9]+/, "task", head)
	gsub(/address N/, "an address", head)
	if (head ~ /^INFO: task/)
		sub(/task [^ ]* blocked for more than [0-9]*/, "a task is blocked for more than 60", head)
	in_report = 1
	lines = 0
	functions = ""
	n = 0
	next
}
in_report && ++lines < 70 {
	if ($0 ~ /---\[ end trace/ && n)
		finish()
	else if (match($0, /^ ?(pc : |[ ]*)[a-zA-Z_][a-zA-Z0-9_.]*\+0x[0-9a-f]+\/0x[0-9a-f]+/) && n < 14) {
		name = substr($0, RSTART, RLENGTH)
		sub(/^ *(pc : )?/, "", name)
		sub(/\+0x.*/, "", name)
		if (name !~ /^(dump_backtrace|show_stack|dump_stack|print_|kasan_|__asan|__warn|report_bug|el0|el1|do_el0|__arm64_sys|ret_from)/ && name != last) {
			functions = functions " < " name
			n++
		}
		last = name
	}
	next
}
in_report { finish() }
END { finish() }

function finish()
{
	if (in_report && !(head functions in seen)) {
		seen[head functions]
		print round + 0 "\t" head functions
	}
	in_report = 0
	last = ""
}
