/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_signal.h"
#include "mobikex_link.h"

#include <errno.h>
#include <string.h>
#include <processing/jobs/callback_job.h>
#include <nl80211.h>

/** Defaults: dBm, dB, ms.  Frames begin to be lost at -85 to -90 dBm. */
#define LOW -80
#define HYSTERESIS 6
#define INTERVAL 250

/** Asked so seldom, ms, where the card tells: somebody may take its threshold away */
#define RARELY 5000

/** Its threshold is so much above ours, dB, since its average is one of beacons only; and
 * well above that is the signal where it is asked rarely */
#define EARLY 5
#define NEAR 15

/** One of those that are asked, without the agent's lock */
typedef struct {
	uint32_t ifindex;
	mobikex_radio_t radio;
	/** Its threshold is to be set */
	bool threshold;
	/** 0, or what asking failed with, and setting */
	int err, refused;
	struct nl80211_signal signal;
} question_t;

/** Of those below: one asks at a time.  Taken before the agent's lock. */
static mutex_t *asking;
static struct nl80211 *nl80211, *events;
static question_t questions[SEGUE_MAX_LINKS];

/** A job asks again and again: the one of this number; with the agent's lock held */
static bool running;
static uintptr_t job;

/** Somebody wants to be asked since the last time; likewise */
static bool wanted;

static int setting(const char *name, int def)
{
	return lib->settings->get_int(lib->settings, "%s.plugins.mobikex.%s", def,
								  lib->ns, name);
}

static int low(void)
{
	return setting("signal_low", LOW);
}

static bool by_cqm(void)
{
	return lib->settings->get_bool(lib->settings, "%s.plugins.mobikex.signal_cqm",
								   FALSE, lib->ns);
}

/**
 * What is known of the device, if it still is the same one
 */
static mobikex_radio_t radio_of(mobikex_link_t *link)
{
	return link->radio_index == link->ifindex ? link->radio : MOBIKEX_RADIO_UNKNOWN;
}

static void set_radio(mobikex_link_t *link, mobikex_radio_t radio)
{
	link->radio = radio;
	link->radio_index = link->ifindex;
	link->asked = link->told = link->counted = FALSE;
	link->complained = 0;
}

static void note(mobikex_link_t *link, enum segue_reason reason, int dbm)
{
	int err = segue_link_weak(mobikex->segue, link->ifindex, reason);

	if (err == -ENETDOWN)
	{	/* lost meanwhile */
		return;
	}
	DBG1(DBG_KNL, "segue: %s: %s, %d dBm%s%s", link->name,
		 segue_reason_name(reason ?: SEGUE_REASON_SIGNAL_GOOD), dbm,
		 err ? ": " : "", err ? strerror(-err) : "");
}

/**
 * Nobody asks it any more: nor is it weak for ever.
 */
static void forgive(mobikex_link_t *link)
{
	if (mobikex_link_weak(link))
	{
		note(link, SEGUE_REASON_NONE, link->dbm);
	}
}

static void forgive_all(void)
{
	enumerator_t *enumerator;
	mobikex_link_t *link;

	enumerator = mobikex->links->create_enumerator(mobikex->links);
	while (enumerator->enumerate(enumerator, &link))
	{
		forgive(link);
	}
	enumerator->destroy(enumerator);
}

/**
 * Which links are to be asked?  None if nothing could go elsewhere.
 */
static u_int gather(void)
{
	enumerator_t *enumerator;
	mobikex_link_t *link;
	u_int count = 0;

	if (!mobikex->segue)
	{
		return 0;
	}
	if (!low() || !setting("signal_interval", INTERVAL))
	{
		forgive_all();
		return 0;
	}
	if (!mobikex->sessions->get_count(mobikex->sessions) ||
		mobikex->links->get_count(mobikex->links) < 2)
	{
		return 0;
	}
	enumerator = mobikex->links->create_enumerator(mobikex->links);
	while (count < SEGUE_MAX_LINKS && enumerator->enumerate(enumerator, &link))
	{
		if (!by_cqm() || !mobikex_link_up(link, NULL))
		{
			link->asked = link->told = FALSE;
		}
		if (mobikex_link_up(link, NULL) && radio_of(link) != MOBIKEX_RADIO_NONE)
		{
			questions[count++] = (question_t){
				.ifindex = link->ifindex,
				.radio = radio_of(link),
				.threshold = by_cqm() && !link->asked,
			};
		}
	}
	enumerator->destroy(enumerator);
	return count;
}

