/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_probe.h"
#include "mobikex_handover.h"
#include "mobikex_hello.h"

#include <errno.h>
#include <string.h>
#include <processing/jobs/callback_job.h>
#include <sa/ikev2/keymat_v2.h>
#include <segue/mobikex.h>

#define MS 1000000ULL	/* ns */

/** What the keys of probes are told apart by from those of CHILD_SAs */
#define LABEL "MOBIKE-X probes"

/** Intervals without an answer */
#define MULTIPLIER 3

/** Less is not probed with, ms: a job of charon would have to be awake all the time */
#define MIN_INTERVAL 10
#define MAX_MULTIPLIER 255

/** Of metered paths that are idle, ms; and what idle is */
#define METERED_INTERVAL 60000
#define IDLE 1000

/** So often the pause doubles at most while such a path has never answered */
#define MAX_DOUBLED 16

/** Answers are given under old keys for so long after their IKE_SA went, s */
#define GRACE 10

/** Of one IKE_SA */
typedef struct {
	uint32_t ike;
	/** As in the packets: key in map "probe_key" */
	uint64_t id;
	/** The one that is asked with: of the IKE_SA before, as long as it is there */
	uint64_t asks;
	struct segue_probe_key key;
	/** Intervals of probes, 0: we only answer */
	uint64_t interval;
	uint8_t multiplier;
	/** More loss (of 65536), or delay (ns), is a reason to leave a path; 0: none is */
	uint32_t loss;
	uint64_t delay;
	/** And of metered paths that are idle */
	uint64_t metered_interval;
	bool metered[SEGUE_MAX_PATHS];
	/** Indices of the session's paths; 0: not probed */
	uint16_t index[SEGUE_MAX_PATHS];
	/** When the next one is sent */
	uint64_t due[SEGUE_MAX_PATHS];
	/** The kernel waits for a burst of them */
	bool burst[SEGUE_MAX_PATHS];
} probes_t;

static linked_list_t *all;

/** Jobs that run */
static bool ticking, bursting;

/** The one that sends; earlier ones end when their time has come */
static uintptr_t ticks;

/**
 * @return			ms, 0: none
 */
static uint32_t interval(const char *connection)
{
	uint32_t ms = mobikex_setting(connection, "probe_interval", 0);

	if (ms && ms < MIN_INTERVAL)
	{
		DBG1(DBG_CFG, "segue: connection %s: probe_interval is %u ms, taken for %u",
			 connection, ms, MIN_INTERVAL);
		return MIN_INTERVAL;
	}
	return ms;
}

/**
 * prf+(SK_d, label | SPIi | SPIr), RFC 7296 2.13: the id, the key of what the
 * initiator of this IKE_SA sends, the responder's.
 */
static bool derive(ike_sa_t *ike_sa, probes_t *this)
{
	keymat_v2_t *keymat = (keymat_v2_t*)ike_sa->get_keymat(ike_sa);
	ike_sa_id_t *id = ike_sa->get_id(ike_sa);
	uint64_t spi_i = id->get_initiator_spi(id);
	uint64_t spi_r = id->get_responder_spi(id);
	struct segue_siphash_key *ours = &this->key.send, *theirs = &this->key.receive;
	uint8_t keys[sizeof(this->id) + 2 * sizeof(*ours)];
	chunk_t skd, seed;
	kdf_t *kdf;
	bool ok;

	seed = chunk_cata("ccc", chunk_from_str(LABEL), chunk_from_thing(spi_i),
					  chunk_from_thing(spi_r));
	kdf = lib->crypto->create_kdf(lib->crypto, KDF_PRF_PLUS,
								  keymat->get_skd(keymat, &skd));
	ok = kdf && kdf->set_param(kdf, KDF_PARAM_KEY, skd) &&
		 kdf->set_param(kdf, KDF_PARAM_SALT, seed) &&
		 kdf->get_bytes(kdf, sizeof(keys), keys);
	DESTROY_IF(kdf);
	if (!ok)
	{
		return FALSE;
	}
	if (!id->is_initiator(id))
	{
		ours = &this->key.receive;
		theirs = &this->key.send;
	}
	memcpy(&this->id, keys, sizeof(this->id));
	this->asks = this->id;
	memcpy(ours, keys + sizeof(this->id), sizeof(*ours));
	memcpy(theirs, keys + sizeof(this->id) + sizeof(*ours), sizeof(*theirs));
	memwipe(keys, sizeof(keys));
	return TRUE;
}

