/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_mirror.h"
#include "mobikex_child.h"
#include "mobikex_handover.h"
#include "mobikex_host.h"
#include "mobikex_link.h"
#include "mobikex_moved.h"
#include "mobikex_orphan.h"
#include "mobikex_pairs.h"
#include "mobikex_policy.h"
#include "mobikex_route.h"
#include "mobikex_sa.h"
#include "mobikex_taken.h"

#include <errno.h>
#include <string.h>

/** SPIs tried until one is not in use towards another local address */
#define SPI_TRIES 8

/** charon's own functions */
static kernel_interface_t kernel;
static bool installed;

/**
 * The kernel's addresses for those of charon; own clones, or the same as before.
 */
typedef struct {
	host_t *src;
	host_t *dst;
	bool own;
} pair_t;

static pair_t pair_of(mobikex_session_t *session, host_t *src, host_t *dst)
{
	if (!session)
	{
		return (pair_t){ src, dst, FALSE };
	}
	src = mobikex_session_canonical(session, src);
	dst = mobikex_session_canonical(session, dst);
	return (pair_t){ src->clone(src), dst->clone(dst), TRUE };
}

static void pair_clean(pair_t *pair)
{
	if (pair->own)
	{
		pair->src->destroy(pair->src);
		pair->dst->destroy(pair->dst);
	}
}

/**
 * Those of an SA
 */
static pair_t pair_of_sa(mobikex_sa_t *sa, host_t *src, host_t *dst)
{
	if (!sa || !sa->pair)
	{
		return pair_of(sa ? sa->session : NULL, src, dst);
	}
	src = sa->inbound ? sa->pair->remote : sa->pair->local;
	dst = sa->inbound ? sa->pair->local : sa->pair->remote;
	return (pair_t){ src->clone(src), dst->clone(dst), TRUE };
}

/**
 * An SA whose addresses have to be translated
 */
static mobikex_sa_t *sa_pinned(kernel_ipsec_sa_id_t *id)
{
	mobikex_sa_t *sa = mobikex_sa_find(id->spi, id->proto, id->dst);

	return sa && sa->session->state != MOBIKEX_STOCK ? sa : NULL;
}

/**
 * The kernel's id for an SA of charon's
 */
static pair_t translate_id(kernel_ipsec_sa_id_t *id)
{
	mobikex_sa_t *sa;
	pair_t pair;

	mobikex->lock->lock(mobikex->lock);
	sa = sa_pinned(id);
	pair = pair_of_sa(sa, id->src, id->dst);
	mobikex->lock->unlock(mobikex->lock);
	id->src = pair.src;
	id->dst = pair.dst;
	return pair;
}

static kernel_feature_t get_features(kernel_interface_t *this)
{
	kernel_feature_t features = kernel.get_features(this);
	mobikex_session_t *session;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_current();
	if (session && session->state == MOBIKEX_PINNED)
	{	/* child_sa_t.update() asks this: no drop policies, no reinstall */
		features |= KERNEL_NO_POLICY_UPDATES;
	}
	mobikex->lock->unlock(mobikex->lock);
	return features;
}

static status_t get_spi(kernel_interface_t *this, host_t *src, host_t *dst,
						uint8_t proto, uint32_t *spi)
{
	ike_sa_t *ike_sa = charon->bus->get_sa(charon->bus);
	kernel_ipsec_sa_id_t id = { .proto = proto };
	kernel_ipsec_del_sa_t data = {};
	mobikex_session_t *session;
	status_t status = FAILED;
	pair_t pair;
	bool used;
	int i;

	mobikex->lock->lock(mobikex->lock);
	session = ike_sa ? mobikex_session_create(ike_sa) : NULL;
	if (session && session->moved && session->moved->refused)
	{
		mobikex->lock->unlock(mobikex->lock);
		return FAILED;
	}
	pair = pair_of(session, src, dst);
	mobikex->lock->unlock(mobikex->lock);
	id.src = pair.src;
	id.dst = pair.dst;

	for (i = 0; i < SPI_TRIES; i++)
	{
		status = kernel.get_spi(this, id.src, id.dst, proto, spi);
		if (status != SUCCESS || !session)
		{
			break;
		}
		mobikex->lock->lock(mobikex->lock);
		used = mobikex_sa_spi_used(*spi, proto);
		if (!used)
		{
			mobikex_sa_add(session, *spi, proto, TRUE);
		}
		mobikex->lock->unlock(mobikex->lock);
		if (!used)
		{
			break;
		}
		/* unique towards this address only: XFRM's key has the destination */
		id.spi = *spi;
		kernel.del_sa(this, &id, &data);
		status = FAILED;
	}
	pair_clean(&pair);
	return status;
}

