/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * KUnit tests of what VM_BIND reserves, included by msm_gem_vma.c.  Jobs are
 * prepared as the ioctl does it, and run and freed as the scheduler does, or not;
 * what is reserved and mapped is then asked of a real pgtable.
 */

#include <drm/drm_kunit_helpers.h>
#include <kunit/device.h>

#include "msm_kunit.h"

#define BASE	((u64)SZ_1G)
#define NR	16

struct msm_vma_env {
	struct msm_drm_private *priv;
	struct drm_device *drm;
	struct drm_gpuvm *vm;
	struct msm_mmu *mmu;
	struct io_pgtable_ops *ops;
	struct msm_gpu_submitqueue queue;
	unsigned int freed;
};

static void test_obj_free(struct drm_gem_object *obj)
{
	struct msm_gem_object *msm_obj = to_msm_bo(obj);

	((struct msm_vma_env *)msm_obj->metadata)->freed++;
	__free_pages(sg_page(msm_obj->sgt->sgl), get_order(NR * PAGE_SIZE));
	sg_free_table(msm_obj->sgt);
	kfree(msm_obj->sgt);
	drm_gem_object_release(obj);
	kfree(msm_obj);
}

static const struct drm_gem_object_funcs test_obj_funcs = {
	.free = test_obj_free,
};

static struct drm_gem_object *make_obj(struct kunit *test, struct msm_vma_env *env)
{
	struct msm_gem_object *msm_obj = kzalloc_obj(*msm_obj);

	KUNIT_ASSERT_NOT_NULL(test, msm_obj);
	drm_gem_private_object_init(env->drm, &msm_obj->base, NR * PAGE_SIZE);
	msm_obj->base.funcs = &test_obj_funcs;
	msm_obj->metadata = env;
	msm_obj->sgt = kzalloc_obj(*msm_obj->sgt);
	KUNIT_ASSERT_NOT_NULL(test, msm_obj->sgt);
	KUNIT_ASSERT_EQ(test, 0, sg_alloc_table(msm_obj->sgt, 1, GFP_KERNEL));
	sg_set_page(msm_obj->sgt->sgl, alloc_pages(GFP_KERNEL, get_order(NR * PAGE_SIZE)),
		    NR * PAGE_SIZE, 0);
	/* Nobody looks into it */
	msm_obj->pages = (struct page **)msm_obj;
	return &msm_obj->base;
}

static struct msm_vma_env *make_env(struct kunit *test)
{
	struct msm_vma_env *env = kunit_kzalloc(test, sizeof(*env), GFP_KERNEL);
	struct device *dev = drm_kunit_helper_alloc_device(test);

	KUNIT_ASSERT_NOT_NULL(test, env);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, dev);
	env->drm = __drm_kunit_helper_alloc_drm_device(test, dev, sizeof(*env->drm), 0,
						       DRIVER_GEM);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, env->drm);
	env->priv = kunit_kzalloc(test, sizeof(*env->priv), GFP_KERNEL);
	KUNIT_ASSERT_NOT_NULL(test, env->priv);
	env->drm->dev_private = env->priv;
	drm_gem_lru_init(&env->priv->lru.pinned);
	drm_gem_lru_init(&env->priv->lru.willneed);

	env->mmu = msm_kunit_mmu(test, kunit_device_register(test, "smmu"));
	env->ops = msm_kunit_pgtable(env->mmu);
	env->vm = msm_gem_vm_create(env->drm, env->mmu, "kunit", SZ_16M, BIT_ULL(40), false);
	KUNIT_ASSERT_NOT_ERR_OR_NULL(test, env->vm);
	return env;
}

/* Whatever happened, no reservation is left when the VM goes */
static void close_env(struct kunit *test, struct msm_vma_env *env)
{
	struct io_pgtable_reserve_stats stats;

	msm_gem_vm_close(env->vm);
	io_pgtable_reserve_stats(env->ops, &stats);
	KUNIT_EXPECT_EQ(test, 0, stats.pages);
	KUNIT_EXPECT_EQ(test, 0, atomic_read(&to_msm_vm(env->vm)->in_flight));
	drm_gpuvm_put(env->vm);
}

static u64 reserved(struct msm_vma_env *env)
{
	struct io_pgtable_reserve_stats stats;

	io_pgtable_reserve_stats(env->ops, &stats);
	return stats.pages;
}

