/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When is a WLAN's signal called weak?  With a card that does what the test says.
 *
 *   wlan0 (ifindex 2)   the card
 *   lte0  (ifindex 3)   none
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <library.h>
#include "fake_charon.h"
#include <nl80211.h>
#include "mobikex_link.h"
#include "mobikex_signal.h"

#define WLAN 2
#define LTE 3

/* What is asked every 250 ms unless the settings say otherwise */
#define OFTEN 250

/* ------------------------------------------------ what stands for the rest */

mobikex_agent_t *mobikex;
static mobikex_agent_t agent;
static mobikex_link_t wlan, lte;
static enum segue_reason weak;
static bool up;
static int told;			/* of the link: weak or not */

static struct {
	bool there;			/* cfg80211 is */
	int client, signal, threshold;	/* what asking fails with */
	struct nl80211_signal now;
	int asked, thresholds, dbm;
} card;

static watcher_cb_t listening;
static enum nl80211_event pending;

int nl80211_open(struct nl80211 **out)
{
	if (card.there)
		*out = (struct nl80211 *)&card;
	return card.there ? 0 : -ENOENT;
}

void nl80211_close(struct nl80211 *nl80211) {}

int nl80211_is_client(struct nl80211 *nl80211, __u32 ifindex)
{
	return ifindex == WLAN ? card.client : -ENODEV;
}

int nl80211_signal(struct nl80211 *nl80211, __u32 ifindex, struct nl80211_signal *out)
{
	assert_int_equal(ifindex, WLAN);
	card.asked++;
	if (!card.signal)
		*out = card.now;
	return card.signal;
}

int nl80211_threshold(struct nl80211 *nl80211, __u32 ifindex, int dbm, __u32 hysteresis)
{
	card.thresholds++;
	card.dbm = dbm;
	return card.threshold;
}

int nl80211_watch_open(struct nl80211 **out)
{
	return nl80211_open(out);
}

int nl80211_watch_fd(const struct nl80211 *watch)
{
	return 77;
}

static int reads;

void nl80211_watch_read(struct nl80211 *watch, nl80211_event_fn fn, void *context)
{
	reads++;
	fn(context, WLAN, pending);
	fn(context, LTE, pending);
	fn(context, 99, pending);		/* none of ours */
}

static void watch(watcher_t *this, int fd, watcher_event_t events, watcher_cb_t cb, void *data)
{
	listening = cb;
}

static void unwatch(watcher_t *this, int fd)
{
	listening = NULL;
}

static void happens(enum nl80211_event event)
{
	pending = event;
	assert_non_null(listening);
	assert_true(listening(NULL, 77, WATCHER_READ));
}

static int jobs;

static void queued(processor_t *this, job_t *job)
{
	jobs++;
	job->destroy(job);
}

bool mobikex_link_up(mobikex_link_t *link, uint64_t *since)
{
	return link != &wlan || up;
}

mobikex_link_t *mobikex_link_by_index(uint32_t ifindex)
{
	return ifindex == wlan.ifindex ? &wlan : ifindex == lte.ifindex ? &lte : NULL;
}

enum segue_reason mobikex_link_weak(mobikex_link_t *link)
{
	return link == &wlan ? weak : SEGUE_REASON_NONE;
}

int segue_link_weak(struct segue *segue, __u32 ifindex, enum segue_reason reason)
{
	assert_int_equal(ifindex, WLAN);
	weak = reason;
	told++;
	return 0;
}

static watcher_t fake_watcher = { .add = watch, .remove = unwatch };
static processor_t fake_processor = { .queue_job = queued };

/* ----------------------------------------------------------------- fixture */

static int begin(void **state)
{
	library_init(NULL, "segue-test");
	lib->watcher->destroy(lib->watcher);
	lib->watcher = &fake_watcher;
	lib->processor->destroy(lib->processor);
	lib->processor = &fake_processor;
	charon = &fake_daemon;
	mobikex = &agent;
	agent = (mobikex_agent_t){
		.lock = mutex_create(MUTEX_TYPE_RECURSIVE),
		.segue = (struct segue *)&card,
		.sessions = linked_list_create(),
		.links = linked_list_create(),
	};
	wlan = (mobikex_link_t){ .name = "wlan0", .ifindex = WLAN };
	lte = (mobikex_link_t){ .name = "lte0", .ifindex = LTE };
	agent.links->insert_last(agent.links, &wlan);
	agent.links->insert_last(agent.links, &lte);
	agent.sessions->insert_last(agent.sessions, &agent);
	memset(&card, 0, sizeof(card));
	card.there = up = TRUE;
	card.now = (struct nl80211_signal){ .dbm = -60, .received = 1 };
	weak = SEGUE_REASON_NONE;
	told = jobs = 0;
	mobikex_signal_watch();
	return 0;
}

