// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Memory of an address space, read and written through the MMU.
 *
 * Invariant: a write checks every page before it changes any. A bus error of the
 * access itself is GPU_BUS_FAULT.
 */
#include <string.h>

#include "mmu_parts.h"

static size_t page_part(uint64_t va, size_t len)
{
	size_t left = MALI_PAGE_SIZE - (va & ~MALI_PAGE_MASK);

	return len < left ? len : left;
}

enum mali_mmu_result mali_mmu_read(struct mali_mmu *mmu, unsigned int as,
				   uint64_t va, void *buf, size_t len,
				   enum mali_mmu_access access,
				   struct mali_mmu_fault *fault)
{
	uint8_t *to = buf;

	while (len) {
		size_t n = page_part(va, len);
		struct mali_mmu_xlat x;
		enum mali_mmu_result r;

		r = mali_mmu_translate(mmu, as, va, access, &x, fault);
		if (r != MALI_MMU_OK)
			return r;
		if (x.page)
			memcpy(to, x.page + (va & ~MALI_PAGE_MASK), n);
		else if (mali_mem_read(mmu->mem, x.pa, to, n))
			return mmu_make_fault(fault, va, access,
					  MALI_EXC_GPU_BUS_FAULT);
		va += n;
		to += n;
		len -= n;
	}
	return MALI_MMU_OK;
}

/* Would a write be let through? The access may end in a later page. */
static enum mali_mmu_result check_pages(struct mali_mmu *mmu, unsigned int as,
					uint64_t va, size_t len,
					enum mali_mmu_access access,
					struct mali_mmu_fault *fault)
{
	while (len) {
		size_t n = page_part(va, len);
		struct mali_mmu_xlat x;
		enum mali_mmu_result r;

		r = mali_mmu_translate(mmu, as, va, access, &x, fault);
		if (r != MALI_MMU_OK)
			return r;
		va += n;
		len -= n;
	}
	return MALI_MMU_OK;
}

/* A write within a page */
static inline enum mali_mmu_result
write_page(struct mali_mmu *mmu, unsigned int as, uint64_t va, const void *buf,
	   size_t len, enum mali_mmu_access access,
	   struct mali_mmu_fault *fault)
{
	struct mali_mmu_xlat x;
	enum mali_mmu_result r;

	r = mali_mmu_translate(mmu, as, va, access, &x, fault);
	if (r != MALI_MMU_OK)
		return r;
	if (mali_mem_write(mmu->mem, x.pa, buf, len))
		return mmu_make_fault(fault, va, access, MALI_EXC_GPU_BUS_FAULT);
	return MALI_MMU_OK;
}

/*
 * Translating again what check_pages() let through can fail only when the
 * write changes the very tables that map it.
 */
static enum mali_mmu_result
write_pages(struct mali_mmu *mmu, unsigned int as, uint64_t va,
	    const uint8_t *from, size_t len, enum mali_mmu_access access,
	    struct mali_mmu_fault *fault)
{
	enum mali_mmu_result r;

	r = check_pages(mmu, as, va, len, access, fault);
	while (r == MALI_MMU_OK && len) {
		size_t n = page_part(va, len);

		r = write_page(mmu, as, va, from, n, access, fault);
		va += n;
		from += n;
		len -= n;
	}
	return r;
}

enum mali_mmu_result mali_mmu_write(struct mali_mmu *mmu, unsigned int as,
				    uint64_t va, const void *buf, size_t len,
				    enum mali_mmu_access access,
				    struct mali_mmu_fault *fault)
{
	if (!len || page_part(va, len) != len)
		return write_pages(mmu, as, va, buf, len, access, fault);
	return write_page(mmu, as, va, buf, len, access, fault);
}

/*
 * There is no pointer while a bus error is armed there: then this is an access, and
 * fails as one.
 */
static uint8_t *page_by_access(struct mali_mmu *mmu, uint64_t pa)
{
	uint8_t bytes[MALI_PAGE_SIZE];

	pa &= MALI_PAGE_MASK;
	if (mali_mem_read(mmu->mem, pa, bytes, sizeof(bytes)))
		return NULL;
	return mali_page_ptr(mmu->base, pa);
}

enum mali_mmu_result mali_mmu_page(struct mali_mmu *mmu, unsigned int as,
				   uint64_t va, enum mali_mmu_access access,
				   uint8_t **page, struct mali_mmu_fault *fault)
{
	struct mali_mmu_xlat x;
	enum mali_mmu_result r;

	r = mali_mmu_translate(mmu, as, va, access, &x, fault);
	if (r != MALI_MMU_OK)
		return r;
	*page = x.page ? x.page : page_by_access(mmu, x.pa);
	if (!*page)
		return mmu_make_fault(fault, va, access, MALI_EXC_GPU_BUS_FAULT);
	return MALI_MMU_OK;
}