/**
 * @return			NULL if the peer answers no probes, or this one was begun before
 */
static probes_t *begin(ike_sa_t *ike_sa)
{
	uint32_t ike = ike_sa->get_unique_id(ike_sa);
	mobikex_hello_t *hello = mobikex_hello_find(ike);
	probes_t *this;

	if (!hello || !(hello->capabilities & MOBIKEX_PROBES) ||
		mobikex_by_ike(all, ike))
	{
		return NULL;
	}
	INIT(this,
		.ike = ike,
	);
	if (!derive(ike_sa, this))
	{
		DBG1(DBG_IKE, "segue: no keys for probes: no KDF for prf+?");
		free(this);
		return NULL;
	}
	if (ike_sa->has_condition(ike_sa, COND_ORIGINAL_INITIATOR))
	{	/* who decides (RFC 4555 3.5) has to know */
		this->interval = interval(ike_sa->get_name(ike_sa)) * MS;
		this->multiplier = min(max(1, mobikex_setting(ike_sa->get_name(ike_sa),
							"probe_multiplier", MULTIPLIER)), MAX_MULTIPLIER);
		this->loss = min(mobikex_setting(ike_sa->get_name(ike_sa), "degraded_loss", 0),
						 100) * 65536 / 100;
		this->delay = mobikex_setting(ike_sa->get_name(ike_sa), "degraded_delay", 0) * MS;
		this->metered_interval = max(this->interval,
							mobikex_setting(ike_sa->get_name(ike_sa), "metered_interval",
									METERED_INTERVAL) * MS);
	}
	all = all ?: linked_list_create();
	all->insert_last(all, this);
	return this;
}

/**
 * Its session's paths shall know.
 */
static void probe_session(probes_t *this)
{
	mobikex_session_t *session = mobikex_session_by_ike(this->ike);

	if (session)
	{
		mobikex_probe_paths(session);
	}
}

void mobikex_probe_start(ike_sa_t *ike_sa)
{
	probes_t *this = begin(ike_sa);

	if (this)
	{
		probe_session(this);
	}
}

static uint64_t *memdup_id(uint64_t id)
{
	uint64_t *copy = malloc_thing(uint64_t);

	*copy = id;
	return copy;
}

void mobikex_probe_rekeyed(uint32_t old, ike_sa_t *new)
{
	probes_t *before = mobikex_by_ike(all, old), *this;

	this = begin(new);
	if (!this)
	{
		return;
	}
	if (before)
	{
		this->asks = before->asks;
		/* paths and times go with the session */
		memcpy(this->index, before->index, sizeof(this->index));
		memcpy(this->due, before->due, sizeof(this->due));
		memset(before->index, 0, sizeof(before->index));
	}
	probe_session(this);
}

CALLBACK(delete_key, job_requeue_t,
	uint64_t *id)
{
	mobikex->lock->lock(mobikex->lock);
	if (mobikex->segue)
	{
		segue_probe_key_del(mobikex->segue, *id);
	}
	mobikex->lock->unlock(mobikex->lock);
	return JOB_REQUEUE_NONE;
}

static void destroy(probes_t *this)
{
	memwipe(&this->key, sizeof(this->key));
	free(this);
}

void mobikex_probe_forget(uint32_t ike)
{
	probes_t *this = mobikex_by_ike(all, ike), *next;
	enumerator_t *enumerator;

	if (!this)
	{
		return;
	}
	all->remove(all, this, NULL);
	enumerator = all->create_enumerator(all);
	while (enumerator->enumerate(enumerator, &next))
	{
		if (next->asks == this->id)
		{
			next->asks = next->id;
			probe_session(next);
		}
	}
	enumerator->destroy(enumerator);
	lib->scheduler->schedule_job(lib->scheduler,
		(job_t*)callback_job_create((callback_job_cb_t)delete_key,
									memdup_id(this->id), free, NULL), GRACE);
	destroy(this);
}

