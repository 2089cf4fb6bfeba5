/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Agent: what the parts of the plugin share.
 *
 * Who runs where.  charon calls the kernel mirror and the bus listener in the
 * worker thread that has the IKE_SA checked out, the listener also under the
 * bus mutex.  The watch runs in a worker of its own, without an IKE_SA.  All of
 * them only look, note and queue; whatever needs an IKE_SA runs in a job that
 * checks it out by its unique id.
 *
 * One lock guards everything below.  While holding it: system calls and
 * getters of the IKE_SA that this thread owns, never the IKE_SA manager, the
 * bus (it has its own mutex, taken before ours), the watcher or charon->kernel.
 */
#ifndef MOBIKEX_AGENT_H_
#define MOBIKEX_AGENT_H_

#include <daemon.h>
#include <threading/mutex.h>
#include <collections/linked_list.h>

#include <control.h>
#include <rtnl.h>
#include <uplink.h>
#include <segue/host.h>

typedef struct mobikex_agent_t mobikex_agent_t;

struct mobikex_agent_t {

	/** Guards everything here; recursive */
	mutex_t *lock;

	/** The maps, NULL while segue is not attached */
	struct segue *segue;

	/** Dumps, addresses and routes */
	struct rtnl *rtnl;

	/** Interface index of segue0, 0 while segue is not attached */
	uint32_t device;

	/** What the kernel's link watch tells by itself, of enum segue_feature */
	u_int watched;

	/** IKE_SAs under segue, mobikex_session_t */
	linked_list_t *sessions;

	/** SAs of these sessions, mobikex_sa_t */
	linked_list_t *sas;

	/** Devices that segue is attached to, mobikex_link_t */
	linked_list_t *links;

	/** Addresses and routes we put on segue0, mobikex_route_t */
	linked_list_t *routes;

	/** What peers said in IKE_AUTH, mobikex_hello_t */
	linked_list_t *hellos;

	/** Sessions that an earlier charon left in the maps, mobikex_orphan_t */
	linked_list_t *orphans;

	/** What MOBIKEX_SUPPORTED said last that we can do, enum mobikex_capability */
	uint16_t offered;

	/** Settings, see mobikex.conf */
	char *pin_dir;
	uint32_t check_tries;
	uint32_t check_delay;
	uint32_t recheck_delay;
	uint32_t push_delay;
	uint32_t drain_delay;
	uint32_t copy_window;
};

/** The one instance; the kernel mirror and jobs have no argument for it. */
extern mobikex_agent_t *mobikex;

/**
 * Create the shared state.  Opens rtnetlink; does not need segue attached.
 *
 * @return			FALSE if there is no rtnetlink
 */
bool mobikex_agent_create(void);

void mobikex_agent_destroy(void);

/**
 * Open segue's maps if they are there and not open yet, and publish all
 * sessions again.  With the lock held.
 *
 * @return			TRUE if attached now
 */
bool mobikex_agent_attach(void);

/**
 * segue was detached: forget maps and device, keep sessions.  With the lock held.
 */
void mobikex_agent_detach(void);

/**
 * CLOCK_MONOTONIC in ns, the clock of segue's events.
 */
uint64_t mobikex_now(void);

/**
 * A number that the settings have for a connection, or else for all of them.
 */
static inline uint32_t mobikex_setting(const char *connection, const char *name,
									   uint32_t def)
{
	int value;

	value = lib->settings->get_int(lib->settings, "%s.plugins.mobikex.%s", def,
								   lib->ns, name);
	value = lib->settings->get_int(lib->settings,
						"%s.plugins.mobikex.connections.%s.%s", value,
						lib->ns, connection, name);
	return value < 0 ? def : value;
}

/**
 * Run a job for the IKE_SA with this unique id, soon or after some time.
 * The function gets it checked out; whatever but DESTROY_ME it returns, the
 * IKE_SA is checked in again.
 */
typedef status_t (*mobikex_job_t)(ike_sa_t *ike_sa, uint32_t data);
void mobikex_job_queue(uint32_t ike, mobikex_job_t job, uint32_t data,
					   uint32_t delay_ms);

/**
 * Tell an event that user space saw.
 */
void mobikex_event(uint32_t session, enum segue_event_type type,
				   enum segue_reason reason);

/**
 * Of what is noted about IKE_SAs, in structs that begin with their unique id: that
 * of this one, NULL if there is none.  No list: none either.
 */
static inline void *mobikex_by_ike(linked_list_t *notes, uint32_t ike)
{
	enumerator_t *enumerator;
	uint32_t *note, *found = NULL;

	if (notes)
	{
		enumerator = notes->create_enumerator(notes);
		while (!found && enumerator->enumerate(enumerator, &note))
		{
			found = *note == ike ? note : NULL;
		}
		enumerator->destroy(enumerator);
	}
	return found;
}

#endif	/* MOBIKEX_AGENT_H_ */
