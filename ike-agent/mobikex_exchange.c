/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_exchange.h"

#include <sa/ikev2/tasks/child_create.h>

bool mobikex_exchange_find(ike_sa_t *ike_sa, u_int queues, mobikex_match_t match,
						   void *context)
{
	task_queue_t all[] = { TASK_QUEUE_ACTIVE, TASK_QUEUE_PASSIVE, TASK_QUEUE_QUEUED };
	enumerator_t *enumerator;
	bool found = FALSE;
	task_t *task;
	int i;

	for (i = 0; i < countof(all) && !found; i++)
	{
		if (!(queues & 1 << all[i]))
		{
			continue;
		}
		enumerator = ike_sa->create_task_enumerator(ike_sa, all[i]);
		while (!found && enumerator->enumerate(enumerator, &task))
		{
			found = match(task, context);
		}
		enumerator->destroy(enumerator);
	}
	return found;
}

static bool match_any(task_t *task, void *context)
{
	return TRUE;
}

bool mobikex_exchange_any(ike_sa_t *ike_sa, u_int queues)
{
	return mobikex_exchange_find(ike_sa, queues, match_any, NULL);
}

static bool match_build(task_t *task, void *context)
{
	mobikex_build_t *build = context;

	return task->build == *build;
}

bool mobikex_exchange_built_by(ike_sa_t *ike_sa, u_int queues, mobikex_build_t build)
{
	return mobikex_exchange_find(ike_sa, queues, match_build, &build);
}

child_sa_t *mobikex_exchange_creates(task_t *task, uint32_t reqid)
{
	child_create_t *create = (child_create_t*)task;
	child_sa_t *child_sa;

	if (task->get_type(task) != TASK_CHILD_CREATE)
	{
		return NULL;
	}
	child_sa = create->get_child(create);
	return child_sa && child_sa->get_reqid(child_sa) == reqid ? child_sa : NULL;
}

METHOD(task_t, get_type, task_type_t,
	mobikex_exchange_t *this)
{
	return MOBIKEX_TASK_TYPE;
}

METHOD(task_t, migrate, void,
	mobikex_exchange_t *this, ike_sa_t *ike_sa)
{
	this->ike_sa = ike_sa;
}

METHOD(task_t, destroy, void,
	mobikex_exchange_t *this)
{
	free(this);
}

void mobikex_exchange_init(mobikex_exchange_t *this, ike_sa_t *ike_sa,
						   mobikex_build_t build, mobikex_process_t process)
{
	this->ike_sa = ike_sa;
	this->task = (task_t){
		.build = build,
		.process = process,
		.get_type = _get_type,
		.migrate = _migrate,
		.destroy = _destroy,
	};
}