static int end(void **state)
{
	mobikex_signal_stop();
	assert_null(listening);
	agent.sessions->destroy(agent.sessions);
	agent.links->destroy(agent.links);
	agent.lock->destroy(agent.lock);
	lib->watcher = watcher_create();
	lib->processor = processor_create();
	library_deinit();
	return 0;
}

/* The card says so, in frames that came since, and is asked. */
static uint32_t heard(int dbm)
{
	card.now.dbm = dbm;
	card.now.received++;
	return mobikex_signal_ask();
}

/* ------------------------------------------------------------------- tests */

static void falls_and_rises(void **state)
{
	assert_int_equal(jobs, 1);
	assert_int_equal(heard(-60), OFTEN);
	heard(-79);
	assert_int_equal(told, 0);
	heard(-80);
	assert_int_equal(weak, SEGUE_REASON_SIGNAL_LOW);
	heard(-90);
	heard(-75);			/* not well enough yet */
	assert_int_equal(told, 1);
	heard(-74);
	assert_int_equal(weak, SEGUE_REASON_NONE);
	heard(-79);
	assert_int_equal(told, 2);
}

static void settings(void **state)
{
	lib->settings->set_int(lib->settings, "%s.plugins.mobikex.signal_low", -70, lib->ns);
	lib->settings->set_int(lib->settings, "%s.plugins.mobikex.signal_hysteresis", 10, lib->ns);
	lib->settings->set_int(lib->settings, "%s.plugins.mobikex.signal_interval", 40, lib->ns);
	assert_int_equal(heard(-60), 40);
	heard(-70);
	assert_int_equal(weak, SEGUE_REASON_SIGNAL_LOW);
	heard(-61);
	assert_int_equal(told, 1);
	heard(-60);
	assert_int_equal(told, 2);
	heard(-70);
	lib->settings->set_int(lib->settings, "%s.plugins.mobikex.signal_low", 0, lib->ns);
	card.asked = 0;
	assert_int_equal(heard(-99), 0);
	assert_int_equal(card.asked, 0);
	assert_int_equal(weak, SEGUE_REASON_NONE);	/* nobody would ever say so */
}

/* Nothing could go elsewhere, or nobody is there who would. */
static void not_for_nothing(void **state)
{
	agent.links->remove(agent.links, &lte, NULL);
	assert_int_equal(heard(-99), 0);
	agent.links->insert_last(agent.links, &lte);
	agent.sessions->remove(agent.sessions, &agent, NULL);
	assert_int_equal(heard(-99), 0);
	agent.sessions->insert_last(agent.sessions, &agent);
	up = FALSE;
	assert_int_equal(heard(-99), 0);
	assert_int_equal(card.asked, 0);
	up = TRUE;
	assert_int_equal(heard(-99), OFTEN);
	assert_int_equal(told, 1);
}

/* A host without WLAN, a card that knows no signal, and one that cannot be asked: asked
 * once, and never again. */
static void no_signal(void **state)
{
	card.there = FALSE;
	assert_int_equal(heard(-99), 0);
	card.there = TRUE;
	assert_int_equal(heard(-99), 0);
	wlan.ifindex = 0;			/* it was unplugged, and so was lte0 */
	lte.ifindex = 0;
	mobikex_signal_ask();
	wlan.ifindex = WLAN;
	wlan.radio_index = 0;
	lte.ifindex = LTE;
	card.signal = -ENODATA;
	assert_int_equal(heard(-99), 0);
	card.signal = 0;
	assert_int_equal(heard(-99), 0);
	assert_int_equal(card.asked, 1);
	wlan.radio_index = 0;
	assert_int_equal(heard(-60), OFTEN);
	card.signal = -ENODATA;			/* but this one knew it before */
	assert_int_equal(heard(-60), OFTEN);
	card.signal = 0;
	wlan.radio_index = 0;
	card.client = -EOPNOTSUPP;
	assert_int_equal(heard(-99), 0);
	assert_int_equal(told, 0);
	assert_int_equal(wlan.radio, MOBIKEX_RADIO_NONE);
}