static status_t get_cpi(kernel_interface_t *this, host_t *src, host_t *dst,
						uint16_t *cpi)
{
	status_t status;
	pair_t pair;

	mobikex->lock->lock(mobikex->lock);
	pair = pair_of(mobikex_session_current(), src, dst);
	mobikex->lock->unlock(mobikex->lock);
	status = kernel.get_cpi(this, pair.src, pair.dst, cpi);
	pair_clean(&pair);
	return status;
}

/**
 * Is there another peer's SA between the addresses that this one will have?
 */
static bool is_taken(mobikex_session_t *session, ike_sa_t *ike_sa,
					 kernel_ipsec_sa_id_t *id, kernel_ipsec_add_sa_t *data)
{
	host_t *local = data->inbound ? id->dst : id->src;
	host_t *remote = data->inbound ? id->src : id->dst;

	if (session && session->moved && !data->encap)
	{
		mobikex_moved_hosts(session, data->reqid, &local, &remote);
	}
	return mobikex_taken_refuse(ike_sa->get_name(ike_sa),
								ike_sa->get_unique_id(ike_sa),
								ike_sa->get_other_id(ike_sa), local, remote);
}

static void refuse(mobikex_session_t *session, enum segue_reason reason,
				   const char *why)
{
	DBG1(DBG_KNL, "segue: session %s[%u]: SA refused: %s", session->name,
		 session->id, why);
	mobikex_event(session->id, SEGUE_EVENT_REFUSAL, reason);
}

/**
 * Everything before the kernel gets the SA.  FALSE: it must not get it.  No SA:
 * none of ours.
 */
