/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small TAP producer for the host tests: include it once in each test
 * program, call the checks, return done_testing() from main().
 *
 * The checks give back whether they held, so that a loop over thousands of
 * cases can stop at the first that does not and count as one.
 */
#ifndef TAP_H
#define TAP_H

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static unsigned int tap_run, tap_failed;

#define TAP_PRINTF(fmt, first)	__attribute__((format(printf, fmt, first), unused))

TAP_PRINTF(1, 2) static void diag(const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	fputs("# ", stdout);
	vprintf(fmt, ap);
	putchar('\n');
	va_end(ap);
}

static bool tap_vok(bool good, const char *fmt, va_list ap)
{
	tap_run++;
	tap_failed += !good;
	printf("%s %u - ", good ? "ok" : "not ok", tap_run);
	vprintf(fmt, ap);
	putchar('\n');
	fflush(stdout);
	return good;
}

TAP_PRINTF(2, 3) static bool ok(bool good, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_vok(good, fmt, ap);
	va_end(ap);
	return good;
}

TAP_PRINTF(3, 4) static bool is_u64(uint64_t got, uint64_t want,
				    const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	tap_vok(got == want, fmt, ap);
	va_end(ap);
	if (got != want)
		diag("got 0x%" PRIx64 ", want 0x%" PRIx64, got, want);
	return got == want;
}

TAP_PRINTF(4, 5) static bool is_mem(const void *got, const void *want,
				    size_t len, const char *fmt, ...)
{
	const uint8_t *g = got, *w = want;
	size_t i = 0;
	va_list ap;

	while (i < len && g[i] == w[i])
		i++;
	va_start(ap, fmt);
	tap_vok(i == len, fmt, ap);
	va_end(ap);
	if (i < len)
		diag("byte %zu: got 0x%02x, want 0x%02x", i, g[i], w[i]);
	return i == len;
}

__attribute__((unused)) static int done_testing(void)
{
	printf("1..%u\n", tap_run);
	if (!tap_run)
		diag("no test ran");
	return tap_failed || !tap_run;
}

#endif /* TAP_H */
