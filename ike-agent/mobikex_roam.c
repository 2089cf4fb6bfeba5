/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_roam.h"
#include "mobikex_session.h"

#include <processing/jobs/callback_job.h>

static kernel_interface_t *kernel;

static bool is_ours(mobikex_session_t *session)
{
	return session && session->state == MOBIKEX_PINNED && session->published;
}

static bool any_is_ours(void)
{
	enumerator_t *enumerator;
	mobikex_session_t *session;
	bool found = FALSE;

	mobikex->lock->lock(mobikex->lock);
	enumerator = mobikex->sessions->create_enumerator(mobikex->sessions);
	while (!found && enumerator->enumerate(enumerator, &session))
	{
		found = is_ours(session);
	}
	enumerator->destroy(enumerator);
	mobikex->lock->unlock(mobikex->lock);
	return found;
}

static status_t roam_one(ike_sa_t *ike_sa, uint32_t address)
{
	bool ours;

	mobikex->lock->lock(mobikex->lock);
	ours = is_ours(mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa)));
	mobikex->lock->unlock(mobikex->lock);
	return ours ? SUCCESS : ike_sa->roam(ike_sa, address);
}

/**
 * As charon's roam_job_t, but one by one.
 */
CALLBACK(roam_all, job_requeue_t,
	void *address)
{
	ike_sa_manager_t *manager = charon->ike_sa_manager;
	enumerator_t *enumerator;
	ike_sa_t *ike_sa;

	enumerator = manager->create_enumerator(manager, TRUE);
	while (enumerator->enumerate(enumerator, &ike_sa))
	{
		mobikex_job_queue(ike_sa->get_unique_id(ike_sa), roam_one,
						  (uintptr_t)address, 0);
	}
	enumerator->destroy(enumerator);
	return JOB_REQUEUE_NONE;
}

static void roam(kernel_interface_t *this, bool address)
{
	if (!any_is_ours())
	{
		kernel->roam(this, address);
		return;
	}
	lib->processor->queue_job(lib->processor,
		(job_t*)callback_job_create(roam_all, (void*)(uintptr_t)address,
									NULL, NULL));
}

void mobikex_roam_install(kernel_interface_t *table, kernel_interface_t *original)
{
	kernel = original;
	table->roam = roam;
}
