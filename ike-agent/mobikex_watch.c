/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_watch.h"
#include "mobikex_child.h"
#include "mobikex_handover.h"
#include "mobikex_link.h"
#include "mobikex_probe.h"
#include "mobikex_route.h"
#include "mobikex_session.h"

#include <net/if.h>
#include <string.h>
#include <processing/jobs/callback_job.h>

/** segue0 appears before the maps do: times to look again, and ms between */
#define ATTACH_TRIES 50
#define ATTACH_INTERVAL 200

static struct rtnl_watch *routes;
static struct segue_reader *events;

/** How often we still look for maps; with the agent's lock held */
static int attach_tries;

/** segue was attached anew before we had come to the detach; likewise */
static bool replaced;

/** segue0 was up when rtnetlink told of it last; likewise */
static bool device_up;

static void switched(const struct segue_event *event)
{
	mobikex_session_t *session = mobikex_session_by_id(event->session);

	if (!session)
	{
		return;
	}
	if (event->child)
	{	/* IKE goes with the session, not with a CHILD_SA apart */
		DBG1(DBG_KNL, "segue: session %s[%u]: CHILD_SA %u switched from path %u to "
			 "%u: %s", session->name, session->id, event->child, event->from,
			 event->to, segue_reason_name(event->reason));
		if (session->leader)
		{	/* an idle one has told the peer nothing */
			mobikex_follow_queue(session);
		}
		return;
	}
	DBG1(DBG_KNL, "segue: session %s[%u] switched from path %u to %u: %s",
		 session->name, session->id, event->from, event->to,
		 segue_reason_name(event->reason));
	if (event->to < SEGUE_MAX_PATHS)
	{
		mobikex_probe_switched(session, event->to);
	}
	if (event->reason == SEGUE_REASON_MANUAL)
	{
		session->manual = TRUE;
	}
	else if (event->reason == SEGUE_REASON_LINK_DOWN ||
			 event->reason == SEGUE_REASON_DRAINED ||
			 event->reason == SEGUE_REASON_SIGNAL_LOW ||
			 event->reason == SEGUE_REASON_SIGNAL_LOST ||
			 event->reason == SEGUE_REASON_PATH_DEGRADED)
	{
		session->manual = FALSE;
	}
	mobikex_follow_queue(session);
}

static void wished(const struct segue_event *event)
{
	mobikex_session_t *session = mobikex_session_by_id(event->session);

	if (session && event->reason == SEGUE_REASON_MANUAL)
	{
		mobikex_child_wish(session, event->child, event->to, event->window_ms);
	}
}

/**
 * Somebody else took a path away: its device was detached.
 */
static void path_removed(const struct segue_event *event)
{
	mobikex_session_t *session = mobikex_session_by_id(event->session);

	if (session && event->to < SEGUE_MAX_PATHS &&
		(session->path[event->to].flags & SEGUE_PATH_USED))
	{
		mobikex_links_load();
		mobikex_follow_queue(session);
	}
}

/**
 * Not of itself, still nothing but a suspicion, down since before it was attached, or
 * taken away by somebody
 */
static bool is_loss(enum segue_reason reason)
{
	return reason != SEGUE_REASON_DRAINED && reason != SEGUE_REASON_TX_TIMEOUT &&
		   reason != SEGUE_REASON_PLUGGED && reason != SEGUE_REASON_DETACHED;
}

/**
 * The map has one more, or one less
 */
static bool is_another(enum segue_reason reason)
{
	return reason == SEGUE_REASON_PLUGGED || reason == SEGUE_REASON_UNPLUGGED ||
		   reason == SEGUE_REASON_DETACHED;
}

static void on_event(void *context, const struct segue_event *event)
{
	switch (event->type)
	{
		case SEGUE_EVENT_SWITCH:
			switched(event);
			break;
		case SEGUE_EVENT_LINK:
			DBG1(DBG_KNL, "segue: link %u is %s: %s", event->ifindex,
				 event->to ? "up" : "down", segue_reason_name(event->reason));
			if (event->to)
			{
				mobikex_link_back(event->ifindex);
			}
			else if (is_loss(event->reason))
			{
				mobikex_link_lost(event->ifindex, event->ns);
			}
			if (is_another(event->reason))
			{
				mobikex_links_load();
			}
			mobikex_follow_queue_all();
			break;
		case SEGUE_EVENT_PATH:
			if (event->reason == SEGUE_REASON_PATH_REMOVED)
			{
				path_removed(event);
			}
			mobikex_probe_event(event);
			break;
		case SEGUE_EVENT_WISH:
			wished(event);
			break;
		case SEGUE_EVENT_REFUSAL:
			DBG2(DBG_KNL, "segue: session %u: refused: %s", event->session,
				 segue_reason_name(event->reason));
			break;
		default:
			break;
	}
}

CALLBACK(events_ready, bool,
	void *null, int fd, watcher_event_t event)
{
	mobikex->lock->lock(mobikex->lock);
	if (events)
	{
		segue_reader_read(events, on_event, NULL);
	}
	mobikex->lock->unlock(mobikex->lock);
	return TRUE;
}

void mobikex_watch_events(void)
{
	int err;

	if (events)
	{
		return;
	}
	err = segue_reader_open(mobikex->segue, SEGUE_READER_AGENT, &events);
	if (err)
	{
		DBG1(DBG_KNL, "segue: no events, handovers will not be told to peers: %s",
			 strerror(-err));
		return;
	}
	lib->watcher->add(lib->watcher, segue_reader_fd(events), WATCHER_READ,
					  events_ready, NULL);
}