void mobikex_probes_flush(void)
{
	enumerator_t *enumerator;
	probes_t *this;

	if (all)
	{
		enumerator = all->create_enumerator(all);
		while (mobikex->segue && enumerator->enumerate(enumerator, &this))
		{
			segue_probe_key_del(mobikex->segue, this->id);
		}
		enumerator->destroy(enumerator);
		all->destroy_function(all, (void*)destroy);
		all = NULL;
	}
}

/**
 * Each probe costs, and nothing goes by it.  When data does, the kernel looks, and
 * wants to know more if it is not answered.
 */
static bool is_rare(probes_t *this, uint8_t slot, const struct segue_probe *probe)
{
	return this->metered[slot] && probe->data == probe->data_seen &&
		   probe->data_ns + IDLE * MS < mobikex_now();
}

/**
 * The first ones may come before the peer has checked the path: ever more rarely, but
 * not only a minute later.
 */
static uint64_t rare_pause(probes_t *this, const struct segue_probe *probe)
{
	if (probe->answered)
	{
		return this->metered_interval;
	}
	return min(this->metered_interval,
			   this->interval << min(probe->sent, MAX_DOUBLED));
}

/**
 * Is it time to leave the path while it still works?  It is well again at half the
 * loss and three quarters of the delay.
 */
static bool is_degraded(probes_t *this, const struct segue_probe *probe, bool already)
{
	uint32_t loss = already ? this->loss / 2 : this->loss;
	uint64_t delay = already ? this->delay / 4 * 3 : this->delay;

	return (this->loss && probe->loss > loss) ||
		   (this->delay && probe->srtt_ns > delay);
}

static void grade(probes_t *this, uint8_t slot, const struct segue_probe *probe)
{
	mobikex_session_t *session = mobikex_session_by_ike(this->ike);
	bool degraded;

	if (!session || !probe->answered_sequence || probe->state == SEGUE_PATH_DEAD)
	{
		return;
	}
	degraded = is_degraded(this, probe, session->degraded[slot]);
	if (degraded != session->degraded[slot])
	{
		DBG1(DBG_KNL, "segue: session %s[%u]: path %u loses %u %%, there and back "
			 "in %u ms: %s", session->name, session->id, slot,
			 (uint32_t)((uint64_t)probe->loss * 100 / 65536),
			 (uint32_t)(probe->srtt_ns / MS),
			 segue_reason_name(degraded ? SEGUE_REASON_PATH_DEGRADED :
										  SEGUE_REASON_PATH_WELL));
		session->degraded[slot] = degraded;
		mobikex_follow_queue(session);
	}
}

/**
 * Nobody looks any more.
 */
static void ungrade(mobikex_session_t *session, uint8_t slot)
{
	if (session->degraded[slot])
	{
		session->degraded[slot] = FALSE;
		mobikex_follow_queue(session);
	}
}

/**
 * @return			ns until the next one: longer than configured if the round trip is
 *					very long
 */
static uint64_t look(probes_t *this, uint8_t slot)
{
	struct segue_probe probe;

	if (segue_probe_get(mobikex->segue, this->index[slot], &probe))
	{
		return this->interval;
	}
	grade(this, slot, &probe);
	return is_rare(this, slot, &probe) ? rare_pause(this, &probe) :
										 segue_probe_interval(&probe);
}

/**
 * Send what is due.
 *
 * @return			ms until there is something again, 0: nothing is probed
 */
static uint32_t send_due(void)
{
	enumerator_t *enumerator;
	uint64_t now = mobikex_now(), next = 0;
	probes_t *this;
	uint8_t slot;

	if (!all || !mobikex->segue)
	{
		return 0;
	}
	enumerator = all->create_enumerator(all);
	while (enumerator->enumerate(enumerator, &this))
	{
		for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
		{
			if (!this->index[slot] || !this->interval)
			{
				continue;
			}
			if (this->due[slot] <= now)
			{
				segue_probe_send(mobikex->segue, this->index[slot], 1);
				/* what was missed is not made up for */
				this->due[slot] = max(this->due[slot] + look(this, slot),
									  now + MS);
			}
			next = next ? min(next, this->due[slot]) : this->due[slot];
		}
	}
	enumerator->destroy(enumerator);
	now = mobikex_now();
	return next ? (next > now ? (next - now + MS - 1) / MS : 1) : 0;
}

