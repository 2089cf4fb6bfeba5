/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * When the list of pairs is looked at, and what is deleted of it.  The jobs are run by
 * hand; charon has the CHILD_SAs of two pairs, and deletes what it is told to.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>
#include <library.h>
#include <daemon.h>
#include <threading/mutex.h>
#include <sa/ikev2/tasks/child_create.h>
#include "fake_charon.h"
#include "mobikex_host.h"
#include "mobikex_link.h"
#include "mobikex_pairs.h"
#include "mobikex_path.h"

#define OLD 1
#define NEW 2

mobikex_agent_t *mobikex;
static mobikex_agent_t agent;
static mobikex_session_t session;
static mobikex_moved_t moved;
static mobikex_peer_t old_peer, new_peer;
static mobikex_pair_t *old_pair, *new_pair;
static ike_sa_state_t state;
static linked_list_t *children;
static unsigned int deleted;
static uint64_t now;

static struct {
	mobikex_job_t job;
	uint32_t data;
	uint32_t delay;
} jobs[16];
static unsigned int queued;

/* ------------------------------------------------ what stands for the rest */

uint64_t mobikex_now(void)
{
	return now;
}

void mobikex_job_queue(uint32_t ike, mobikex_job_t job, uint32_t data, uint32_t delay_ms)
{
	assert_true(queued < countof(jobs));
	jobs[queued].job = job;
	jobs[queued].data = data;
	jobs[queued++].delay = delay_ms;
}

mobikex_session_t *mobikex_session_by_ike(uint32_t ike)
{
	return &session;
}

mobikex_peer_t *mobikex_peer_find(mobikex_session_t *this, host_t *host)
{
	return host->ip_equals(host, old_peer.host) ? &old_peer : &new_peer;
}

mobikex_link_t *mobikex_link_of(const struct segue_addr *addr)
{
	static mobikex_link_t eth0;

	return &eth0;
}

void mobikex_path_hosts(mobikex_session_t *this, uint8_t slot, host_t **local,
						host_t **remote)
{
	fail();		/* there are no paths */
}

/* A CHILD_SA of charon's */
typedef struct {
	child_sa_t public;
	uint32_t reqid;
	child_sa_state_t state;
} fake_child_t;

static uint32_t get_reqid(child_sa_t *this)
{
	return ((fake_child_t *)this)->reqid;
}

static child_sa_state_t get_child_state(child_sa_t *this)
{
	return ((fake_child_t *)this)->state;
}

static char *get_name(child_sa_t *this)
{
	return "data";
}

static ipsec_mode_t get_mode(child_sa_t *this)
{
	return MODE_TRANSPORT;
}

static protocol_id_t get_protocol(child_sa_t *this)
{
	return PROTO_ESP;
}

static uint32_t get_spi(child_sa_t *this, bool inbound)
{
	return (uint32_t)(uintptr_t)this;
}

static child_cfg_t *config;

static child_cfg_t *get_config(child_sa_t *this)
{
	return config;
}

/* as a configuration says it; NULL: dynamic */
static void configure(const char *local, const char *remote)
{
	child_cfg_create_t data = { .mode = MODE_TRANSPORT };
	const char *address;
	int i;

	DESTROY_IF(config);
	config = child_cfg_create("data", &data);
	for (i = 0; i <= 1; i++)
	{
		address = i ? local : remote;
		config->add_traffic_selector(config, i, address ?
			traffic_selector_create_from_cidr((char *)address, 0, 0, 65535) :
			traffic_selector_create_dynamic(0, 0, 65535));
	}
}

static ike_sa_state_t get_state(ike_sa_t *this)
{
	return state;
}

static uint32_t get_unique_id(ike_sa_t *this)
{
	return 1;
}

static enumerator_t *create_child_sa_enumerator(ike_sa_t *this)
{
	return children->create_enumerator(children);
}

static child_create_t create;
static linked_list_t *tasks;

static enumerator_t *create_task_enumerator(ike_sa_t *this, task_queue_t queue)
{
	return queue == TASK_QUEUE_PASSIVE ? tasks->create_enumerator(tasks) :
										 enumerator_create_empty();
}

static task_type_t get_type(task_t *this)
{
	return TASK_CHILD_CREATE;
}

static child_sa_t *get_child(child_create_t *this)
{
	child_sa_t *child_sa;

	assert_int_equal(children->get_first(children, (void**)&child_sa), SUCCESS);
	return child_sa;
}

static status_t delete_child_sa(ike_sa_t *this, protocol_id_t protocol, uint32_t spi,
								bool expired)
{
	deleted++;
	return SUCCESS;
}

static status_t initiate(ike_sa_t *this, child_cfg_t *cfg, child_init_args_t *args)
{
	return SUCCESS;
}

static ike_sa_t ike_sa = {
	.get_state = get_state,
	.get_unique_id = get_unique_id,
	.create_child_sa_enumerator = create_child_sa_enumerator,
	.create_task_enumerator = create_task_enumerator,
	.delete_child_sa = delete_child_sa,
	.initiate = (void *)initiate,
};

