// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Descriptors that compute shaders need: the shader program, local storage, the
 * uniforms, the resource table and buffers.
 *
 * Facts, from Mesa's description of architecture 10:
 * - A resource table has entries of 16 bytes: an address of 56 bits, bit 56 if
 *   it is of descriptors, and its size in bytes.
 * - A buffer descriptor has type 9 in bits 0 to 3 and its kind, 1 for a simple
 *   one and 3 for one of structures, in 4 to 7; its size is word 1, its address
 *   words 2 and 3, the size of its structures word 4.
 * - A handle has the table in its top byte and the index below. Table 62 reads
 *   descriptors of table "index" as bytes.
 *
 * Invariant: nothing of a descriptor is used before it was checked; what is not
 * as it should be is DATA_INVALID with the descriptor's address.
 */
#include <string.h>

#include "warp.h"

#define DESC_SIZE		32u
#define DESC_SHADER		8u
#define DESC_BUFFER		9u
#define BUFFER_STRUCTURES	3u
#define STAGE_COMPUTE		1u
#define TABLE_ENTRY		16u
#define TABLE_AS_BYTES		62u
#define VA_MASK			((1ull << VA_BITS) - 1)

static bool invalid(struct shader_fault *fault, uint64_t va, const char *why)
{
	*fault = (struct shader_fault){
		.exception = SHADER_DATA_INVALID, .va = va, .why = why,
	};
	return false;
}

static uint64_t word64(const uint32_t *w)
{
	return w[0] | (uint64_t)w[1] << 32;
}

static bool read_bytes(struct shader_env *env, uint64_t va, void *to,
		       unsigned int len, struct shader_fault *fault)
{
	char *at = to;

	while (len) {
		unsigned int room = SHADER_PAGE_SIZE - va % SHADER_PAGE_SIZE;
		unsigned int part = room < len ? room : len;
		const char *host;

		if (va >> VA_BITS)
			return invalid(fault, va, "no address of a descriptor");
		memset(fault, 0, sizeof(*fault));
		host = env->sh->ops->map(env->ctx, PAGE_OF(va), SHADER_READ,
					 fault);
		if (!host) {
			fault->mmu = true;
			fault->access = SHADER_READ;
			fault->va = va;
			fault->why = "descriptor cannot be read";
			return false;
		}
		memcpy(at, host + va % SHADER_PAGE_SIZE, part);
		at += part;
		va += part;
		len -= part;
	}
	return true;
}

bool desc_read(struct warp *w, uint64_t va, void *to, unsigned int len)
{
	bool good = read_bytes(w->env, va, to, len, &w->fault);

	w->extra += COST_DESC * (1 + (va % SHADER_PAGE_SIZE + len - 1) / SHADER_PAGE_SIZE);
	w->fault.pc = w->pc;
	return good;
}

/* --- Buffers -------------------------------------------------------------- */

static bool read_table(struct warp *warp, uint32_t table, struct buffer *buf,
		       bool *descriptors)
{
	uint64_t srt = warp->env->srt & ~0x3full, va = srt + table * TABLE_ENTRY;
	uint32_t w[4];

	if (table >= (warp->env->srt & 0x3f))
		return warp_fault(warp, SHADER_DATA_INVALID, srt, "no such resource table");
	if (!desc_read(warp, va, w, sizeof(w)))
		return false;
	buf->va = word64(w) & ((1ull << 56) - 1);
	*descriptors = w[1] >> 24 & 1;
	buf->size = word64(w + 2) > UINT32_MAX ? UINT32_MAX : word64(w + 2);
	return true;
}

bool desc_words(struct warp *warp, uint32_t handle, uint32_t *w, uint64_t *va)
{
	uint32_t table = handle >> 24, index = handle & 0xffffff;
	struct buffer t = { 0 };
	bool descriptors;

	if (!read_table(warp, table, &t, &descriptors))
		return false;
	*va = t.va + (uint64_t)index * DESC_SIZE;
	if (!descriptors || (index + 1) * DESC_SIZE > t.size)
		return warp_fault(warp, SHADER_DATA_INVALID, *va, "no such descriptor");
	return desc_read(warp, *va, w, DESC_SIZE);
}

