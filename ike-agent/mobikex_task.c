/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_task.h"
#include "mobikex_announce.h"
#include "mobikex_check.h"
#include "mobikex_exchange.h"
#include "mobikex_handover.h"
#include "mobikex_nonat.h"
#include "mobikex_path.h"
#include "mobikex_push.h"

#include <daemon.h>
#include <encoding/payloads/notify_payload.h>
#include <sa/ikev2/tasks/ike_natd.h>

/** RFC 4555 4.2.5: 8 to 64 octets */
#define COOKIE2_SIZE 16

typedef struct private_task_t private_task_t;

struct private_task_t {

	/**
	 * All the task manager knows of us; first.
	 */
	task_t public;

	/**
	 * The IKE_SA, a new one after rekeying
	 */
	ike_sa_t *ike_sa;

	/**
	 * What the peer has to send back
	 */
	chunk_t cookie2;

	/**
	 * NAT detection, in an update, and the addresses it was made for
	 */
	ike_natd_t *natd;
	host_t *from;
	host_t *to;

	/**
	 * What an update tells besides
	 */
	mobikex_owed_t owed;

	/**
	 * A check has it, too, since the peer wants it
	 */
	bool natd_beside;

	/**
	 * The path to check, in a check
	 */
	host_t *my;
	host_t *other;

	/**
	 * A check that was answered
	 */
	bool answered;
};

/**
 * Add a new COOKIE2.
 */
static bool add_cookie(private_task_t *this, message_t *message)
{
	rng_t *rng;
	bool ok;

	chunk_free(&this->cookie2);
	rng = lib->crypto->create_rng(lib->crypto, RNG_STRONG);
	ok = rng && rng->allocate_bytes(rng, COOKIE2_SIZE, &this->cookie2);
	DESTROY_IF(rng);
	if (ok)
	{
		message->add_notify(message, FALSE, COOKIE2, this->cookie2);
	}
	return ok;
}

/**
 * Did the peer send our COOKIE2 back?  If not, RFC 4555 3.7 closes the IKE_SA.
 */
static bool check_cookie(private_task_t *this, message_t *message)
{
	notify_payload_t *notify = message->get_notify(message, COOKIE2);

	if (notify && chunk_equals_const(notify->get_notification_data(notify),
									 this->cookie2))
	{
		return TRUE;
	}
	DBG1(DBG_IKE, "segue: COOKIE2 mismatch, closing IKE_SA");
	return FALSE;
}

METHOD(task_t, build_update, status_t,
	private_task_t *this, message_t *message)
{
	message->add_notify(message, FALSE, UPDATE_SA_ADDRESSES, chunk_empty);
	mobikex_announce_update(this->ike_sa, message, &this->owed);
	if (!add_cookie(this, message))
	{
		return FAILED;
	}
	this->natd = ike_natd_create(this->ike_sa, TRUE);
	this->natd->task.build(&this->natd->task, message);
	this->from = this->ike_sa->get_my_host(this->ike_sa);
	this->from = this->from->clone(this->from);
	this->to = this->ike_sa->get_other_host(this->ike_sa);
	this->to = this->to->clone(this->to);
	mobikex_push_later(this->ike_sa, message->get_message_id(message));
	return NEED_MORE;
}

/**
 * Its request was sent again by another path than it was made for.
 */
static bool is_from_elsewhere(private_task_t *this, message_t *message)
{
	host_t *my = message->get_destination(message);
	host_t *other = message->get_source(message);

	return !my->ip_equals(my, this->from) || !other->ip_equals(other, this->to);
}

/**
 * The request was made for this pair, wherever it went in the end.
 */
static void refused(private_task_t *this)
{
	mobikex_session_t *session;
	bool other = FALSE;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(this->ike_sa->get_unique_id(this->ike_sa));
	if (session && session->published)
	{
		other = mobikex_path_refused(session, this->from, this->to);
		mobikex_follow_queue(session);
	}
	mobikex->lock->unlock(mobikex->lock);
	DBG1(DBG_IKE, "segue: the peer does not accept %H..%H%s", this->from, this->to,
		 other ? ", trying the next path" : ", and there is no other path");
}

/**
 * Sent again by another path, it had the addresses of the first one: no NAT is
 * needed for that, and the next request has the right ones.  It was us who sent it
 * again, or else the peer could have requests for ever.
 */
static void natted(private_task_t *this, message_t *message)
{
	mobikex_session_t *session;
	bool again = TRUE;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(this->ike_sa->get_unique_id(this->ike_sa));
	if (session && !(is_from_elsewhere(this, message) &&
					 mobikex_push_happened(this->ike_sa)))
	{
		again = mobikex_nonat_again(session);
	}
	mobikex->lock->unlock(mobikex->lock);
	if (!again)
	{
		refused(this);
	}
	else if (!mobikex_update_queued(this->ike_sa))
	{
		this->ike_sa->queue_task(this->ike_sa, mobikex_update_create(this->ike_sa));
	}
}

