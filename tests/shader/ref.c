// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The second implementation of arithmetic: it reads an instruction's text and
 * works through its elements one by one, in 64-bit integers. See ref.h.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ref.h"

/**
 * struct op - an instruction's text, taken apart
 * @name: Before the first dot.
 * @mods: All between dots after it, with dots around.
 * @arg: Operands; 0 is the destination.
 * @bits, @count: Elements of the type: how wide, how many.
 * @is_signed: They have a sign.
 */
struct op {
	char name[32], mods[96], arg[8][64];
	unsigned int num_args, bits, count;
	bool is_signed, is_float;
};

static bool has(const struct op *o, const char *mod)
{
	char dotted[32];

	snprintf(dotted, sizeof(dotted), ".%s.", mod);
	return strstr(o->mods, dotted);
}

static bool type(struct op *o, const char *t)
{
	static const struct {
		const char *name;
		unsigned int bits, count;
		bool is_signed, is_float;
	} types[] = {
		{ "u32", 32, 1, 0, 0 }, { "i32", 32, 1, 0, 0 },
		{ "s32", 32, 1, 1, 0 }, { "v2u16", 16, 2, 0, 0 },
		{ "v2i16", 16, 2, 0, 0 }, { "v2s16", 16, 2, 1, 0 },
		{ "v4u8", 8, 4, 0, 0 }, { "v4i8", 8, 4, 0, 0 },
		{ "v4s8", 8, 4, 1, 0 }, { "u64", 64, 1, 0, 0 },
		{ "i64", 64, 1, 0, 0 }, { "s64", 64, 1, 1, 0 },
		{ "f32", 32, 1, 1, 1 }, { "v2f16", 16, 2, 1, 1 },
		{ "f16", 16, 1, 1, 1 }, { "u6", 32, 1, 0, 0 },
		{ "v2i8", 32, 1, 0, 0 },
	};

	for (unsigned int i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		if (strcmp(types[i].name, t))
			continue;
		o->bits = types[i].bits;
		o->count = types[i].count;
		o->is_signed = types[i].is_signed;
		o->is_float = types[i].is_float;
		return true;
	}
	return false;
}

static void parse(struct op *o, const char *text)
{
	char copy[256], *head, *args, *save, *part;

	memset(o, 0, sizeof(*o));
	o->bits = 32;
	o->count = 1;
	snprintf(copy, sizeof(copy), "%s", text);
	head = copy;
	args = strchr(copy, ' ');
	if (args)
		*args++ = '\0';
	part = strtok_r(head, ".", &save);
	snprintf(o->name, sizeof(o->name), "%s", part);
	strcpy(o->mods, ".");
	for (bool first = true; (part = strtok_r(NULL, ".", &save)); first = false) {
		if (first && type(o, part))
			continue;
		strcat(o->mods, part);
		strcat(o->mods, ".");
	}
	for (part = args ? strtok_r(args, ",", &save) : NULL; part;
	     part = strtok_r(NULL, ",", &save))
		snprintf(o->arg[o->num_args++], 64, "%s", part + (*part == ' '));
}

/* --- Operands ------------------------------------------------------------- */

static uint64_t low(uint64_t v, unsigned int bits)
{
	return bits == 64 ? v : v & ((1ull << bits) - 1);
}

static int64_t sext(uint64_t v, unsigned int bits)
{
	return (int64_t)(v << (64 - bits)) >> (64 - bits);
}

static uint64_t extended(uint64_t v, unsigned int bits, bool is_signed)
{
	return is_signed ? (uint64_t)sext(v, bits) : low(v, bits);
}

static uint64_t raw(const struct ref *ref, unsigned int lane, const char *name,
		    bool wide)
{
	const uint32_t *from = NULL;
	unsigned int n;

	if (*name == '^')
		name++;
	n = atoi(name + 1);
	if (*name == '0' || *name == '#')
		return strtoul(name + (*name == '#'), NULL, 16);
	if (*name == 'l')
		return strstr(name, ".w1") ? 0 : lane;
	from = *name == 'u' ? &ref->u[n] : &ref->r[lane][n];
	return from[0] | (wide ? (uint64_t)from[1] << 32 : 0);
}