static bool is_mapped(struct msm_vma_env *env, unsigned int page,
		      struct drm_gem_object *obj, unsigned int obj_page)
{
	return env->ops->iova_to_phys(env->ops, BASE + page * PAGE_SIZE) ==
	       (obj ? sg_phys(to_msm_bo(obj)->sgt->sgl) + obj_page * PAGE_SIZE : 0);
}

/* MAP, or UNMAP if there is no object, of pages of the range that is looked at */
static struct msm_vm_bind_op bind(struct drm_gem_object *obj, unsigned int page, unsigned int nr)
{
	return (struct msm_vm_bind_op) {
		.op = obj ? MSM_VM_BIND_OP_MAP : MSM_VM_BIND_OP_UNMAP,
		.obj = obj,
		.iova = BASE + page * PAGE_SIZE,
		.range = nr * PAGE_SIZE,
	};
}

static struct msm_vm_bind_job *make_job(struct kunit *test, struct msm_vma_env *env,
					const struct msm_vm_bind_op *ops, unsigned int nr)
{
	struct msm_vm_bind_job *job = kzalloc_flex(*job, ops, nr, GFP_KERNEL);

	KUNIT_ASSERT_NOT_NULL(test, job);
	job->vm = env->vm;
	job->queue = &env->queue;
	job->in_flight = nr;
	atomic_add(nr, &to_msm_vm(env->vm)->in_flight);
	INIT_LIST_HEAD(&job->vm_ops);
	for (job->nr_ops = 0; job->nr_ops < nr; job->nr_ops++) {
		job->ops[job->nr_ops] = ops[job->nr_ops];
		if (ops[job->nr_ops].obj)
			drm_gem_object_get(ops[job->nr_ops].obj);
	}
	return job;
}

/* As the ioctl does it. Maps beyond the size of the VM fail half-way */
static int prepare(struct kunit *test, struct msm_vm_bind_job *job, u64 size)
{
	u64 all = job->vm->mm_range;
	struct drm_exec exec;
	int ret;

	KUNIT_ASSERT_EQ(test, 0, vm_bind_job_reserve(job));
	drm_exec_init(&exec, DRM_EXEC_IGNORE_DUPLICATES, 0);
	KUNIT_ASSERT_EQ(test, 0, vm_bind_job_lock_objects(job, &exec));
	KUNIT_ASSERT_EQ(test, 0, vm_bind_job_pin_objects(job));
	job->vm->mm_range = size;
	ret = vm_bind_job_prepare(job);
	job->vm->mm_range = all;
	if (ret)
		vm_bind_job_unpin_objects(job);
	drm_exec_fini(&exec);
	return ret;
}

static struct msm_vm_bind_job *queue_op(struct kunit *test, struct msm_vma_env *env,
					struct msm_vm_bind_op op)
{
	struct msm_vm_bind_job *job = make_job(test, env, &op, 1);

	KUNIT_ASSERT_EQ(test, 0, prepare(test, job, env->vm->mm_range));
	return job;
}

static void free_job(struct msm_vm_bind_job *job)
{
	struct drm_gem_object *obj;

	vm_bind_job_finish(job);
	job_foreach_bo(obj, job)
		drm_gem_object_put(obj);
	kfree(job);
}

static void run_job(struct msm_vm_bind_job *job)
{
	msm_vma_job_run(&job->base);
	free_job(job);
}

static void run_op(struct kunit *test, struct msm_vma_env *env, struct msm_vm_bind_op op)
{
	run_job(queue_op(test, env, op));
}

/* As the shrinker does it, and drm_gpuvm_validate(), for each VMA of the VM */
static void evict(struct msm_vma_env *env, bool back)
{
	struct drm_gpuva *vma;

	drm_gpuvm_for_each_va(vma, env->vm) {
		if (back)
			msm_gem_vma_map(vma, IOMMU_READ, to_msm_bo(vma->gem.obj)->sgt);
		else
			msm_gem_vma_unmap(vma, "evict");
	}
}