/* A descriptor of zeros stands for no buffer: an empty one */
static bool is_null(const uint32_t *w)
{
	for (unsigned int i = 0; i < DESC_SIZE / 4; i++)
		if (w[i])
			return false;
	return true;
}

static bool read_buffer(struct warp *warp, uint32_t handle, struct buffer *buf)
{
	bool descriptors;
	uint64_t va;
	uint32_t w[8];

	buf->stride = 1;
	if (handle >> 24 == TABLE_AS_BYTES)
		return read_table(warp, handle & 0xffffff, buf, &descriptors);
	if (!desc_words(warp, handle, w, &va))
		return false;
	if ((w[0] & 0xf) != DESC_BUFFER && !is_null(w))
		return warp_fault(warp, SHADER_DATA_INVALID, va,
				  "not the descriptor of a buffer");
	buf->size = w[1];
	buf->va = word64(w + 2);
	if ((w[0] >> 4 & 0xf) == BUFFER_STRUCTURES)
		buf->stride = w[4];
	return true;
}

bool desc_next_buffer(struct warp *w, struct buffers *b, uint32_t handle)
{
	b->valid = read_buffer(w, handle, &b->buf);
	b->handle = handle;
	return b->valid;
}

/* --- What a job is made of ------------------------------------------------ */

static bool read_program(struct shader_env *env, uint64_t va,
			 struct shader_fault *fault)
{
	uint32_t w[8], ftz, registers;

	if (!read_bytes(env, va, w, sizeof(w), fault))
		return false;
	if ((w[0] & 0xf) != DESC_SHADER || (w[0] >> 4 & 0xf) != STAGE_COMPUTE)
		return invalid(fault, va, "not a compute program");
	registers = w[0] >> 30;
	if (registers & 1)
		return invalid(fault, va, "no such number of registers");
	ftz = w[0] >> 17 & 3;
	env->half_regs = registers == 2;
	env->ftz32 = ftz != 0;
	env->ftz16 = ftz >= 2;
	env->preload = w[1];
	env->entry = word64(w + 2);
	return true;
}

static bool read_storage(struct shader_env *env, uint64_t va,
			 struct shader_fault *fault)
{
	uint32_t w[8], instances, scale;

	env->tls_base = 0;
	env->wls_base = 0;
	if (!va)
		return true;
	if (!read_bytes(env, va, w, sizeof(w), fault))
		return false;
	env->tls_size = 16ull << (w[0] & 0x1f);
	env->tls_base = word64(w + 2) & VA_MASK;
	/* In the packed mode the pointer has no low 8 bits */
	if (w[3] >> 28 == 1)
		env->tls_base = env->tls_base << 8 & VA_MASK;
	else if (w[3] >> 28)
		return invalid(fault, va, "no such mode of addresses");
	instances = w[1] & 0x1f;
	scale = w[1] >> 8 & 0x1f;
	if (instances == 31)
		return true;
	env->wls_base = word64(w + 4);
	env->wls_count = 1u << instances;
	env->wls_size = scale ? 1ull << (scale - 1) : 0;
	return true;
}

static bool read_uniforms(struct shader_env *env, uint64_t fau,
			  struct shader_fault *fault)
{
	unsigned int bytes = (fau >> 56) * 8;

	memset(env->uniforms, 0, sizeof(env->uniforms));
	if (bytes > sizeof(env->uniforms))
		return invalid(fault, fau, "too many uniforms");
	return read_bytes(env, fau & ((1ull << 56) - 1), env->uniforms, bytes,
			  fault);
}

bool desc_env(struct shader_env *env, const struct shader_job *job,
	      struct shader_fault *fault)
{
	env->srt = job->d.srt;
	return read_program(env, job->d.spd, fault) &&
	       read_storage(env, job->d.tsd, fault) &&
	       read_uniforms(env, job->d.fau, fault);
}
