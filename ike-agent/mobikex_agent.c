/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_agent.h"
#include "mobikex_hello.h"
#include "mobikex_link.h"
#include "mobikex_orphan.h"
#include "mobikex_probe.h"
#include "mobikex_session.h"
#include "mobikex_watch.h"

#include <load.h>

#include <errno.h>
#include <net/if.h>
#include <string.h>
#include <time.h>
#include <bpf/libbpf.h>
#include <xdp/libxdp.h>
#include <processing/jobs/callback_job.h>

mobikex_agent_t *mobikex;

uint64_t mobikex_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000000000ULL + ts.tv_nsec;
}

void mobikex_event(uint32_t session, enum segue_event_type type,
				   enum segue_reason reason)
{
	struct segue_event event = {
		.ns = mobikex_now(),
		.type = type,
		.reason = reason,
		.from = SEGUE_NO_PATH,
		.to = SEGUE_NO_PATH,
		.session = session,
	};

	if (mobikex->segue)
	{
		segue_event_emit(mobikex->segue, &event);
	}
}

/**
 * What a queued job carries
 */
typedef struct {
	uint32_t ike;
	mobikex_job_t job;
	uint32_t data;
} job_data_t;

CALLBACK(run, job_requeue_t,
	job_data_t *this)
{
	ike_sa_manager_t *manager = charon->ike_sa_manager;
	ike_sa_t *ike_sa;

	ike_sa = manager->checkout_by_id(manager, this->ike);
	if (ike_sa)
	{
		if (this->job(ike_sa, this->data) == DESTROY_ME)
		{
			manager->checkin_and_destroy(manager, ike_sa);
		}
		else
		{
			manager->checkin(manager, ike_sa);
		}
	}
	return JOB_REQUEUE_NONE;
}

void mobikex_job_queue(uint32_t ike, mobikex_job_t function, uint32_t data,
					   uint32_t delay_ms)
{
	job_data_t *this;
	job_t *job;

	INIT(this,
		.ike = ike,
		.job = function,
		.data = data,
	);
	job = (job_t*)callback_job_create_with_prio((callback_job_cb_t)run, this,
												free, NULL, JOB_PRIO_HIGH);
	if (delay_ms)
	{
		lib->scheduler->schedule_job_ms(lib->scheduler, job, delay_ms);
	}
	else
	{
		lib->processor->queue_job(lib->processor, job);
	}
}

bool mobikex_agent_attach(void)
{
	struct segue *segue = NULL;
	int err;

	if (mobikex->segue)
	{
		return TRUE;
	}
	err = segue_open(mobikex->pin_dir, &segue);
	if (err)
	{
		DBG2(DBG_KNL, "segue: no maps: %s", strerror(-err));
		return FALSE;
	}
	mobikex->device = if_nametoindex(SEGUE_DEVICE);
	if (!mobikex->device)
	{	/* attach or detach is half way through */
		segue_close(segue);
		return FALSE;
	}
	if (segue_loaded_features(mobikex->pin_dir, &mobikex->watched))
	{
		mobikex->watched = 0;
	}
	mobikex->segue = segue;
	mobikex_watch_events();	/* first: what comes after it is told of */
	mobikex_links_load();
	uplink_routes(mobikex->segue, mobikex->rtnl);
	mobikex_orphans_load();
	segue_probe_keys_prune(mobikex->segue);	/* before their numbers are given again */
	mobikex_sessions_publish();
	DBG1(DBG_KNL, "segue: attached, %d devices, %d sessions, %d left by an "
		 "earlier charon", mobikex->links->get_count(mobikex->links),
		 mobikex->sessions->get_count(mobikex->sessions),
		 mobikex->orphans->get_count(mobikex->orphans));
	return TRUE;
}

void mobikex_agent_detach(void)
{
	if (!mobikex->segue)
	{
		return;
	}
	DBG1(DBG_KNL, "segue: detached, SAs stay on the addresses the kernel has");
	mobikex_sessions_unpublish();
	mobikex_orphans_flush();
	mobikex_links_flush();
	segue_close(mobikex->segue);
	mobikex->segue = NULL;
	mobikex->device = 0;
}

/**
 * What libbpf and libxdp have to say belongs into the log, not on stderr.
 */
static void to_log(const char *format, va_list args)
{
	char line[256];

	vsnprintf(line, sizeof(line), format, args);
	line[strcspn(line, "\n")] = '\0';
	DBG2(DBG_KNL, "segue: %s", line);
}

static int bpf_print(enum libbpf_print_level level, const char *format,
					 va_list args)
{
	if (level != LIBBPF_DEBUG)
	{
		to_log(format, args);
	}
	return 0;
}

static int xdp_print(enum libxdp_print_level level, const char *format,
					 va_list args)
{
	if (level != LIBXDP_DEBUG)
	{
		to_log(format, args);
	}
	return 0;
}

/**
 * A setting of this plugin
 */
static uint32_t setting(char *name, uint32_t def)
{
	char key[64];
	int value;

	snprintf(key, sizeof(key), "%%s.plugins.mobikex.%s", name);
	value = lib->settings->get_int(lib->settings, key, def, lib->ns);
	return value < 0 ? def : value;
}

bool mobikex_agent_create(void)
{
	struct rtnl *rtnl;
	int err;

	libbpf_set_print(bpf_print);
	libxdp_set_print(xdp_print);
	err = rtnl_open(&rtnl);
	if (err)
	{
		DBG1(DBG_KNL, "segue: no rtnetlink socket: %s", strerror(-err));
		return FALSE;
	}
	INIT(mobikex,
		.lock = mutex_create(MUTEX_TYPE_RECURSIVE),
		.rtnl = rtnl,
		.sessions = linked_list_create(),
		.sas = linked_list_create(),
		.links = linked_list_create(),
		.routes = linked_list_create(),
		.hellos = linked_list_create(),
		.orphans = linked_list_create(),
		.pin_dir = lib->settings->get_str(lib->settings,
							"%s.plugins.mobikex.pin_dir", NULL, lib->ns),
		.check_tries = setting("check_tries", 5),
		.check_delay = setting("check_delay", 1000),
		.recheck_delay = setting("recheck_delay", 60000),
		.push_delay = setting("push_delay", 500),
		.drain_delay = setting("drain_delay", 1000),
		.copy_window = setting("copy_window", 100),
	);
	return TRUE;
}

void mobikex_agent_destroy(void)
{
	if (!mobikex)
	{
		return;
	}
	mobikex->lock->lock(mobikex->lock);
	mobikex_probes_flush();
	mobikex_sessions_flush();
	mobikex_orphans_flush();
	mobikex_links_flush();
	mobikex->lock->unlock(mobikex->lock);

	segue_close(mobikex->segue);
	rtnl_close(mobikex->rtnl);
	mobikex->sessions->destroy(mobikex->sessions);
	mobikex->sas->destroy_function(mobikex->sas, free);
	mobikex->links->destroy(mobikex->links);
	mobikex->routes->destroy_function(mobikex->routes, free);
	mobikex_hellos_destroy();
	mobikex->orphans->destroy(mobikex->orphans);
	mobikex->lock->destroy(mobikex->lock);
	free(mobikex);
	mobikex = NULL;
}