static void silent(void *context, uint32_t ifindex, enum nl80211_event event)
{
	mobikex_link_t *link = mobikex->segue ? mobikex_link_by_index(ifindex) : NULL;
	bool *again = context;

	if (!link || radio_of(link) != MOBIKEX_RADIO_CLIENT)
	{
		return;
	}
	if (event == NL80211_EVENT_SILENT && !mobikex_link_weak(link))
	{
		link->counted = FALSE;	/* what came before says nothing */
		note(link, SEGUE_REASON_SIGNAL_LOST, link->dbm);
	}
	*again |= event == NL80211_EVENT_CROSSED;
}

static bool is_current(uintptr_t number)
{
	bool current;

	mobikex->lock->lock(mobikex->lock);
	current = number == job;
	mobikex->lock->unlock(mobikex->lock);
	return current;
}

CALLBACK(ask, job_requeue_t,
	void *number)
{
	uint32_t ms;
	bool again;

	if (!is_current((uintptr_t)number))
	{
		return JOB_REQUEUE_NONE;
	}
	ms = mobikex_signal_ask();
	mobikex->lock->lock(mobikex->lock);
	again = (uintptr_t)number == job && (ms || wanted);
	running = again || (uintptr_t)number != job;
	mobikex->lock->unlock(mobikex->lock);
	if (!again)
	{
		return JOB_REQUEUE_NONE;
	}
	return JOB_RESCHEDULE_MS(max(ms, 1));
}

/**
 * Now, and then again and again; a job that did so until now does no more.
 */
static void begin(void)
{
	running = TRUE;
	job++;
	lib->processor->queue_job(lib->processor,
		(job_t*)callback_job_create_with_prio(ask, (void*)job, NULL, NULL,
											  JOB_PRIO_HIGH));
}

CALLBACK(events_ready, bool,
	void *null, int fd, watcher_event_t event)
{
	bool again = FALSE;

	mobikex->lock->lock(mobikex->lock);
	nl80211_watch_read(events, silent, &again);
	if (again && mobikex->segue)
	{
		begin();
	}
	mobikex->lock->unlock(mobikex->lock);
	return TRUE;
}

/**
 * Listen, once there is a WLAN.
 */
static void listen_once(void)
{
	int err;

	if (events)
	{
		return;
	}
	err = nl80211_watch_open(&events);
	if (err)
	{
		DBG1(DBG_KNL, "segue: no events of WLANs, their signal is only asked for: %s",
			 strerror(-err));
		return;
	}
	lib->watcher->add(lib->watcher, nl80211_watch_fd(events), WATCHER_READ,
					  events_ready, NULL);
}

static void ask_one(question_t *this)
{
	if (!nl80211)
	{
		this->err = nl80211_open(&nl80211);
	}
	if (!this->err && this->radio == MOBIKEX_RADIO_UNKNOWN)
	{
		this->err = nl80211_is_client(nl80211, this->ifindex);
		if (!this->err)
		{
			listen_once();
		}
	}
	if (!this->err)
	{
		this->err = nl80211_signal(nl80211, this->ifindex, &this->signal);
	}
	if (!this->err && this->threshold)
	{
		this->refused = nl80211_threshold(nl80211, this->ifindex, low() + EARLY, 1);
	}
}

/**
 * Is it known by frames that came since it was asked last?
 */
static bool is_new(mobikex_link_t *link, const struct nl80211_signal *signal)
{
	bool new = !signal->received ||
			   (link->counted && signal->received != link->received);

	link->counted = TRUE;
	link->received = signal->received;
	return new;
}

static void judge(mobikex_link_t *link, const struct nl80211_signal *signal)
{
	bool new = is_new(link, signal);

	link->dbm = signal->dbm;
	if (!mobikex_link_weak(link))
	{
		if (signal->dbm <= low())
		{
			note(link, SEGUE_REASON_SIGNAL_LOW, signal->dbm);
		}
	}
	else if (new && (signal->dbm >= low() + setting("signal_hysteresis", HYSTERESIS) ||
			 (signal->dbm > low() && mobikex_link_weak(link) == SEGUE_REASON_SIGNAL_LOST)))
	{	/* what was silent, and not low, only has to be heard again */
		note(link, SEGUE_REASON_NONE, signal->dbm);
	}
}