CALLBACK(tick, job_requeue_t,
	void *number)
{
	uint32_t ms = 0;

	mobikex->lock->lock(mobikex->lock);
	if ((uintptr_t)number == ticks)
	{
		ms = send_due();
		ticking = ms != 0;
	}
	mobikex->lock->unlock(mobikex->lock);
	if (!ms)
	{
		return JOB_REQUEUE_NONE;
	}
	return JOB_RESCHEDULE_MS(ms);
}

/**
 * @return			TRUE if the kernel waits for more
 */
static bool send_burst(probes_t *this, uint8_t slot)
{
	struct segue_probe probe;

	this->burst[slot] = this->index[slot] &&
			!segue_probe_get(mobikex->segue, this->index[slot], &probe) &&
			probe.state == SEGUE_PATH_SUSPECT && probe.owed;
	if (this->burst[slot])
	{
		segue_probe_send(mobikex->segue, this->index[slot],
						 min(probe.owed, SEGUE_PROBES_AT_ONCE));
	}
	return this->burst[slot];
}

CALLBACK(burst, job_requeue_t,
	void *null)
{
	enumerator_t *enumerator;
	probes_t *this;
	uint8_t slot;

	mobikex->lock->lock(mobikex->lock);
	bursting = FALSE;
	if (all && mobikex->segue)
	{
		enumerator = all->create_enumerator(all);
		while (enumerator->enumerate(enumerator, &this))
		{
			for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
			{
				bursting |= this->burst[slot] && send_burst(this, slot);
			}
		}
		enumerator->destroy(enumerator);
	}
	mobikex->lock->unlock(mobikex->lock);
	if (!bursting)
	{
		return JOB_REQUEUE_NONE;
	}
	return JOB_RESCHEDULE_MS(1);
}

static void queue(callback_job_cb_t function, void *data)
{
	lib->processor->queue_job(lib->processor,
		(job_t*)callback_job_create_with_prio(function, data, NULL, NULL,
											  JOB_PRIO_CRITICAL));
}

static void queue_tick(void)
{
	ticking = TRUE;
	queue(tick, (void*)++ticks);
}

/**
 * At once, and not when the tick that is under way would come to it.
 */
static void now_due(probes_t *this, uint8_t slot)
{
	this->due[slot] = mobikex_now();
	queue_tick();
}

/**
 * Data goes by it, metered or not.
 */
static void no_more_rarely(probes_t *this, uint8_t slot)
{
	if (this->metered[slot] && this->due[slot] > mobikex_now() + this->interval)
	{
		now_due(this, slot);
	}
}

/**
 * The session may be new in the maps, and so have no probes there any more.
 */
static bool put_key(probes_t *this, mobikex_session_t *session)
{
	int err;

	this->key.session = session->id;
	err = segue_probe_key_put(mobikex->segue, this->id, &this->key);
	if (err && err != -EEXIST)
	{
		DBG1(DBG_KNL, "segue: session %s[%u]: no keys for probes: %s",
			 session->name, session->id, strerror(-err));
	}
	return !err || err == -EEXIST;
}