static bool prepare(ike_sa_t *ike_sa, kernel_ipsec_sa_id_t *id,
					kernel_ipsec_add_sa_t *data, mobikex_sa_t **out)
{
	mobikex_session_t *session;
	mobikex_pair_t *moved;
	mobikex_sa_t *sa = NULL;
	struct segue_addr local;
	int err;

	session = mobikex_session_current();
	if (ike_sa && data->mode == MODE_TRANSPORT &&
		is_taken(session, ike_sa, id, data))
	{
		return FALSE;
	}
	if (!session || !ike_sa ||
		!mobikex_session_pin(session, ike_sa, data->mode, id->proto, data->encap))
	{
		return TRUE;
	}
	if (id->proto != IPPROTO_ESP ||
		(data->mode == MODE_TRANSPORT && !session->restores))
	{
		refuse(session, SEGUE_REASON_NONE, "cannot be moved with the others "
			   "of its IKE_SA");
		return FALSE;
	}
	if (session->moved && data->mode == MODE_TRANSPORT && !data->encap &&
		!mobikex_moved_verified(session, data->reqid))
	{
		refuse(session, SEGUE_REASON_NOT_OWNED,
			   "the peer's address is not verified");
		return FALSE;
	}
	if (session->moved && session->moved->remote &&
		!mobikex_pairs_movable(ike_sa, data->reqid))
	{
		refuse(session, SEGUE_REASON_NOT_OWNED,
			   "its selectors are not those of another pair");
		return FALSE;
	}
	mobikex_session_encap(session, data->encap);
	moved = mobikex_moved_pair(session, data->mode, data->encap, data->reqid);
	if (moved && !mobikex_moved_service(session,
								data->inbound ? data->dst_ts : data->src_ts,
								data->inbound ? data->src_ts : data->dst_ts))
	{
		refuse(session, SEGUE_REASON_NONE, "it cannot be guarded");
		return FALSE;
	}
	if (session->moved && !moved && !session->moved->mixed)
	{
		local = mobikex_addr(session->local);
		mobikex_local_add(session, &local);
		session->moved->mixed = TRUE;
	}
	sa = data->inbound ? mobikex_sa_find(id->spi, id->proto, id->dst) : NULL;
	sa = sa ?: mobikex_sa_add(session, id->spi, id->proto, data->inbound);
	sa->entry = (struct segue_sa){
		.session = session->id,
		.reqid = data->reqid,
		.child = moved ? 0 :
				 mobikex_child_number(session, ike_sa, data->reqid),
		.mode = data->mode == MODE_TRANSPORT ? SEGUE_SA_TRANSPORT :
				data->mode == MODE_BEET ? SEGUE_SA_BEET : SEGUE_SA_TUNNEL,
		.flags = (data->inbound ? SEGUE_SA_INBOUND : 0) |
				 (data->encap ? SEGUE_SA_ENCAP : 0),
	};
	mobikex_moved_hold(moved);
	mobikex_moved_drop(session, sa->pair);
	sa->pair = moved;
	err = mobikex_sa_put(sa);
	if (!err)
	{
		if (!moved && data->mode == MODE_TRANSPORT)
		{
			mobikex_session_transport(session);
		}
		sa->installed = TRUE;
		if (sa->entry.child)
		{	/* its way is made when the IKE_SA is free */
			mobikex_follow_queue(session);
		}
		*out = sa;
		return TRUE;
	}
	refuse(session, err == -E2BIG ? SEGUE_REASON_MAP_FULL : SEGUE_REASON_NONE,
		   err == -E2BIG ? "the map is full" : strerror(-err));
	if (!mobikex_sa_any(session))
	{	/* nothing of it is pinned yet, charon can have it as it is */
		mobikex_session_stock(session, "no entry in the SA map");
		return TRUE;
	}
	if (!sa->inbound)
	{	/* of the inbound one charon still deletes the SPI */
		mobikex_sa_remove(sa);
	}
	return FALSE;
}

/**
 * A larval SA was allocated at the canonical address, and the SA goes elsewhere:
 * charon's add_sa() then adds it anew (ESRCH of XFRM_MSG_UPDSA).
 */
static void drop_larval(kernel_interface_t *this, kernel_ipsec_sa_id_t *id,
						mobikex_session_t *session)
{
	kernel_ipsec_sa_id_t larval = *id;
	kernel_ipsec_del_sa_t data = {};

	larval.src = session->remote;
	larval.dst = session->local;
	if (!larval.dst->ip_equals(larval.dst, id->dst))
	{
		kernel.del_sa(this, &larval, &data);
	}
}

