// SPDX-License-Identifier: GPL-2.0

#include <linux/dma-fence.h>
#include <linux/list.h>
#include <linux/workqueue.h>

#include "sched_tests.h"

/*
 * Who submits a job, or signals its fence, looks whether the scheduler is stopped and
 * then queues its work. If it is stopped in between, the work comes after all that
 * drm_sched_wqueue_stop() has cancelled. These tests queue it then.
 */

static int drm_sched_stop_test_init(struct kunit *test)
{
	test->priv = drm_mock_sched_new(test, MAX_SCHEDULE_TIMEOUT);

	return 0;
}

static void drm_sched_stop_test_exit(struct kunit *test)
{
	drm_mock_sched_fini(test->priv);
}

static void drm_sched_stop_late(struct drm_mock_scheduler *sched, struct work_struct *work)
{
	queue_work(sched->base.submit_wq, work);
	flush_work(work);
}

static void drm_sched_stop_late_run(struct kunit *test)
{
	struct drm_mock_scheduler *sched = test->priv;
	struct drm_mock_sched_entity *entity =
		drm_mock_sched_entity_new(test, DRM_SCHED_PRIORITY_NORMAL, sched);
	struct drm_mock_sched_job *job = drm_mock_sched_job_new(test, entity);

	drm_sched_wqueue_stop(&sched->base);
	drm_mock_sched_job_submit(job);
	drm_sched_stop_late(sched, &sched->base.work_run_job);
	KUNIT_EXPECT_FALSE(test, dma_fence_is_signaled(&job->base.s_fence->scheduled));
	KUNIT_EXPECT_TRUE(test, list_empty(&sched->base.pending_list));

	drm_sched_wqueue_start(&sched->base);
	KUNIT_ASSERT_TRUE(test, drm_mock_sched_job_wait_scheduled(job, HZ));
	KUNIT_ASSERT_EQ(test, drm_mock_sched_advance(sched, 1), 1);
	KUNIT_ASSERT_TRUE(test, drm_mock_sched_job_wait_finished(job, HZ));

	drm_mock_sched_entity_free(entity);
}

static void drm_sched_stop_late_free(struct kunit *test)
{
	struct drm_mock_scheduler *sched = test->priv;
	struct drm_mock_sched_entity *entity =
		drm_mock_sched_entity_new(test, DRM_SCHED_PRIORITY_NORMAL, sched);
	struct drm_mock_sched_job *job = drm_mock_sched_job_new(test, entity);

	drm_mock_sched_job_submit(job);
	KUNIT_ASSERT_TRUE(test, drm_mock_sched_job_wait_scheduled(job, HZ));

	drm_sched_wqueue_stop(&sched->base);
	KUNIT_ASSERT_EQ(test, drm_mock_sched_advance(sched, 1), 1);
	KUNIT_ASSERT_TRUE(test, drm_mock_sched_job_wait_finished(job, HZ));
	drm_sched_stop_late(sched, &sched->base.work_free_job);
	KUNIT_EXPECT_FALSE(test, list_empty(&sched->base.pending_list));

	drm_sched_wqueue_start(&sched->base);
	flush_work(&sched->base.work_free_job);
	KUNIT_EXPECT_TRUE(test, list_empty(&sched->base.pending_list));

	drm_mock_sched_entity_free(entity);
}

static struct kunit_case drm_sched_stop_tests[] = {
	KUNIT_CASE(drm_sched_stop_late_run),
	KUNIT_CASE(drm_sched_stop_late_free),
	{}
};

static struct kunit_suite drm_sched_stop_suite = {
	.name = "drm_sched_stop_tests",
	.init = drm_sched_stop_test_init,
	.exit = drm_sched_stop_test_exit,
	.test_cases = drm_sched_stop_tests,
};

kunit_test_suite(drm_sched_stop_suite);
