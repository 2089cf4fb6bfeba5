/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Exchanges in charon's hands: what waits or runs in the queues of its task manager,
 * and what all our own tasks have in common.
 */
#ifndef MOBIKEX_EXCHANGE_H_
#define MOBIKEX_EXCHANGE_H_

#include <sa/ike_sa.h>
#include <sa/task.h>

/** Queues to look into, a mask */
enum {
	MOBIKEX_ACTIVE = 1 << TASK_QUEUE_ACTIVE,	/* asked, not answered yet */
	MOBIKEX_PASSIVE = 1 << TASK_QUEUE_PASSIVE,	/* the peer asks */
	MOBIKEX_QUEUED = 1 << TASK_QUEUE_QUEUED,	/* not asked yet */
};

typedef typeof(((task_t*)NULL)->build) mobikex_build_t;
typedef typeof(((task_t*)NULL)->process) mobikex_process_t;
typedef bool (*mobikex_match_t)(task_t *task, void *context);

/** Is there a task for which match holds? */
bool mobikex_exchange_find(ike_sa_t *ike_sa, u_int queues, mobikex_match_t match,
						   void *context);

/** Is there any task? */
bool mobikex_exchange_any(ike_sa_t *ike_sa, u_int queues);

/** Is there a task that builds its request like this: one of ours of a kind? */
bool mobikex_exchange_built_by(ike_sa_t *ike_sa, u_int queues, mobikex_build_t build);

/** The CHILD_SA that this task creates, if it does and the CHILD_SA has that reqid. */
child_sa_t *mobikex_exchange_creates(task_t *task, uint32_t reqid);

typedef struct mobikex_exchange_t mobikex_exchange_t;

/**
 * A task of ours that keeps nothing to be freed.  First in a structure of its own,
 * which ends by free().
 */
struct mobikex_exchange_t {

	/**
	 * All the task manager knows of us; first.
	 */
	task_t task;

	/**
	 * The IKE_SA, a new one after rekeying
	 */
	ike_sa_t *ike_sa;
};

/** Everything but what it says and what it makes of the answer. */
void mobikex_exchange_init(mobikex_exchange_t *this, ike_sa_t *ike_sa,
						   mobikex_build_t build, mobikex_process_t process);

/** get_type() of all of ours: task_manager_v2 starts only types that it knows.  This one
 * it starts in IKE_ESTABLISHED and never casts to anything bigger. */
#define MOBIKEX_TASK_TYPE TASK_IKE_DPD

#endif	/* MOBIKEX_EXCHANGE_H_ */