static status_t add_sa(kernel_interface_t *this, kernel_ipsec_sa_id_t *id,
					   kernel_ipsec_add_sa_t *data)
{
	ike_sa_t *ike_sa = charon->bus->get_sa(charon->bus);
	kernel_ipsec_sa_id_t pinned = *id;
	kernel_ipsec_add_sa_t copy = *data;
	mobikex_session_t *session;
	mobikex_sa_t *sa = NULL;
	status_t status;
	bool accepted;
	pair_t pair;

	mobikex->lock->lock(mobikex->lock);
	accepted = prepare(ike_sa, id, data, &sa);
	if (accepted && sa)
	{
		session = sa->session;
		pair = pair_of_sa(sa, id->src, id->dst);
		pinned.src = pair.src;
		pinned.dst = pair.dst;
		copy.src_ts = mobikex_ts_translate_list(data->src_ts,
				sa->inbound ? session->remotes : session->locals, pinned.src);
		copy.dst_ts = mobikex_ts_translate_list(data->dst_ts,
				sa->inbound ? session->locals : session->remotes, pinned.dst);
		DBG2(DBG_KNL, "segue: session %s[%u]: %s SA %.8x %H..%H, for charon "
			 "%H..%H", session->name, session->id, sa->inbound ? "inbound" :
			 "outbound", ntohl(id->spi), pinned.src, pinned.dst, id->src, id->dst);
	}
	mobikex->lock->unlock(mobikex->lock);
	if (!accepted)
	{
		return FAILED;
	}
	if (sa && sa->pair && data->update)
	{
		drop_larval(this, &pinned, sa->session);
	}
	status = kernel.add_sa(this, &pinned, &copy);
	if (sa)
	{
		if (status != SUCCESS)
		{
			mobikex->lock->lock(mobikex->lock);
			mobikex_sa_uninstalled(sa);
			if (!sa->inbound)
			{
				mobikex_sa_remove(sa);
			}
			mobikex->lock->unlock(mobikex->lock);
		}
		pair_clean(&pair);
		mobikex_ts_destroy(copy.src_ts);
		mobikex_ts_destroy(copy.dst_ts);
	}
	return status;
}

static status_t update_sa(kernel_interface_t *this, kernel_ipsec_sa_id_t *id,
						  kernel_ipsec_update_sa_t *data)
{
	mobikex_sa_t *sa;
	bool pinned;

	mobikex->lock->lock(mobikex->lock);
	sa = sa_pinned(id);
	pinned = sa != NULL;
	if (pinned)
	{
		mobikex_session_view(sa->session,
							 sa->inbound ? data->new_dst : data->new_src,
							 sa->inbound ? data->new_src : data->new_dst);
		DBG2(DBG_KNL, "segue: session %s[%u]: SA %.8x stays as it is, %#H..%#H "
			 "is charon's view", sa->session->name, sa->session->id,
			 ntohl(id->spi), data->new_src, data->new_dst);
	}
	mobikex->lock->unlock(mobikex->lock);
	if (!pinned)
	{
		return kernel.update_sa(this, id, data);
	}
	/* XFRM cannot change the encapsulation of an SA: charon rekeys it then */
	return data->encap == data->new_encap ? SUCCESS : NOT_SUPPORTED;
}

static status_t query_sa(kernel_interface_t *this, kernel_ipsec_sa_id_t *id,
						 kernel_ipsec_query_sa_t *data, uint64_t *bytes,
						 uint64_t *packets, time_t *time)
{
	kernel_ipsec_sa_id_t pinned = *id;
	pair_t pair = translate_id(&pinned);
	status_t status;

	status = kernel.query_sa(this, &pinned, data, bytes, packets, time);
	pair_clean(&pair);
	return status;
}

static status_t del_sa(kernel_interface_t *this, kernel_ipsec_sa_id_t *id,
					   kernel_ipsec_del_sa_t *data)
{
	kernel_ipsec_sa_id_t pinned = *id;
	pair_t pair = translate_id(&pinned);
	mobikex_sa_t *sa;
	status_t status;

	status = kernel.del_sa(this, &pinned, data);
	mobikex->lock->lock(mobikex->lock);
	sa = mobikex_sa_find(id->spi, id->proto, id->dst);
	if (sa)
	{
		mobikex_sa_remove(sa);
	}
	mobikex->lock->unlock(mobikex->lock);
	pair_clean(&pair);
	return status;
}

/**
 * charon looks SAs up by the address that its IKE_SA has now.
 */