static void reserved_from_ioctl_to_unmap(struct kunit *test)
{
	struct msm_vma_env *env = make_env(test);
	struct drm_gem_object *obj = make_obj(test, env);
	struct msm_vm_bind_job *job;

	job = queue_op(test, env, bind(obj, 0, NR));
	KUNIT_EXPECT_EQ(test, NR, reserved(env));
	KUNIT_EXPECT_TRUE(test, is_mapped(env, 0, NULL, 0));
	run_job(job);
	KUNIT_EXPECT_EQ(test, NR, reserved(env));
	KUNIT_EXPECT_TRUE(test, is_mapped(env, NR - 1, obj, NR - 1));

	/* Its VMA is gone, the GPU still has it: neither tables nor pages go */
	job = queue_op(test, env, bind(NULL, 0, NR));
	KUNIT_EXPECT_EQ(test, NR, reserved(env));
	KUNIT_EXPECT_TRUE(test, is_mapped(env, 0, obj, 0));
	KUNIT_EXPECT_EQ(test, 1, to_msm_bo(obj)->pin_count);
	drm_gem_object_put(obj);
	KUNIT_EXPECT_EQ(test, 0, env->freed);
	run_job(job);
	KUNIT_EXPECT_EQ(test, 0, reserved(env));
	KUNIT_EXPECT_TRUE(test, is_mapped(env, 0, NULL, 0));
	KUNIT_EXPECT_EQ(test, 1, env->freed);
	close_env(test, env);
}

static void cuts_share_the_reservation(struct kunit *test)
{
	struct msm_vma_env *env = make_env(test);
	struct drm_gem_object *obj = make_obj(test, env), *other = make_obj(test, env);
	struct msm_vm_bind_job *job;

	run_op(test, env, bind(obj, 0, NR));
	job = queue_op(test, env, bind(other, 4, 2));
	KUNIT_EXPECT_EQ(test, NR + 2, reserved(env));
	run_job(job);
	KUNIT_EXPECT_EQ(test, NR, reserved(env));
	KUNIT_EXPECT_TRUE(test, is_mapped(env, 3, obj, 3));
	KUNIT_EXPECT_TRUE(test, is_mapped(env, 4, other, 0));
	KUNIT_EXPECT_TRUE(test, is_mapped(env, 6, obj, 6));

	/* The end of one, all of the next, and the start of the third */
	run_op(test, env, bind(NULL, 2, 6));
	KUNIT_EXPECT_EQ(test, NR - 6, reserved(env));
	KUNIT_EXPECT_TRUE(test, is_mapped(env, 1, obj, 1));
	KUNIT_EXPECT_TRUE(test, is_mapped(env, 2, NULL, 0));
	KUNIT_EXPECT_TRUE(test, is_mapped(env, 7, NULL, 0));
	KUNIT_EXPECT_TRUE(test, is_mapped(env, 8, obj, 8));
	drm_gem_object_put(obj);
	drm_gem_object_put(other);
	close_env(test, env);
	KUNIT_EXPECT_EQ(test, 2, env->freed);
}

static void kept_maps_give_back_theirs(struct kunit *test)
{
	struct msm_vma_env *env = make_env(test);
	struct drm_gem_object *obj = make_obj(test, env);

	run_op(test, env, bind(obj, 0, NR));
	run_op(test, env, bind(obj, 0, NR));
	KUNIT_EXPECT_EQ(test, NR, reserved(env));
	KUNIT_EXPECT_TRUE(test, is_mapped(env, 5, obj, 5));
	drm_gem_object_put(obj);
	close_env(test, env);
}

static void evicted_keep_and_release(struct kunit *test)
{
	struct msm_vma_env *env = make_env(test);
	struct drm_gem_object *obj = make_obj(test, env);

	run_op(test, env, bind(obj, 0, NR));
	evict(env, false);
	KUNIT_EXPECT_EQ(test, NR, reserved(env));
	KUNIT_EXPECT_TRUE(test, is_mapped(env, 0, NULL, 0));

	/* A part goes while it is evicted, and the rest comes back */
	run_op(test, env, bind(NULL, 4, 4));
	KUNIT_EXPECT_EQ(test, NR - 4, reserved(env));
	evict(env, true);
	KUNIT_EXPECT_TRUE(test, is_mapped(env, 3, obj, 3));
	KUNIT_EXPECT_TRUE(test, is_mapped(env, 4, NULL, 0));
	KUNIT_EXPECT_TRUE(test, is_mapped(env, 8, obj, 8));

	/* All of one piece */
	evict(env, false);
	run_op(test, env, bind(NULL, 0, 4));
	KUNIT_EXPECT_EQ(test, NR - 8, reserved(env));
	KUNIT_EXPECT_EQ(test, 0, to_msm_bo(obj)->pin_count);
	drm_gem_object_put(obj);
	close_env(test, env);
	KUNIT_EXPECT_EQ(test, 1, env->freed);
}