/* The suffix of a source that says which part, or NULL */
static const char *part_of(const char *arg)
{
	const char *dot = strchr(arg, '.');

	/* The first of a special value says which word */
	if (*arg == 'l')
		dot = strchr(dot + 1, '.');
	for (; dot; dot = strchr(dot + 1, '.')) {
		if ((dot[1] == 'h' || dot[1] == 'b' || dot[1] == 'w') &&
		    dot[2] >= '0' && dot[2] <= '9')
			return dot + 1;
	}
	return NULL;
}

static unsigned int digits(const char *part)
{
	unsigned int n = 0;

	while (part[1 + n] >= '0' && part[1 + n] <= '9')
		n++;
	return n;
}

/* Element @e, of @bits bits out of @count, of an operand without its signs */
static uint64_t element(const struct ref *ref, unsigned int lane, const char *arg,
			unsigned int e, unsigned int bits, unsigned int count,
			bool is_signed)
{
	const char *part = part_of(arg);
	uint64_t v = raw(ref, lane, arg, bits == 64 && !(part && part[0] == 'w'));
	unsigned int unit, n, pick;

	if (!part)
		return low(v >> e * bits, bits);
	if (part[0] == 'w')
		return extended(v, 32, is_signed);
	unit = part[0] == 'h' ? 16 : 8;
	n = digits(part);
	pick = part[1 + (n == 1 ? 0 : e * n / count)] - '0';
	v = v >> pick * unit;
	return low(extended(v, unit, is_signed), bits);
}

static uint64_t int_arg(const struct ref *ref, unsigned int lane,
			const struct op *o, unsigned int i, unsigned int e)
{
	uint64_t v = element(ref, lane, o->arg[i], e, o->bits, o->count,
			     o->is_signed);

	return strstr(o->arg[i], ".not") ? low(~v, o->bits) : v;
}

static uint32_t signs(const char *arg, uint32_t v, unsigned int bits)
{
	if (strstr(arg, ".abs"))
		v &= (1u << (bits - 1)) - 1;
	if (strstr(arg, ".neg"))
		v ^= 1u << (bits - 1);
	return v;
}

static uint32_t ftz(const struct ref *ref, uint32_t v, unsigned int bits)
{
	return (bits == 16 ? ref->ftz16 : ref->ftz32) ? ref_flush(v, bits) : v;
}

static uint32_t half_to_word(uint32_t h)
{
	if (ref_is_nan(h, 16))
		return ref_nan(32);
	if ((h & 0x7fff) == 0x7c00)
		return (h & 0x8000) << 16 | 0x7f800000;
	if (!(h & 0x7fff))
		return h << 16;
	return ref_round(ref_value(h, 16), 0, 32, "");
}

/* A float of the instruction's width, as the job sees it */
static uint32_t float_arg(const struct ref *ref, unsigned int lane,
			  const struct op *o, unsigned int i, unsigned int e)
{
	const char *part = part_of(o->arg[i]);
	uint32_t v;

	if (o->bits == 32 && part)
		v = half_to_word(element(ref, lane, o->arg[i], 0, 16, 1, false));
	else
		v = element(ref, lane, o->arg[i], e, o->bits,
			    o->count == 1 && o->bits == 16 ? 2 : o->count, false);
	return ftz(ref, signs(o->arg[i], v, o->bits), o->bits);
}

/* --- Integers ------------------------------------------------------------- */

static uint64_t saturated(const struct op *o, __int128 v)
{
	__int128 max = o->is_signed ? ((__int128)1 << (o->bits - 1)) - 1 :
		       ((__int128)1 << o->bits) - 1;
	__int128 min = o->is_signed ? -max - 1 : 0;

	if (has(o, "saturate"))
		v = v < min ? min : v > max ? max : v;
	return low((uint64_t)v, o->bits);
}

static uint64_t shifted(const struct op *o, uint64_t a, uint64_t n)
{
	unsigned int bits = o->bits;

	for (n &= bits - 1; n; n--) {
		if (!strncmp(o->name, "LSHIFT", 6))
			a = low(a << 1, bits);
		else if (!strncmp(o->name, "LROT", 4))
			a = low(a << 1, bits) | a >> (bits - 1);
		else if (!strncmp(o->name, "RROT", 4))
			a = a >> 1 | (a & 1) << (bits - 1);
		else if (has(o, "signed"))
			a = a >> 1 | (a & 1ull << (bits - 1));
		else
			a >>= 1;
	}
	return a;
}