static host_t *charons_view(uint32_t spi, uint8_t proto, host_t *dst)
{
	mobikex_sa_t *sa;
	host_t *view = NULL;

	mobikex->lock->lock(mobikex->lock);
	sa = mobikex_sa_by_kernel(spi, proto, dst);
	if (sa && sa->session->state == MOBIKEX_PINNED)
	{
		view = sa->inbound ? sa->session->my : sa->session->other;
		view = view->clone(view);
	}
	mobikex->lock->unlock(mobikex->lock);
	return view;
}

static void expire(kernel_interface_t *this, uint8_t proto, uint32_t spi,
				   host_t *dst, bool hard)
{
	host_t *view = charons_view(spi, proto, dst);

	if (!view && hard)
	{
		mobikex->lock->lock(mobikex->lock);
		mobikex_orphans_expired(spi, dst);
		mobikex->lock->unlock(mobikex->lock);
	}
	kernel.expire(this, proto, spi, view ?: dst, hard);
	DESTROY_IF(view);
}

static void mapping(kernel_interface_t *this, uint8_t proto, uint32_t spi,
					host_t *dst, host_t *remote)
{
	host_t *view = charons_view(spi, proto, dst);

	if (!view)
	{
		kernel.mapping(this, proto, spi, dst, remote);
		return;
	}
	/* ESP came from an unverified address, or the kernel would not have seen
	 * it: RFC 4555 3.12, no reason to go there.  IKE will tell. */
	DBG2(DBG_KNL, "segue: ESP %.8x came from %#H, which is not verified",
		 ntohl(spi), remote);
	view->destroy(view);
}

/**
 * The path that IKE takes is ours to choose: what charon has is valid.
 */
static host_t *get_source_addr(kernel_interface_t *this, host_t *dest,
							   host_t *src)
{
	mobikex_session_t *session;
	struct segue_addr addr, source;
	host_t *my = NULL, *found;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_current();
	if (session && session->state == MOBIKEX_PINNED && session->published)
	{
		my = session->my->clone(session->my);
	}
	mobikex->lock->unlock(mobikex->lock);
	if (my)
	{
		return my;
	}
	found = kernel.get_source_addr(this, dest, src);
	if (found)
	{
		return found;
	}
	/* a route over segue0 does not count for charon, and an earlier IKE_SA with
	 * this peer may have put one there */
	addr = mobikex_addr(dest);
	mobikex->lock->lock(mobikex->lock);
	if (mobikex->segue && mobikex_link_source(&addr, &source))
	{
		found = mobikex_host(&source, 0);
	}
	mobikex->lock->unlock(mobikex->lock);
	return found;
}

/**
 * segue0's addresses are no addresses of this host to others.
 */
static bool is_interface_usable(kernel_interface_t *this, const char *iface)
{
	return !streq(iface, SEGUE_DEVICE) && kernel.is_interface_usable(this, iface);
}

void mobikex_mirror_hide_device(void)
{
	kernel.is_interface_usable = charon->kernel->is_interface_usable;
	charon->kernel->is_interface_usable = is_interface_usable;
}

void mobikex_mirror_install(void)
{
	kernel_interface_t *public = charon->kernel;

	kernel.is_interface_usable = kernel.is_interface_usable ?:
								 public->is_interface_usable;
	public->is_interface_usable = kernel.is_interface_usable;
	kernel = *public;
	public->is_interface_usable = is_interface_usable;
	public->get_features = get_features;
	public->get_spi = get_spi;
	public->get_cpi = get_cpi;
	public->add_sa = add_sa;
	public->update_sa = update_sa;
	public->query_sa = query_sa;
	public->del_sa = del_sa;
	public->expire = expire;
	public->mapping = mapping;
	public->get_source_addr = get_source_addr;
	mobikex_policy_install(public, &kernel);
	installed = TRUE;
}

void mobikex_mirror_uninstall(void)
{
	if (installed)
	{
		*charon->kernel = kernel;
		installed = FALSE;
	}
	else if (kernel.is_interface_usable)
	{
		charon->kernel->is_interface_usable = kernel.is_interface_usable;
	}
}