/* Of three jobs, two are killed and freed before the first one runs */
static void not_run_is_unmapped_and_not_mapped(struct kunit *test)
{
	struct msm_vma_env *env = make_env(test);
	struct drm_gem_object *obj = make_obj(test, env);
	struct msm_vm_bind_job *first, *second, *third;

	run_op(test, env, bind(obj, 0, 4));
	first = queue_op(test, env, bind(obj, 8, 4));
	second = queue_op(test, env, bind(NULL, 0, NR));
	third = queue_op(test, env, bind(obj, 12, 2));
	KUNIT_EXPECT_EQ(test, 10, reserved(env));

	free_job(second);
	KUNIT_EXPECT_TRUE(test, to_msm_vm(env->vm)->unusable);
	free_job(third);
	/* Its VMA is there until the VM is closed, and holds them */
	KUNIT_EXPECT_EQ(test, 2, reserved(env));
	KUNIT_EXPECT_TRUE(test, is_mapped(env, 0, NULL, 0));
	run_job(first);
	KUNIT_EXPECT_TRUE(test, is_mapped(env, 8, NULL, 0));
	KUNIT_EXPECT_TRUE(test, is_mapped(env, 12, NULL, 0));
	KUNIT_EXPECT_EQ(test, 0, to_msm_bo(obj)->pin_count);

	drm_gem_object_put(obj);
	close_env(test, env);
	KUNIT_EXPECT_EQ(test, 1, env->freed);
}

/* The second of three operations fails, when the first one has unmapped something */
static void failed_ioctls_release_all(struct kunit *test)
{
	struct msm_vma_env *env = make_env(test);
	struct drm_gem_object *obj = make_obj(test, env);
	struct msm_vm_bind_op ops[3] = { bind(NULL, 0, 4), bind(obj, 8, 2), bind(obj, 10, 4) };
	struct msm_vm_bind_job *job;

	run_op(test, env, bind(obj, 0, 6));
	job = make_job(test, env, ops, 3);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			prepare(test, job, BASE - env->vm->mm_start + 8 * PAGE_SIZE));
	KUNIT_EXPECT_EQ(test, 6 + 2 + 4, reserved(env));
	free_job(job);
	KUNIT_EXPECT_TRUE(test, to_msm_vm(env->vm)->unusable);
	KUNIT_EXPECT_EQ(test, 2, reserved(env));
	KUNIT_EXPECT_TRUE(test, is_mapped(env, 0, NULL, 0));
	KUNIT_EXPECT_TRUE(test, is_mapped(env, 4, obj, 4));
	KUNIT_EXPECT_EQ(test, 0, to_msm_bo(obj)->pin_count);
	drm_gem_object_put(obj);
	close_env(test, env);
}

/* The second of the VMAs that take the place of the one that is cut cannot be made */
static void failed_cuts_unmap_what_has_no_vma(struct kunit *test)
{
	struct msm_vma_env *env = make_env(test);
	struct drm_gem_object *obj = make_obj(test, env);
	struct msm_vm_bind_op op = bind(NULL, 4, 4);
	struct msm_vm_bind_job *job;

	run_op(test, env, bind(obj, 0, NR));
	job = make_job(test, env, &op, 1);
	KUNIT_EXPECT_EQ(test, -EINVAL,
			prepare(test, job, BASE - env->vm->mm_start + 8 * PAGE_SIZE));
	free_job(job);
	KUNIT_EXPECT_TRUE(test, to_msm_vm(env->vm)->unusable);
	KUNIT_EXPECT_EQ(test, 4, reserved(env));
	KUNIT_EXPECT_TRUE(test, is_mapped(env, 3, obj, 3));
	KUNIT_EXPECT_TRUE(test, is_mapped(env, 4, NULL, 0));
	KUNIT_EXPECT_TRUE(test, is_mapped(env, 8, NULL, 0));
	drm_gem_object_put(obj);
	close_env(test, env);
	KUNIT_EXPECT_EQ(test, 1, env->freed);
}