METHOD(task_t, process_update, status_t,
	private_task_t *this, message_t *message)
{
	bool unacceptable;

	if (!check_cookie(this, message))
	{
		return FAILED;
	}
	if (message->get_notify(message, UNEXPECTED_NAT_DETECTED))
	{	/* RFC 4555 3.9: nothing of it counts */
		natted(this, message);
		return SUCCESS;
	}
	unacceptable = message->get_notify(message, UNACCEPTABLE_ADDRESSES);
	mobikex_announce_answered(this->ike_sa, message, &this->owed, !unacceptable);
	if (unacceptable)
	{	/* RFC 4555 3.5: it stays where it was, and so do its SAs */
		refused(this);
		return SUCCESS;
	}
	if (mobikex_update_queued(this->ike_sa))
	{	/* moved on meanwhile: what NAT detection says is of the past */
		return SUCCESS;
	}
	DBG1(DBG_IKE, "segue: peer follows on %#H..%#H",
		 message->get_destination(message), message->get_source(message));
	if (is_from_elsewhere(this, message))
	{	/* where we are now the next one tells, with its own NAT detection */
		return SUCCESS;
	}
	this->natd->task.process(&this->natd->task, message);
	/* a NAT may have come or gone */
	this->ike_sa->update_hosts(this->ike_sa, NULL, NULL,
							   UPDATE_HOSTS_FORCE_CHILDREN);
	return SUCCESS;
}

/**
 * NAT detection for a peer that reads COOKIE2 only beside it.  Nothing is made of
 * its answer: the IKE_SA's conditions are those of the path in use, not of this one.
 */
static void add_natd(private_task_t *this, message_t *message)
{
	ike_natd_t *natd = ike_natd_create(this->ike_sa, TRUE);

	natd->task.build(&natd->task, message);
	natd->task.destroy(&natd->task);
}

METHOD(task_t, build_check, status_t,
	private_task_t *this, message_t *message)
{
	if (!add_cookie(this, message))
	{
		return FAILED;
	}
	this->natd_beside = mobikex_check_natd(this->ike_sa);
	if (this->natd_beside)
	{
		add_natd(this, message);
	}
	mobikex_push_after(this->ike_sa, message->get_message_id(message),
					   mobikex_check_tries(this->ike_sa, this->other));
	return NEED_MORE;
}

METHOD(task_t, process_check, status_t,
	private_task_t *this, message_t *message)
{
	host_t *my = message->get_destination(message);
	host_t *other = message->get_source(message);

	if (!this->natd_beside && !message->get_notify(message, COOKIE2))
	{	/* RFC 4555 3.7 wants it copied; libreswan does so in path tests as it
		 * knows them only */
		this->answered = TRUE;
		mobikex_check_left_out(this->ike_sa, this->my, this->other);
		return SUCCESS;
	}
	if (!check_cookie(this, message))
	{
		return FAILED;
	}
	this->answered = TRUE;
	/* Repeated over the path in use, the request may have been answered there;
	 * and who read the cookie there can give the answer any source. */
	mobikex_check_result(this->ike_sa, this->my, this->other,
						 my->ip_equals(my, this->my) &&
						 other->ip_equals(other, this->other) &&
						 !mobikex_push_happened(this->ike_sa));
	return SUCCESS;
}

METHOD(task_t, get_type, task_type_t,
	private_task_t *this)
{
	return MOBIKEX_TASK_TYPE;
}

static void natd_destroy(private_task_t *this)
{
	if (this->natd)
	{
		this->natd->task.destroy(&this->natd->task);
		this->natd = NULL;
	}
	DESTROY_IF(this->from);
	DESTROY_IF(this->to);
	this->from = this->to = NULL;
}

METHOD(task_t, migrate, void,
	private_task_t *this, ike_sa_t *ike_sa)
{
	chunk_free(&this->cookie2);
	this->ike_sa = ike_sa;
	natd_destroy(this);
}

METHOD(task_t, destroy, void,
	private_task_t *this)
{
	natd_destroy(this);
	if (this->my && !this->answered)
	{	/* flushed with its queue: whoever waits for it must not wait for ever */
		mobikex_check_result(this->ike_sa, this->my, this->other, FALSE);
	}
	DESTROY_IF(this->my);
	DESTROY_IF(this->other);
	chunk_free(&this->cookie2);
	free(this);
}

bool mobikex_update_queued(ike_sa_t *ike_sa)
{
	return mobikex_exchange_built_by(ike_sa, MOBIKEX_QUEUED, _build_update);
}

task_t *mobikex_update_create(ike_sa_t *ike_sa)
{
	private_task_t *this;

	INIT(this,
		.public = {
			.build = _build_update,
			.process = _process_update,
			.get_type = _get_type,
			.migrate = _migrate,
			.destroy = _destroy,
		},
		.ike_sa = ike_sa,
	);
	return &this->public;
}

task_t *mobikex_check_create(ike_sa_t *ike_sa, host_t *my, host_t *other)
{
	private_task_t *this;

	INIT(this,
		.public = {
			.build = _build_check,
			.process = _process_check,
			.get_type = _get_type,
			.migrate = _migrate,
			.destroy = _destroy,
		},
		.ike_sa = ike_sa,
		.my = my->clone(my),
		.other = other->clone(other),
	);
	return &this->public;
}