CALLBACK(try_attach, job_requeue_t,
	void *null)
{
	bool again;

	mobikex->lock->lock(mobikex->lock);
	again = attach_tries > 0 && !mobikex_agent_attach();
	attach_tries = again ? attach_tries - 1 : 0;
	mobikex->lock->unlock(mobikex->lock);
	return again ? JOB_RESCHEDULE_MS(ATTACH_INTERVAL) : JOB_REQUEUE_NONE;
}

/**
 * The watcher waits for running callbacks, which may wait for the lock.
 */
static void close_events(void)
{
	struct segue_reader *reader;

	mobikex->lock->lock(mobikex->lock);
	reader = events;
	events = NULL;
	mobikex->lock->unlock(mobikex->lock);
	if (reader)
	{
		lib->watcher->remove(lib->watcher, segue_reader_fd(reader));
		segue_reader_close(reader);
	}
}

static void queue(callback_job_cb_t function)
{
	lib->processor->queue_job(lib->processor,
		(job_t*)callback_job_create_with_prio(function, NULL, NULL, NULL,
											  JOB_PRIO_HIGH));
}

static void look_for_maps(void)
{
	if (!attach_tries)
	{
		attach_tries = ATTACH_TRIES;
		queue(try_attach);
	}
}

CALLBACK(detach, job_requeue_t,
	void *null)
{
	close_events();
	mobikex->lock->lock(mobikex->lock);
	if (mobikex->device && mobikex->device == if_nametoindex(SEGUE_DEVICE))
	{	/* it was told of twice, and we are attached anew */
		mobikex_watch_events();
		mobikex->lock->unlock(mobikex->lock);
		return JOB_REQUEUE_NONE;
	}
	mobikex_agent_detach();
	device_up = FALSE;
	if (replaced)
	{
		replaced = FALSE;
		look_for_maps();
	}
	mobikex->lock->unlock(mobikex->lock);
	return JOB_REQUEUE_NONE;
}

/**
 * Once down, a device has no routes and no IPv6 addresses any more.  It is down as well
 * when it is new, and we may be there before it is up.
 */
static void note_device_up(bool up)
{
	if (up && !device_up)
	{
		mobikex_routes_restore();
	}
	device_up = up;
}

static void on_device(const struct rtnl_link *link, bool gone)
{
	if (gone && link->ifindex == mobikex->device)
	{
		queue(detach);
	}
	else if (!gone && !mobikex->segue)
	{
		look_for_maps();
	}
	else if (!gone && link->ifindex != mobikex->device)
	{
		replaced = TRUE;
	}
	else if (!gone)
	{
		note_device_up(link->admin_up);
	}
}

static void on_link(void *context, const struct rtnl_link *link, bool gone)
{
	bool *changed = context;

	if (streq(link->name, SEGUE_DEVICE))
	{
		on_device(link, gone);
		return;
	}
	*changed |= mobikex_link_changed(link, gone);
}

static void on_addr(void *context, const struct rtnl_addr *addr, bool gone)
{
	bool *changed = context;

	*changed |= mobikex_link_addr_changed(addr, gone);
}

static void on_route(void *context)
{
	bool *changed = context;

	if (mobikex->segue)
	{	/* IPv6 by the device: loader/rtnl_mirror.c */
		uplink_routes(mobikex->segue, mobikex->rtnl);
	}
	*changed = TRUE;
}

/**
 * What became of segue0 while rtnetlink's messages were lost
 */
static void resync_device(void)
{
	u_int now = if_nametoindex(SEGUE_DEVICE);

	if (!mobikex->segue)
	{
		if (now)
		{
			look_for_maps();
		}
	}
	else if (now == mobikex->device)
	{	/* if it is down it will be told of when it is up */
		device_up = FALSE;
		mobikex_routes_restore();
	}
	else
	{
		replaced = now != 0;
		queue(detach);
	}
}

static void on_overrun(void *context)
{
	bool *changed = context;

	if (mobikex->segue)
	{
		mobikex_links_resync();
		uplink_routes(mobikex->segue, mobikex->rtnl);
	}
	resync_device();
	*changed = TRUE;
}

static const struct rtnl_watch_ops ops = {
	.link = on_link,
	.addr = on_addr,
	.route = on_route,
	.overrun = on_overrun,
};

/** What the callbacks of one read found; with the agent's lock held */
static bool changed;

CALLBACK(routes_ready, bool,
	void *null, int fd, watcher_event_t event)
{
	mobikex->lock->lock(mobikex->lock);
	changed = FALSE;
	rtnl_watch_read(routes);
	if (changed)
	{
		mobikex_follow_queue_all();
	}
	mobikex->lock->unlock(mobikex->lock);
	return TRUE;
}

bool mobikex_watch_start(void)
{
	int err;

	err = rtnl_watch_open(&ops, &changed, &routes);
	if (err)
	{
		DBG1(DBG_KNL, "segue: cannot watch rtnetlink: %s", strerror(-err));
		return FALSE;
	}
	lib->watcher->add(lib->watcher, rtnl_watch_fd(routes), WATCHER_READ,
					  routes_ready, NULL);
	return TRUE;
}

void mobikex_watch_stop(void)
{
	if (routes)
	{
		lib->watcher->remove(lib->watcher, rtnl_watch_fd(routes));
		rtnl_watch_close(routes);
		routes = NULL;
	}
	close_events();
}