static bool shift_op(const struct op *o)
{
	return !strncmp(o->name, "LSHIFT_", 7) || !strncmp(o->name, "RSHIFT_", 7) ||
	       !strncmp(o->name, "LROT_", 5) || !strncmp(o->name, "RROT_", 5);
}

/* Elements of shift amounts: words have theirs in a byte written twice */
static uint64_t amount(const struct ref *ref, unsigned int lane,
		       const struct op *o, unsigned int e)
{
	const char *part = part_of(o->arg[2]);
	uint64_t v = raw(ref, lane, o->arg[2], false);

	if (!part)
		return v >> e * 8 & 0xff;
	return v >> (part[1 + (digits(part) == 2 && e ? 1 : 0)] - '0') * 8 & 0xff;
}

static bool compare(const char *cond, __int128 a, __int128 b)
{
	if (!strcmp(cond, "eq"))
		return a == b;
	if (!strcmp(cond, "ne"))
		return a != b;
	if (!strcmp(cond, "gt"))
		return a > b;
	if (!strcmp(cond, "ge"))
		return a >= b;
	return !strcmp(cond, "lt") ? a < b : a <= b;
}

static const char *condition(const struct op *o)
{
	static const char *const conds[] = {
		"eq", "gt", "ge", "ne", "lt", "le", "gtlt", "total",
	};

	for (unsigned int i = 0; i < 8; i++)
		if (has(o, conds[i]))
			return conds[i];
	return "";
}

static bool compare_floats(const char *cond, uint32_t x, uint32_t y,
			   unsigned int bits)
{
	bool nan = ref_is_nan(x, bits) || ref_is_nan(y, bits);
	quad a = ref_value(x, bits), b = ref_value(y, bits);
	__int128 order = a < b ? -1 : a > b;

	if (nan)
		return !strcmp(cond, "ne");
	if (!strcmp(cond, "total"))
		return true;
	return compare(!strcmp(cond, "gtlt") ? "ne" : cond, order, 0);
}

static uint64_t truth(const struct op *o, bool holds)
{
	if (!holds)
		return 0;
	if (has(o, "m1"))
		return low(~0ull, o->bits);
	if (has(o, "f1"))
		return o->bits == 16 ? 0x3c00 : 0x3f800000;
	return 1;
}

static uint64_t leading_zeros(const struct op *o, uint64_t a)
{
	unsigned int n = 0;

	while (n < o->bits && !(a >> (o->bits - 1 - n) & 1))
		n++;
	return n == o->bits && has(o, "mask") ? low(~0ull, o->bits) : n;
}

static uint64_t shift_logic(const struct op *o, uint64_t s, uint64_t c)
{
	const char *logic = strrchr(o->name, '_') + 1;

	s = !strcmp(logic, "AND") ? s & c : !strcmp(logic, "OR") ? s | c : s ^ c;
	return has(o, "not_result") ? low(~s, o->bits) : s;
}