/* What a client asks for, of an object that it knows as number 1 */
static int look_up(struct kunit *test, struct msm_vma_env *env, struct drm_gem_object *obj,
		   struct drm_msm_vm_bind_op op)
{
	struct msm_vm_bind_job *job = kzalloc_flex(*job, ops, 1, GFP_KERNEL);
	struct drm_msm_vm_bind args = { .nr_ops = 1, .op = op };
	static struct drm_file file = {
		.object_idr = IDR_INIT_BASE(file.object_idr, 1),
		.table_lock = __SPIN_LOCK_UNLOCKED(file.table_lock),
	};
	int ret, nr_bos = 0;

	KUNIT_ASSERT_NOT_NULL(test, job);
	KUNIT_ASSERT_EQ(test, 1, idr_alloc(&file.object_idr, obj, 1, 0, GFP_KERNEL));
	job->vm = env->vm;
	ret = vm_bind_job_lookup_ops(job, &args, &file, &nr_bos);
	KUNIT_EXPECT_EQ(test, !ret, nr_bos);
	KUNIT_EXPECT_EQ(test, !ret, job->nr_ops);
	if (!ret)
		KUNIT_EXPECT_PTR_EQ(test, obj, job->ops[0].obj);

	/* As msm_vma_job_free() does it */
	job_foreach_bo(obj, job)
		drm_gem_object_put(obj);
	kfree(job);
	idr_destroy(&file.object_idr);
	return ret;
}

static void only_objects_are_put(struct kunit *test)
{
	struct msm_vma_env *env = make_env(test);
	struct drm_gem_object *obj = make_obj(test, env);
	struct drm_msm_vm_bind_op op = {
		.op = MSM_VM_BIND_OP_MAP, .handle = 1, .iova = BASE, .range = NR * PAGE_SIZE,
	};

	KUNIT_EXPECT_EQ(test, 0, look_up(test, env, obj, op));
	op.handle = 2;
	KUNIT_EXPECT_EQ(test, -EINVAL, look_up(test, env, obj, op));
	op.handle = 1;
	op.range += PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, -EINVAL, look_up(test, env, obj, op));
	op.range = PAGE_SIZE;
	op.obj_offset = (NR - 1) * PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, 0, look_up(test, env, obj, op));
	op.obj_offset += PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, -EINVAL, look_up(test, env, obj, op));

	/* Their sum is a page */
	op.range = 2 * PAGE_SIZE;
	op.obj_offset = -PAGE_SIZE;
	KUNIT_EXPECT_EQ(test, -EINVAL, look_up(test, env, obj, op));
	KUNIT_EXPECT_EQ(test, 1, kref_read(&obj->refcount));
	drm_gem_object_put(obj);
	close_env(test, env);
}

/* A job that was killed has its queue until what it waits for is there */
static void queues_keep_the_scheduler(struct kunit *test)
{
	struct msm_vma_env *env = make_env(test);
	struct drm_gpu_scheduler *sched = &to_msm_vm(env->vm)->sched;
	struct drm_sched_entity entity = {};

	KUNIT_ASSERT_EQ(test, 0, drm_sched_entity_init(&entity, DRM_SCHED_PRIORITY_KERNEL,
						       &sched, 1, NULL));
	drm_gpuvm_get(env->vm);
	close_env(test, env);
	KUNIT_EXPECT_TRUE(test, sched->ready);
	drm_sched_entity_destroy(&entity);
	drm_gpuvm_put(env->vm);
}

static struct kunit_case msm_gem_vma_cases[] = {
	KUNIT_CASE(reserved_from_ioctl_to_unmap),
	KUNIT_CASE(cuts_share_the_reservation),
	KUNIT_CASE(kept_maps_give_back_theirs),
	KUNIT_CASE(evicted_keep_and_release),
	KUNIT_CASE(not_run_is_unmapped_and_not_mapped),
	KUNIT_CASE(failed_ioctls_release_all),
	KUNIT_CASE(failed_cuts_unmap_what_has_no_vma),
	KUNIT_CASE(only_objects_are_put),
	KUNIT_CASE(queues_keep_the_scheduler),
	{}
};

static struct kunit_suite msm_gem_vma_suite = {
	.name = "msm-reserve-vm-bind",
	.test_cases = msm_gem_vma_cases,
};

kunit_test_suite(msm_gem_vma_suite);