static void answered(mobikex_link_t *link, question_t *this)
{
	if (radio_of(link) == MOBIKEX_RADIO_UNKNOWN)
	{
		set_radio(link, MOBIKEX_RADIO_CLIENT);
		DBG1(DBG_KNL, "segue: %s: signal is %d dBm, low is %d", link->name,
			 this->signal.dbm, low());
	}
	if (this->threshold)
	{
		link->asked = TRUE;
		link->told = !this->refused;
		DBG1(DBG_KNL, "segue: %s: %s%s", link->name, this->refused ?
			 "its threshold cannot be set, it is asked: " : "tells of its signal by itself",
			 this->refused ? strerror(-this->refused) : "");
	}
	judge(link, &this->signal);
}

static void ask_no_more(mobikex_link_t *link)
{
	set_radio(link, MOBIKEX_RADIO_NONE);
	forgive(link);
}

/**
 * @return			TRUE if it is to be asked again
 */
static bool unanswered(mobikex_link_t *link, int err)
{
	switch (err)
	{
		case -EPROTONOSUPPORT:	/* no generic netlink */
		case -ENOENT:		/* no WLAN on this host */
		case -ENODEV:		/* nor is this one */
			ask_no_more(link);
			return FALSE;
		case -EOPNOTSUPP:
		case -ENODATA:
			if (radio_of(link) == MOBIKEX_RADIO_CLIENT && err == -ENODATA)
			{	/* it was known before */
				return TRUE;
			}
			ask_no_more(link);
			DBG1(DBG_KNL, "segue: %s: no signal is known of this WLAN device",
				 link->name);
			return FALSE;
		case -ENOLINK:		/* not associated */
			link->asked = link->told = FALSE;
			return TRUE;
		default:
			if (link->complained != err)
			{
				DBG1(DBG_KNL, "segue: %s: signal not known: %s", link->name,
					 strerror(-err));
			}
			link->complained = err;
			return TRUE;
	}
}

/**
 * What it tells by itself and what we read are two averages: near the threshold the
 * second one counts.
 */
static uint32_t pause_of(mobikex_link_t *link)
{
	if (link->told && !mobikex_link_weak(link) &&
		link->dbm > low() + NEAR)
	{
		return RARELY;
	}
	return max(1, setting("signal_interval", INTERVAL));
}

static uint32_t apply(u_int count)
{
	uint32_t ms = 0, pause;
	mobikex_link_t *link;
	u_int i;

	for (i = 0; i < count && mobikex->segue; i++)
	{
		link = mobikex_link_by_index(questions[i].ifindex);
		if (!link)
		{
			continue;
		}
		if (!questions[i].err)
		{
			answered(link, &questions[i]);
		}
		else if (!unanswered(link, questions[i].err))
		{
			continue;
		}
		pause = pause_of(link);
		ms = ms ? min(ms, pause) : pause;
	}
	return ms;
}

uint32_t mobikex_signal_ask(void)
{
	uint32_t ms;
	u_int i, count;

	asking->lock(asking);
	mobikex->lock->lock(mobikex->lock);
	wanted = FALSE;
	count = gather();
	mobikex->lock->unlock(mobikex->lock);
	for (i = 0; i < count; i++)
	{
		ask_one(&questions[i]);
	}
	mobikex->lock->lock(mobikex->lock);
	ms = apply(count);
	mobikex->lock->unlock(mobikex->lock);
	asking->unlock(asking);
	return ms;
}

void mobikex_signal_watch(void)
{
	if (!asking)
	{
		asking = mutex_create(MUTEX_TYPE_DEFAULT);
	}
	wanted = TRUE;
	if (!running && mobikex->segue)
	{
		begin();
	}
}

void mobikex_signal_stop(void)
{
	if (events)
	{
		lib->watcher->remove(lib->watcher, nl80211_watch_fd(events));
		nl80211_close(events);
		events = NULL;
	}
	nl80211_close(nl80211);
	nl80211 = NULL;
	DESTROY_IF(asking);
	asking = NULL;
	running = FALSE;
}