static bool int_element(const struct ref *ref, unsigned int lane, struct op *o,
			unsigned int e, uint64_t *out)
{
	uint64_t a = 0, b = 0, c = 0, d = 0;
	__int128 x, y;

	if (o->num_args > 1)
		a = int_arg(ref, lane, o, 1, e);
	if (o->num_args > 2 && !shift_op(o))
		b = int_arg(ref, lane, o, 2, e);
	if (o->num_args > 3)
		c = int_arg(ref, lane, o, 3, e);
	if (o->num_args > 4)
		d = int_arg(ref, lane, o, 4, e);
	x = o->is_signed ? (__int128)sext(a, o->bits) : (__int128)a;
	y = o->is_signed ? (__int128)sext(b, o->bits) : (__int128)b;
	if (!strcmp(o->name, "IADD") || !strcmp(o->name, "IADD_IMM"))
		*out = saturated(o, x + y);
	else if (!strcmp(o->name, "ISUB"))
		*out = saturated(o, x - y);
	else if (!strcmp(o->name, "IMUL"))
		*out = saturated(o, x * y);
	else if (!strcmp(o->name, "IMULD"))
		*out = low(a, 32) * low(b, 32);
	else if (!strcmp(o->name, "HADD"))
		*out = low((uint64_t)((x + y + has(o, "rhadd")) >> 1), o->bits);
	else if (!strcmp(o->name, "MOV"))
		*out = a;
	else if (!strcmp(o->name, "NOT_OLD"))
		*out = low(~a, o->bits);
	else if (!strcmp(o->name, "IABS"))
		*out = low((uint64_t)(x < 0 ? -x : x), o->bits);
	else if (!strcmp(o->name, "SHADDX"))
		*out = a + (b << atoi(strchr(o->arg[3], 'x') + 1));
	else if (!strcmp(o->name, "ICMP_OR"))
		*out = truth(o, compare(condition(o), x, y) || c);
	else if (!strcmp(o->name, "ICMP_AND"))
		*out = truth(o, compare(condition(o), x, y) && c);
	else if (!strcmp(o->name, "ICMP_MULTI"))
		*out = truth(o, has(o, "u1") ? compare(condition(o), x, y) :
			     x != y ? compare(condition(o), x, y) &&
				      strcmp(condition(o), "eq") : c != 0);
	else if (!strcmp(o->name, "CSEL"))
		*out = compare(condition(o), x, y) ? c : d;
	else if (!strcmp(o->name, "MUX"))
		*out = has(o, "bit") ? (a & c) | low(b & ~c, o->bits) :
		       has(o, "neg") ? (c >> (o->bits - 1) ? a : b) :
		       has(o, "fp_zero") ? (low(c, o->bits - 1) ? b : a) :
		       c ? b : a;
	else if (!strcmp(o->name, "CLZ"))
		*out = leading_zeros(o, a);
	else if (shift_op(o))
		*out = shift_logic(o, shifted(o, a, amount(ref, lane, o, e)), c);
	else
		return false;
	return true;
}

/* --- Floats --------------------------------------------------------------- */

static uint32_t clamp(const struct op *o, uint32_t v, unsigned int bits)
{
	bool low_clamp = has(o, "clamp_0_inf") || has(o, "clamp_0_1");
	bool one_clamp = has(o, "clamp_m1_1") || has(o, "clamp_0_1");
	uint32_t one = bits == 16 ? 0x3c00 : 0x3f800000, sign = 1u << (bits - 1);

	if (low_clamp && (ref_is_nan(v, bits) || v & sign))
		v = 0;
	if (one_clamp && ref_is_nan(v, bits))
		return one | sign;
	if (one_clamp && (v & ~sign) > one)
		return one | (v & sign);
	return v;
}

static const char *mode(const struct op *o)
{
	return has(o, "rtz") ? "rtz" : has(o, "rtp") ? "rtp" :
	       has(o, "rtn") ? "rtn" : "";
}

static bool is_inf(uint32_t v, unsigned int bits)
{
	return (v & ((1u << (bits - 1)) - 1)) == (bits == 16 ? 0x7c00u : 0x7f800000u);
}

static uint32_t minmax(uint32_t a, uint32_t b, unsigned int bits, bool max)
{
	quad x = ref_value(a, bits), y = ref_value(b, bits);

	if (ref_is_nan(a, bits))
		return ref_is_nan(b, bits) ? ref_nan(bits) : b;
	if (ref_is_nan(b, bits))
		return a;
	if (x == y && x == 0)
		return max ? a & b : a | b;
	return (x > y) == max ? a : b;
}

/* The integer that @v is rounded to */
static quad integral(quad v, const char *m)
{
	long double l = v, f = floorl(l);

	if (l == f)
		return f;
	if (!strcmp(m, "rtz"))
		return truncl(l);
	if (!strcmp(m, "rtp"))
		return f + 1;
	if (!strcmp(m, "rtn"))
		return f;
	if (l - f == 0.5L)
		return fmodl(f, 2) == 0 ? f : f + 1;
	return l - f > 0.5L ? f + 1 : f;
}

