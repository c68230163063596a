/* SPDX-License-Identifier: MIT */
/*
 * Subtests, assertions and requirements under the names that IGT has for them: what
 * igt/tests needs of IGT's igt_core.h and no more. Nothing may be here that IGT has
 * not, or a test would not build there.
 */
#ifndef IGT_CORE_H
#define IGT_CORE_H

#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define IGT_EXIT_SUCCESS	0
#define IGT_EXIT_SKIP		77
#define IGT_EXIT_INVALID	79
#define IGT_EXIT_FAILURE	98

#define __igt_format(f, a)	__attribute__((format(printf, f, a)))
#define __igt_paste(a, b)	a##b
#define __igt_name(a, b)	__igt_paste(a, b)
#define igt_unique(prefix)	__igt_name(prefix, __LINE__)

extern const char *__igt_test_description __attribute__((weak));
#define IGT_TEST_DESCRIPTION(text) const char *__igt_test_description = text

/* --- Programs, fixtures and subtests ------------------------------------- */

/* Where a fixture or a subtest ends early */
extern jmp_buf __igt_leave;

void __igt_init(int argc, char **argv);
void __igt_real_main(void);
__attribute__((noreturn)) void igt_exit(void);

bool __igt_fixture_begins(void);
void __igt_fixture_ends(void);
bool __igt_subtest_begins(const char *name);
const char *__igt_subtest_name(const char *fmt, ...) __igt_format(1, 2);
__attribute__((noreturn)) void igt_success(void);

/* The program: "int igt_main() { ... }" */
#define igt_main() main(int argc, char **argv)		\
{							\
	__igt_init(argc, argv);				\
	__igt_real_main();				\
	igt_exit();					\
}							\
void __igt_real_main(void)

#define igt_fixture()						\
	for (bool igt_unique(once) = __igt_fixture_begins();	\
	     igt_unique(once) && !setjmp(__igt_leave);		\
	     igt_unique(once) = false, __igt_fixture_ends())

#define igt_subtest(name)					\
	for (bool igt_unique(once) = __igt_subtest_begins(name);	\
	     igt_unique(once) && !setjmp(__igt_leave); igt_success())

#define igt_subtest_f(fmt...)	igt_subtest(__igt_subtest_name(fmt))

/* What the next subtest is about */
void igt_describe_f(const char *fmt, ...) __igt_format(1, 2);
#define igt_describe(text)	igt_describe_f("%s", text)

/* --- What ends a subtest ------------------------------------------------- */

__attribute__((noreturn))
void __igt_fail(const char *file, int line, const char *expr, const char *fmt, ...)
	__igt_format(4, 5);
__attribute__((noreturn))
void __igt_skip(const char *file, int line, const char *expr, const char *fmt, ...)
	__igt_format(4, 5);

#define igt_assert_f(expr, fmt...) \
	do { if (!(expr)) __igt_fail(__FILE__, __LINE__, #expr, fmt); } while (0)
#define igt_assert(expr)	igt_assert_f(expr, "%s", "")
#define igt_require_f(expr, fmt...) \
	do { if (!(expr)) __igt_skip(__FILE__, __LINE__, #expr, fmt); } while (0)
#define igt_require(expr)	igt_require_f(expr, "%s", "")
#define igt_skip(fmt...)	__igt_skip(__FILE__, __LINE__, "", fmt)

#define __igt_compare(type, print, a, op, b)					\
	do {									\
		type __a = (a), __b = (b);					\
										\
		if (!(__a op __b))						\
			__igt_fail(__FILE__, __LINE__, #a " " #op " " #b,	\
				   "error: " print " !" #op " " print "\n", __a, __b); \
	} while (0)

#define igt_assert_eq(a, b)	__igt_compare(int, "%d", a, ==, b)
#define igt_assert_lt(a, b)	__igt_compare(int, "%d", a, <, b)
#define igt_assert_lte(a, b)	__igt_compare(int, "%d", a, <=, b)
#define igt_assert_eq_u32(a, b)	__igt_compare(uint32_t, "%#x", a, ==, b)
#define igt_assert_eq_u64(a, b)	__igt_compare(uint64_t, "%#" PRIx64, a, ==, b)
#define igt_assert_lt_s64(a, b)	__igt_compare(int64_t, "%" PRId64, a, <, b)
#define igt_assert_lte_s64(a, b) __igt_compare(int64_t, "%" PRId64, a, <=, b)
#define igt_assert_fd(fd)	igt_assert_f((int)(fd) >= 0, "no file: %s\n", strerror(errno))

void igt_info(const char *fmt, ...) __igt_format(1, 2);

/* --- Processes ----------------------------------------------------------- */

bool __igt_fork(void);
/* A subtest's children end with the exit codes above; who is not, is killed at its end */
#define igt_fork(child, num)					\
	for (int child = 0; child < (num); child++)		\
		for (; __igt_fork(); __igt_child_done())
__attribute__((noreturn)) void __igt_child_done(void);
void igt_waitchildren(void);
/* What the first one that failed ended with, 128 and the signal's number if by a signal */
int __igt_waitchildren(void);
void igt_kill_children(int signal);

#endif /* IGT_CORE_H */
