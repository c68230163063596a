/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How handlers of arithmetic are written: each computes all lanes, whether they
 * execute or not, from its operands @s to its result @d.
 *
 * Invariant: an element of the result depends on the same element of the
 * operands, and is written after these were read, so that @d may be one of the
 * operands. What is not so (CLPER, results in pairs) says so in warp.c, arithmetic().
 */
#ifndef SHADER_LANES_H
#define SHADER_LANES_H

#include "softfp.h"
#include "warp.h"

#define UNUSED		__attribute__((unused))
#define HANDLER(name)							\
	static void name(UNUSED struct warp *w, UNUSED const struct insn *in, \
			 const union lanes *const *s, union lanes *d)

/* Each quarter: vectors of 16 bytes */
#define QUARTERS(i)	for (int i = 0; i < 4; i++)

/* Element by element: @field has @n of them */
#define EACH(i, n)	for (unsigned int i = 0; i < (n); i++)

/* A result for each element of field @f from those of two operands */
#define MAP2(name, f, n, type, expr)					\
	HANDLER(name)							\
	{								\
		EACH(i, n) {						\
			type a = s[0]->f[i], b = s[1]->f[i];		\
									\
			d->f[i] = (expr);				\
		}							\
	}

#define MAP1(name, f, n, type, expr)					\
	HANDLER(name)							\
	{								\
		EACH(i, n) {						\
			type a = s[0]->f[i];				\
									\
			d->f[i] = (expr);				\
		}							\
	}

/* The same by vectors */
#define VMAP2(name, f, type, expr)					\
	HANDLER(name)							\
	{								\
		QUARTERS(i) {						\
			type a = s[0]->f[i], b = s[1]->f[i];		\
									\
			d->f[i] = (expr);				\
		}							\
	}

static inline int64_t clamp_to(int64_t val, int64_t min, int64_t max)
{
	return val < min ? min : val > max ? max : val;
}

/* Words of pairs */
static inline uint64_t get64(const union lanes *const *s, unsigned int first,
			     unsigned int lane)
{
	return s[first]->u32[lane] | (uint64_t)s[first + 1]->u32[lane] << 32;
}

static inline void put64(union lanes *d, unsigned int lane, uint64_t val)
{
	d[0].u32[lane] = val;
	d[1].u32[lane] = val >> 32;
}

/* Floats of a register, as the job sees them */
static inline float f32_operand(const struct warp *w, uint32_t f)
{
	return f32_of(w->env->ftz32 ? f32_flush(f) : f);
}

static inline float f16_operand(const struct warp *w, uint16_t f)
{
	return f32_of(f16_to_f32(w->env->ftz16 ? f16_flush(f) : f));
}

/* And what becomes of a result that was rounded */
static inline uint32_t f32_result(const struct warp *w, uint32_t f)
{
	return w->env->ftz32 ? f32_flush(f) : f;
}

static inline uint16_t f16_result(const struct warp *w, uint16_t f)
{
	return w->env->ftz16 ? f16_flush(f) : f;
}

#endif /* SHADER_LANES_H */