static uint32_t fround(const struct op *o, uint32_t a, unsigned int bits)
{
	quad r;

	if (ref_is_nan(a, bits))
		return ref_nan(bits);
	if (is_inf(a, bits))
		return a;
	r = integral(ref_value(a, bits), mode(o));
	return r == 0 ? a & 1u << (bits - 1) : ref_round(r, 0, bits, "");
}

static uint32_t ldexp_of(const struct op *o, uint32_t a, int n, unsigned int bits)
{
	quad v = ref_value(a, bits);

	if (ref_is_nan(a, bits))
		return ref_nan(bits);
	if (is_inf(a, bits) || v == 0)
		return a;
	n = n < -600 ? -600 : n > 600 ? 600 : n;
	for (; n > 0; n--)
		v *= 2;
	for (; n < 0; n++)
		v /= 2;
	return ref_round(v, 0, bits, mode(o));
}

/* Mantissa and exponent as a reduction wants them */
static uint32_t frexp_of(const struct op *o, uint32_t a, unsigned int bits, int *e)
{
	long double v = ref_value(a, bits), m = fabsl(v);
	long double lo = has(o, "sqrt") ? 0.25L : has(o, "log") ? 0.75L : 0.5L;
	long double hi = has(o, "sqrt") || !has(o, "log") ? 1 : 1.5L;
	unsigned int step = has(o, "sqrt") ? 4 : 2;

	*e = 0;
	if (ref_is_nan(a, bits))
		return ref_nan(bits);
	if (is_inf(a, bits) || v == 0)
		return a;
	for (; m >= hi; ++*e)
		m /= step;
	for (; m < lo; --*e)
		m *= step;
	return ref_round(v < 0 ? -m : m, 0, bits, "");
}

static uint32_t fma_any(const struct op *o, uint32_t a, uint32_t b, uint32_t c,
			int scale, unsigned int bits)
{
	bool zero = ref_value(a, bits) == 0 || ref_value(b, bits) == 0;

	/* What a zero factor rules out may be no number */
	if (zero && !strcmp(o->name, "FMA_RSCALE_N") && !ref_is_nan(c, bits)) {
		struct op plain = *o;

		strcpy(plain.mods, ".");
		return ldexp_of(&plain, c, scale, bits);
	}
	if (zero && !strcmp(o->name, "FMA_RSCALE_LEFT") &&
	    !ref_is_nan(a, bits) && !ref_is_nan(c, bits)) {
		struct op plain = *o;

		strcpy(plain.mods, ".");
		if (is_inf(a, bits) && is_inf(c, bits) && a != c)
			return ref_nan(bits);
		if (is_inf(a, bits))
			return a;
		if (ref_value(a, bits) != 0 && !is_inf(c, bits))
			return ref_fma(a, 0x3f800000, c, scale, bits);
		return ref_value(a, bits) == 0 && ref_value(c, bits) == 0 ?
		       a & c : ldexp_of(&plain, c, scale, bits);
	}
	if (ref_is_nan(a, bits) || ref_is_nan(b, bits) || ref_is_nan(c, bits))
		return ref_nan(bits);
	return ref_fma(a, b, c, scale, bits);
}

static int clamp_scale(uint32_t n)
{
	int32_t s = n;

	return s < -600 ? -600 : s > 600 ? 600 : s;
}

static uint32_t sum(uint32_t a, uint32_t b, unsigned int bits)
{
	return ref_is_nan(a, bits) || ref_is_nan(b, bits) ? ref_nan(bits) :
	       ref_add(a, b, bits);
}

static uint32_t sine(uint32_t n)
{
	long double v = sinl((n & 63) * (3.14159265358979323846264338327950288L / 32));

	/* Where it is exact, pi is not */
	if (n % 32 == 0)
		return 0;
	return ref_round(v, 0, 32, "");
}