static void probe_path(probes_t *this, mobikex_session_t *session, uint8_t slot)
{
	const uint8_t wanted = SEGUE_PATH_USED | SEGUE_PATH_EGRESS | SEGUE_PATH_VERIFIED;
	struct segue_session entry;
	int err;

	if ((session->path[slot].flags & wanted) != wanted)
	{
		if (this->index[slot] && session->path[slot].flags & SEGUE_PATH_USED)
		{
			segue_probe_none(mobikex->segue, session->id, slot);
		}
		this->index[slot] = 0;
		ungrade(session, slot);
		return;
	}
	err = segue_probe_path(mobikex->segue, session->id, slot, this->asks,
						   this->interval, this->multiplier);
	if (err || segue_session_get(mobikex->segue, session->id, &entry))
	{
		DBG1(DBG_KNL, "segue: session %s[%u]: path %u is not probed: %s",
			 session->name, session->id, slot, strerror(-err));
		this->index[slot] = 0;
		ungrade(session, slot);
		return;
	}
	session->dead[slot] = entry.path[slot].state == SEGUE_PATH_DEAD;
	this->metered[slot] = (session->path[slot].flags & SEGUE_PATH_METERED) != 0;
	if (this->index[slot] != entry.path[slot].probe)
	{
		this->index[slot] = entry.path[slot].probe;
		now_due(this, slot);
	}
}

/**
 * Nothing is asked any more: probes were configured away, and the IKE_SA rekeyed since.
 */
static void unprobe(probes_t *this, mobikex_session_t *session)
{
	uint8_t slot;

	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
	{
		if (this->index[slot])
		{
			segue_probe_none(mobikex->segue, session->id, slot);
			this->index[slot] = 0;
			ungrade(session, slot);
		}
	}
}

void mobikex_probe_paths(mobikex_session_t *session)
{
	probes_t *this = mobikex_by_ike(all, session->ike);
	uint8_t slot;

	memset(session->dead, 0, sizeof(session->dead));
	for (slot = 0; !this && slot < SEGUE_MAX_PATHS; slot++)
	{
		ungrade(session, slot);
	}
	if (!this || !session->published || !mobikex->segue ||
		!put_key(this, session))
	{
		return;
	}
	if (!this->interval)
	{
		unprobe(this, session);
		return;
	}
	for (slot = 0; slot < SEGUE_MAX_PATHS; slot++)
	{
		probe_path(this, session, slot);
	}
	if (!ticking)
	{
		queue_tick();
	}
}

/**
 * The kernel wants many at once, of this path, and to know which others work.
 */
static void suspect(probes_t *this, uint8_t slot)
{
	uint8_t i;

	for (i = 0; i < SEGUE_MAX_PATHS; i++)
	{
		if (i != slot && this->index[i])
		{
			segue_probe_send(mobikex->segue, this->index[i], 1);
		}
	}
	no_more_rarely(this, slot);
	this->burst[slot] = TRUE;
	if (!bursting)
	{
		bursting = TRUE;
		queue(burst, NULL);
	}
}

void mobikex_probe_switched(mobikex_session_t *session, uint8_t slot)
{
	probes_t *this = mobikex_by_ike(all, session->ike);

	if (this && this->interval && this->index[slot])
	{
		no_more_rarely(this, slot);
	}
}

void mobikex_probe_event(const struct segue_event *event)
{
	mobikex_session_t *session = mobikex_session_by_id(event->session);
	probes_t *this;

	if (!session || event->to >= SEGUE_MAX_PATHS)
	{
		return;
	}
	this = mobikex_by_ike(all, session->ike);
	switch (event->reason)
	{
		case SEGUE_REASON_PATH_SUSPECT:
		case SEGUE_REASON_PATH_SILENT:
			if (this && this->index[event->to])
			{
				suspect(this, event->to);
			}
			break;
		case SEGUE_REASON_PATH_DEAD:
			/* what waits there for a neighbour's answer is lost, and must not look
			 * as if it were on its way: TCP would wait for it, too
			 * (skb_still_in_host_queue()) */
			rtnl_neighbours_flush(mobikex->rtnl,
								  session->path[event->to].ifindex);
			/* fall through */
		case SEGUE_REASON_PATH_BACK:
			DBG1(DBG_KNL, "segue: session %s[%u]: path %u: %s", session->name,
				 session->id, event->to, segue_reason_name(event->reason));
			session->dead[event->to] = event->reason == SEGUE_REASON_PATH_DEAD;
			if (session->dead[event->to])
			{
				mobikex_hold_lost(&session->hold[event->to], event->ns);
			}
			mobikex_follow_queue(session);
			break;
		default:
			break;
	}
}
