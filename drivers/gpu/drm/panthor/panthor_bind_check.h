/* SPDX-License-Identifier: GPL-2.0 or MIT */
/*
 * A check that VM_BIND jobs allocate nothing, see panthor_bind_check.c.
 */
#ifndef __PANTHOR_BIND_CHECK_H__
#define __PANTHOR_BIND_CHECK_H__

struct drm_minor;

#ifdef CONFIG_DRM_PANTHOR_BIND_CHECK
int panthor_bind_check_init(void);
void panthor_bind_check_fini(void);
int panthor_bind_check_begin(void);
void panthor_bind_check_end(int section);
void panthor_bind_check_debugfs_init(struct drm_minor *minor);
#else
static inline int panthor_bind_check_init(void)
{
	return 0;
}

static inline void panthor_bind_check_fini(void)
{
}

static inline int panthor_bind_check_begin(void)
{
	return -1;
}

static inline void panthor_bind_check_end(int section)
{
}

static inline void panthor_bind_check_debugfs_init(struct drm_minor *minor)
{
}
#endif

#endif