static bool float_element(const struct ref *ref, unsigned int lane, struct op *o,
			  unsigned int e, uint64_t *out)
{
	unsigned int w = o->bits;
	uint32_t a = 0, b = 0, c = 0, r;
	int n;

	a = float_arg(ref, lane, o, 1, e);
	if (o->num_args > 2)
		b = *o->arg[2] == '#' ? ftz(ref, low(raw(ref, lane, o->arg[2], 0) >>
						     e * w, w), w) :
		    float_arg(ref, lane, o, 2, e);
	if (o->num_args > 3)
		c = float_arg(ref, lane, o, 3, e);
	if (!strcmp(o->name, "FADD") || !strcmp(o->name, "FADD_IMM")) {
		r = sum(a, b, w);
	} else if (!strcmp(o->name, "FMIN") || !strcmp(o->name, "FMAX")) {
		r = minmax(a, b, w, o->name[2] == 'A');
	} else if (!strcmp(o->name, "FMA")) {
		r = fma_any(o, a, b, c, 0, w);
	} else if (!strncmp(o->name, "FMA_RSCALE", 10)) {
		r = fma_any(o, a, b, c, clamp_scale(raw(ref, lane, o->arg[4], 0)),
			    w);
	} else if (!strcmp(o->name, "FROUND")) {
		r = fround(o, a, w);
	} else if (!strcmp(o->name, "FRCP") || !strcmp(o->name, "FRSQ") ||
		   !strcmp(o->name, "FLOGD")) {
		r = ref_special(o->name, a, w);
	} else if (!strcmp(o->name, "FEXP")) {
		r = ref_exp(raw(ref, lane, o->arg[1], 0), b);
	} else if (!strcmp(o->name, "FADD_LSCALE")) {
		strcat(o->mods, "log.");
		r = sum(a, frexp_of(o, b, w, &n), w);
	} else if (!strcmp(o->name, "FREXPM")) {
		r = frexp_of(o, a, w, &n);
	} else if (!strcmp(o->name, "FREXPE")) {
		frexp_of(o, a, w, &n);
		*out = low(n, w);
		return true;
	} else if (!strcmp(o->name, "LDEXP")) {
		r = ldexp_of(o, a, sext(raw(ref, lane, o->arg[2], 0) >> e * w, w),
			     w);
	} else {
		return false;
	}
	*out = ftz(ref, clamp(o, r, w), w);
	return true;
}

/* FLUSH looks at bits and nothing else; comparisons give integers */
static bool other_element(const struct ref *ref, unsigned int lane,
			  struct op *o, unsigned int e, uint64_t *out)
{
	unsigned int w = o->bits;
	uint32_t quiet = w == 16 ? 0x200 : 0x400000, a, b;

	if (!strcmp(o->name, "FLUSH")) {
		struct ref none = *ref;

		none.ftz16 = false;
		none.ftz32 = false;
		a = float_arg(&none, lane, o, 1, e);
		if (ref_is_nan(a, w))
			a = has(o, "flush_nan") ? 0 : has(o, "quiet_nan") ?
			    a | quiet : a;
		else if (has(o, "flush_inf") && is_inf(a, w))
			a--;
		else if (has(o, "ftz"))
			a = ref_flush(a, w);
		*out = a;
		return true;
	}
	a = float_arg(ref, lane, o, 1, e);
	if (o->num_args < 4)
		return false;
	b = float_arg(ref, lane, o, 2, e);
	if (!strcmp(o->name, "FCMP_OR"))
		*out = truth(o, compare_floats(condition(o), a, b, w) ||
			     element(ref, lane, o->arg[3], e, w, o->count, 0));
	else if (!strcmp(o->name, "FCMP_AND"))
		*out = truth(o, compare_floats(condition(o), a, b, w) &&
			     element(ref, lane, o->arg[3], e, w, o->count, 0));
	else if (!strcmp(o->name, "CSEL"))
		*out = element(ref, lane, o->arg[compare_floats(condition(o), a, b, w) ?
						 3 : 4], e, w, o->count, 0);
	else
		return false;
	return true;
}

/* --- What has no elements of one type ------------------------------------- */

static uint64_t to_int(const struct op *o, uint32_t v, unsigned int bits,
		       unsigned int width, bool is_signed)
{
	quad r, max = ref_value(0x3f800000, 32), min;

	for (unsigned int i = is_signed; i < width; i++)
		max *= 2;
	min = is_signed ? -max : 0;
	if (ref_is_nan(v, bits))
		return 0;
	r = is_inf(v, bits) ? (v >> (bits - 1) ? min : max) :
	    integral(ref_value(v, bits), mode(o));
	r = r < min ? min : r > max - 1 ? max - 1 : r;
	return low((uint64_t)(int64_t)r, width);
}