/* ----------------------------------------------------------------- fixture */

static fake_child_t *child_add(uint32_t reqid)
{
	fake_child_t *child;

	INIT(child,
		.public = {
			.get_reqid = get_reqid,
			.get_state = get_child_state,
			.get_name = get_name,
			.get_mode = get_mode,
			.get_protocol = get_protocol,
			.get_spi = get_spi,
			.get_config = get_config,
		},
		.reqid = reqid,
		.state = CHILD_INSTALLED,
	);
	children->insert_last(children, child);
	return child;
}

static int setup(void **data)
{
	host_t *server = host_create_from_string("10.9.0.2", 0);

	agent = (mobikex_agent_t){
		.lock = mutex_create(MUTEX_TYPE_DEFAULT),
		.check_delay = 1000,
		.drain_delay = 500,
	};
	mobikex = &agent;
	charon = &fake_daemon;
	queued = deleted = 0;
	now = 1000000000000ULL;
	state = IKE_ESTABLISHED;
	children = linked_list_create();
	create.task.get_type = get_type;
	create.get_child = get_child;
	tasks = linked_list_create_with_items(&create, NULL);
	configure(NULL, NULL);
	old_peer = (mobikex_peer_t){ .host = host_create_from_string("10.1.0.2", 0) };
	new_peer = (mobikex_peer_t){
		.host = host_create_from_string("10.2.0.2", 0),
		.verified = TRUE,
	};
	moved = (mobikex_moved_t){ .pairs = linked_list_create() };
	session = (mobikex_session_t){
		.name = "main",
		.moved = &moved,
		.published = TRUE,
		.leader = TRUE,
	};
	old_pair = mobikex_pair_add(moved.pairs, OLD, server, old_peer.host);
	new_pair = mobikex_pair_add(moved.pairs, NEW, server, new_peer.host);
	old_pair->sas = new_pair->sas = 2;
	server->destroy(server);
	return 0;
}

static int teardown(void **data)
{
	config->destroy(config);
	config = NULL;
	tasks->destroy(tasks);
	children->destroy_function(children, free);
	moved.pairs->destroy_function(moved.pairs, (void*)mobikex_pair_destroy);
	old_peer.host->destroy(old_peer.host);
	new_peer.host->destroy(new_peer.host);
	agent.lock->destroy(agent.lock);
	return 0;
}

static void look(void)
{
	unsigned int job = queued;

	mobikex_pairs_queue(&session);
	assert_int_equal(queued, job + 1);
	assert_int_equal(jobs[job].delay, 0);
	assert_int_equal(jobs[job].job(&ike_sa, jobs[job].data), SUCCESS);
}

/* ------------------------------------------------------------------- tests */

/* or each timer that was set in place of another begins a chain of its own */
static void a_timer_that_was_replaced_does_nothing(void **data)
{
	state = IKE_CONNECTING;		/* not free: later again */
	look();
	assert_int_equal(queued, 2);
	assert_true(jobs[1].delay >= 1000);
	agent.check_delay = 10;
	look();
	assert_int_equal(queued, 4);
	assert_true(jobs[3].delay < 1000);
	/* the first one */
	jobs[1].job(&ike_sa, jobs[1].data);
	assert_int_equal(queued, 4);
	/* the one that counts */
	jobs[3].job(&ike_sa, jobs[3].data);
	assert_int_equal(queued, 5);
	/* once */
	jobs[3].job(&ike_sa, jobs[3].data);
	assert_int_equal(queued, 5);
}

static void all_of_a_pair_that_is_gone_are_deleted(void **data)
{
	child_add(OLD);
	child_add(OLD);
	child_add(NEW);
	look();
	assert_int_equal(deleted, 0);	/* drains */
	now += 1000000000ULL;
	look();
	assert_int_equal(deleted, 2);
	/* once */
	now++;
	look();
	assert_int_equal(deleted, 2);
}

/* an address that is configured is meant, at either end */
static void only_dynamic_selectors_are_moved(void **data)
{
	child_add(OLD);
	child_add(NEW);
	assert_true(mobikex_pairs_movable(&ike_sa, OLD));
	configure(NULL, "10.1.0.2/32");
	assert_false(mobikex_pairs_movable(&ike_sa, OLD));
	/* this one is there already */
	assert_true(mobikex_pairs_movable(&ike_sa, NEW));
	configure("10.9.0.2/32", NULL);
	assert_false(mobikex_pairs_movable(&ike_sa, OLD));
	/* and nothing is deleted for want of another */
	look();
	now += 1000000000ULL;
	look();
	assert_int_equal(deleted, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_timer_that_was_replaced_does_nothing,
										setup, teardown),
		cmocka_unit_test_setup_teardown(all_of_a_pair_that_is_gone_are_deleted,
										setup, teardown),
		cmocka_unit_test_setup_teardown(only_dynamic_selectors_are_moved,
										setup, teardown),
	};
	int failed;

	library_init(NULL, "test_pairs");
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	library_deinit();
	return failed;
}