/* Not associated now, or busy: that passes. */
static void not_now(void **state)
{
	card.signal = -ENOLINK;
	assert_int_equal(heard(-99), OFTEN);
	card.signal = -EBUSY;
	assert_int_equal(heard(-99), OFTEN);
	assert_int_equal(told, 0);
	card.signal = 0;
	heard(-99);
	assert_int_equal(told, 1);
}

/* The beacons stay out.  What the card says then is what it heard before. */
static void silent(void **state)
{
	heard(-60);
	happens(NL80211_EVENT_SILENT);
	assert_int_equal(weak, SEGUE_REASON_SIGNAL_LOST);
	happens(NL80211_EVENT_SILENT);
	assert_int_equal(told, 1);
	card.now.received += 5;		/* before it fell silent */
	mobikex_signal_ask();
	mobikex_signal_ask();
	assert_int_equal(told, 1);
	heard(-60);
	assert_int_equal(weak, SEGUE_REASON_NONE);
	/* it need not be louder than it was */
	heard(-78);
	happens(NL80211_EVENT_SILENT);
	card.now.received += 5;
	mobikex_signal_ask();
	assert_int_equal(weak, SEGUE_REASON_SIGNAL_LOST);
	heard(-78);
	assert_int_equal(weak, SEGUE_REASON_NONE);
}

/* The maps are gone: events are read all the same, or they would wake for ever. */
static void detached(void **state)
{
	heard(-60);
	agent.segue = NULL;
	reads = jobs = 0;
	happens(NL80211_EVENT_SILENT);
	happens(NL80211_EVENT_CROSSED);
	assert_int_equal(reads, 2);
	assert_int_equal(told, 0);
	assert_int_equal(jobs, 0);
}

/* Somebody's threshold was crossed: asked now, by the one job that goes on. */
static void crossed(void **state)
{
	heard(-60);
	jobs = 0;
	happens(NL80211_EVENT_CROSSED);
	assert_int_equal(jobs, 1);
	assert_int_equal(told, 0);
	mobikex_signal_watch();
	assert_int_equal(jobs, 1);
}

/* The card tells by itself: then it is seldom asked, while the signal is good. */
static void by_cqm(void **state)
{
	lib->settings->set_bool(lib->settings, "%s.plugins.mobikex.signal_cqm", TRUE, lib->ns);
	assert_int_equal(heard(-50), 5000);
	assert_int_equal(card.thresholds, 1);
	assert_int_equal(card.dbm, -75);	/* early: then it is asked often */
	assert_int_equal(heard(-70), OFTEN);
	assert_int_equal(heard(-80), OFTEN);
	assert_int_equal(told, 1);
	assert_int_equal(card.thresholds, 1);
	card.signal = -ENOLINK;			/* with the next association, again */
	heard(-80);
	card.signal = 0;
	heard(-50);
	assert_int_equal(card.thresholds, 2);
	up = FALSE;				/* the same, lost between two questions */
	mobikex_signal_ask();
	up = TRUE;
	assert_int_equal(heard(-50), 5000);
	assert_int_equal(card.thresholds, 3);
	lib->settings->set_bool(lib->settings, "%s.plugins.mobikex.signal_cqm", FALSE, lib->ns);
	assert_int_equal(heard(-50), OFTEN);	/* the settings were read again */
}

/* Without the right, or the ability: asked as ever. */
static void cqm_refused(void **state)
{
	lib->settings->set_bool(lib->settings, "%s.plugins.mobikex.signal_cqm", TRUE, lib->ns);
	card.threshold = -EPERM;
	assert_int_equal(heard(-50), OFTEN);
	assert_int_equal(heard(-50), OFTEN);
	assert_int_equal(card.thresholds, 1);
	heard(-81);
	assert_int_equal(weak, SEGUE_REASON_SIGNAL_LOW);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(falls_and_rises), TEST(settings), TEST(not_for_nothing), TEST(no_signal),
		TEST(not_now), TEST(silent), TEST(detached), TEST(crossed), TEST(by_cqm), TEST(cqm_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