static uint32_t from_int(const struct op *o, int64_t v, unsigned int bits)
{
	return ref_round(v, 0, bits, mode(o));
}

static uint32_t word_to_half(const struct op *o, uint32_t v)
{
	if (ref_is_nan(v, 32))
		return clamp(o, ref_nan(16), 16);
	if (is_inf(v, 32))
		return clamp(o, v >> 16 & 0x8000 ? 0xfc00 : 0x7c00, 16);
	v = clamp(o, v, 32);
	return ref_value(v, 32) == 0 ? v >> 16 :
	       ref_round(ref_value(v, 32), 0, 16, mode(o));
}

/* "V2S16_TO_V2F16": kind and width on each side */
static bool conversion(const struct ref *ref, unsigned int lane, struct op *o,
		       uint64_t *out)
{
	char from, to;
	unsigned int fw, tw, count = o->name[0] == 'V' ? 2 : 1;
	const char *at = strstr(o->name, "_TO_");

	if (!at || sscanf(o->name + (count == 2 ? 2 : 0), "%c%u", &from, &fw) != 2 ||
	    sscanf(at + 4 + (at[4] == 'V' ? 2 : 0), "%c%u", &to, &tw) != 2)
		return false;
	*out = 0;
	for (unsigned int e = 0; e < count; e++) {
		/* Two words of floats become halves; else one source has both */
		const char *arg = o->arg[fw == 32 && count == 2 ? 1 + e : 1];
		unsigned int parts = fw == 32 ? 1 : fw == 16 ? 2 : count;
		uint64_t r;

		if (from == 'F') {
			uint32_t v = element(ref, lane, arg, fw == 32 ? 0 : e, fw,
					     parts, false);

			v = ftz(ref, signs(arg, v, fw), fw);
			if (to != 'F')
				r = to_int(o, v, fw, tw, to == 'S');
			else if (tw == 32)
				r = half_to_word(v);
			else
				r = word_to_half(o, v);
			if (to == 'F' && tw == 16)
				r = ftz(ref, r, 16);
		} else {
			int64_t v = element(ref, lane, arg, e, fw, parts,
					    from == 'S');

			if (from == 'S')
				v = sext(v, part_of(arg) && fw == 32 ? 32 : fw);
			r = to == 'F' ? from_int(o, v, tw) : low(v, tw);
		}
		*out |= r << e * tw;
	}
	return true;
}

static bool odd_ones(const struct ref *ref, unsigned int lane, struct op *o,
		     uint64_t *out)
{
	uint64_t a = raw(ref, lane, o->arg[1], false);

	if (!strcmp(o->name, "POPCOUNT")) {
		for (*out = 0; a; a >>= 1)
			*out += a & 1;
	} else if (!strcmp(o->name, "BITREV")) {
		*out = 0;
		for (unsigned int i = 0; i < 32; i++)
			*out |= (a >> i & 1) << (31 - i);
	} else if (!strcmp(o->name, "MKVEC") && strlen(o->arg[3])) {
		*out = element(ref, lane, o->arg[1], 0, 8, 1, 0) |
		       element(ref, lane, o->arg[2], 0, 8, 1, 0) << 8 |
		       low(raw(ref, lane, o->arg[3], 0), 16) << 16;
	} else if (!strcmp(o->name, "MKVEC")) {
		*out = element(ref, lane, o->arg[1], 0, 16, 2, 0) |
		       element(ref, lane, o->arg[2], 0, 16, 2, 0) << 16;
	} else if (!strcmp(o->name, "IDP")) {
		bool s = o->is_signed;
		__int128 sum = extended(raw(ref, lane, o->arg[3], 0), 32, s);
		struct op word = *o;

		if (s)
			sum = (int64_t)sum;
		for (unsigned int i = 0; i < 4; i++)
			sum += (int64_t)extended(a >> 8 * i, 8, s) *
			       (int64_t)extended(raw(ref, lane, o->arg[2], 0) >>
						 8 * i, 8, s);
		word.bits = 32;
		*out = saturated(&word, sum);
	} else if (!strcmp(o->name, "FSIN_TABLE")) {
		*out = sine(a);
	} else if (!strcmp(o->name, "FCOS_TABLE")) {
		*out = sine(a + 16);
	} else {
		return conversion(ref, lane, o, out);
	}
	return true;
}

static unsigned int group_size(const struct op *o)
{
	return has(o, "subgroup2") ? 2 : has(o, "subgroup4") ? 4 :
	       has(o, "subgroup8") ? 8 : 16;
}

static uint32_t inactive(const struct op *o)
{
	static const struct {
		const char *name;
		uint32_t val;
	} results[] = {
		{ "umax", ~0u }, { "i1", 1 }, { "v2i1", 0x10001 },
		{ "smin", 1u << 31 }, { "smax", ~0u >> 1 },
		{ "v2smin", 0x80008000 }, { "v2smax", 0x7fff7fff },
		{ "v4smin", 0x80808080 }, { "v4smax", 0x7f7f7f7f },
		{ "f1", 0x3f800000 }, { "v2f1", 0x3c003c00 },
		{ "infn", 0xff800000 }, { "inf", 0x7f800000 },
		{ "v2infn", 0xfc00fc00 }, { "v2inf", 0x7c007c00 },
	};

	for (unsigned int i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		if (has(o, results[i].name))
			return results[i].val;
	return 0;
}

static bool across(const struct ref *ref, unsigned int lane, struct op *o,
		   uint64_t *out)
{
	unsigned int size = group_size(o), base = lane / size * size;

	if (!strcmp(o->name, "WMASK")) {
		*out = 0;
		for (unsigned int i = base; i < base + size; i++)
			if (ref->mask >> i & 1 && raw(ref, i, o->arg[1], false))
				*out |= 1u << i;
		return true;
	}
	if (!strcmp(o->name, "CLPER")) {
		unsigned int from = amount(ref, lane, o, 0);

		if (has(o, "xor"))
			from ^= lane;
		from = base + from % size;
		*out = ref->mask >> from & 1 ? raw(ref, from, o->arg[1], false) :
		       inactive(o);
		return true;
	}
	return false;
}

/* --- All lanes ------------------------------------------------------------ */

static bool any_element(const struct ref *ref, unsigned int lane, struct op *o,
			unsigned int e, uint64_t *v)
{
	if (!o->is_float)
		return int_element(ref, lane, o, e, v);
	return float_element(ref, lane, o, e, v) ||
	       other_element(ref, lane, o, e, v);
}

static bool one_lane(const struct ref *ref, unsigned int lane, struct op *o,
		     uint64_t *out)
{
	unsigned int count = o->count;
	bool twice = o->is_float && o->bits == 16 && count == 1;

	if (across(ref, lane, o, out))
		return true;
	if (odd_ones(ref, lane, o, out))
		return true;
	*out = 0;
	for (unsigned int e = 0; e < count; e++) {
		uint64_t v;

		if (!any_element(ref, lane, o, e, &v))
			return false;
		*out |= v << e * o->bits % 64;
	}
	/* One half that is computed is written to both */
	if (twice)
		*out |= *out << 16;
	return true;
}

bool ref_exec(struct ref *ref, const char *text)
{
	uint64_t out[16];
	struct op o;
	unsigned int reg;
	uint32_t bits = ~0u;

	for (unsigned int i = 0; i < 16; i++) {
		parse(&o, text);
		if (!one_lane(ref, i, &o, &out[i]))
			return false;
	}
	reg = atoi(o.arg[0] + 1);
	if (strstr(o.arg[0], ".h0"))
		bits = 0xffff;
	if (strstr(o.arg[0], ".h1"))
		bits = 0xffff0000;
	/* A float that is to fill half a register becomes a half */
	for (unsigned int i = 0; i < 16 && ~bits && o.is_float && o.bits == 32; i++)
		out[i] = ftz(ref, word_to_half(&o, out[i]), 16) * 0x10001u;
	for (unsigned int i = 0; i < 16; i++) {
		if (!(ref->mask >> i & 1))
			continue;
		ref->r[i][reg] = (ref->r[i][reg] & ~bits) | (out[i] & bits);
		if (o.bits == 64)
			ref->r[i][reg + 1] = out[i] >> 32;
	}
	return true;
}
