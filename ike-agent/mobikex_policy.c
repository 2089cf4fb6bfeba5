/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_policy.h"
#include "mobikex_host.h"
#include "mobikex_moved.h"
#include "mobikex_route.h"

static kernel_interface_t *kernel;

/** Holder of the virtual IPs that are on segue0 */
static char virtual;

/**
 * A policy as charon knows it, translated for the kernel
 */
typedef struct {
	kernel_ipsec_policy_id_t id;
	kernel_ipsec_manage_policy_t data;
	bool translated;
	bool pinned;
} policy_t;

/**
 * Selectors can be told apart by their side: ours may hold our addresses only.
 */
static void translate_ts(mobikex_session_t *session, policy_t *policy, bool out,
						 host_t *local, host_t *remote)
{
	kernel_ipsec_policy_id_t *id = &policy->id;

	id->src_ts = mobikex_ts_translate(id->src_ts, out ? session->locals :
									  session->remotes, out ? local : remote);
	id->dst_ts = mobikex_ts_translate(id->dst_ts, out ? session->remotes :
									  session->locals, out ? remote : local);
	policy->translated = TRUE;
}

/**
 * The kernel's addresses: the CHILD_SA's own, or the session's.  Who asks without a
 * reqid means where IKE is.
 */
static void kernels_hosts(mobikex_session_t *session,
			kernel_ipsec_manage_policy_t *data, host_t **local, host_t **remote)
{
	linked_list_t *pairs = session->moved ? session->moved->pairs : NULL;
	mobikex_pair_t *pair = NULL;

	if (data && data->sa->mode != MODE_TRANSPORT)
	{	/* pinned like any other session's, whatever pair has its number */
	}
	else if (pairs && data)
	{
		pair = mobikex_pair_find(pairs, data->sa->reqid);
	}
	else if (pairs)
	{
		pair = mobikex_pair_between(pairs, NULL, session->my, session->other);
	}
	*local = pair ? pair->local : session->local;
	*remote = pair ? pair->remote : session->remote;
}

static host_t *kernels(mobikex_session_t *session, host_t *host, host_t *local,
					   host_t *remote)
{
	if (mobikex_host_known(session->locals, host))
	{
		host = local;
	}
	else if (mobikex_host_known(session->remotes, host))
	{
		host = remote;
	}
	return host->clone(host);
}

static policy_t translated(kernel_ipsec_policy_id_t *id,
						  kernel_ipsec_manage_policy_t *data)
{
	policy_t policy = { .id = *id, .data = *data };
	mobikex_session_t *session;
	host_t *local, *remote;
	bool out;

	if (data->prio == POLICY_PRIORITY_ROUTED)
	{	/* a trap: no IKE_SA's, and whoever takes it away may have none */
		return policy;
	}
	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_current();
	if (session)
	{
		/* FWD policies come in both directions */
		out = id->dir == POLICY_OUT || (id->dir == POLICY_FWD &&
				mobikex_host_known(session->locals, data->src) &&
				!mobikex_host_known(session->locals, data->dst));
		policy.pinned = session->state == MOBIKEX_PINNED;
		kernels_hosts(session, data, &local, &remote);
		policy.data.src = kernels(session, data->src, local, remote);
		policy.data.dst = kernels(session, data->dst, local, remote);
		translate_ts(session, &policy, out, local, remote);
	}
	mobikex->lock->unlock(mobikex->lock);
	return policy;
}

static void clean(policy_t *policy)
{
	if (policy->translated)
	{
		policy->id.src_ts->destroy(policy->id.src_ts);
		policy->id.dst_ts->destroy(policy->id.dst_ts);
		DESTROY_IF(policy->data.src);
		DESTROY_IF(policy->data.dst);
	}
}

/**
 * What an outbound tunnel or BEET policy leads to goes over segue0 as well.
 */
static bool is_routed(policy_t *policy)
{
	return policy->pinned && policy->id.dir == POLICY_OUT &&
		   policy->data.type == POLICY_IPSEC &&
		   policy->data.prio != POLICY_PRIORITY_ROUTED &&
		   policy->data.sa->mode != MODE_TRANSPORT;
}

static bool subnet(traffic_selector_t *ts, struct segue_addr *prefix,
				   u_int *prefixlen)
{
	uint8_t mask;
	host_t *net;

	/* FALSE says only that the range is no subnet; net is the next larger */
	ts->to_subnet(ts, &net, &mask);
	if (!net)
	{
		return FALSE;
	}
	*prefix = mobikex_addr(net);
	*prefixlen = mask;
	net->destroy(net);
	return TRUE;
}

static void route_add(policy_t *policy)
{
	kernel_interface_t *public = charon->kernel;
	mobikex_session_t *session;
	struct segue_addr prefix, source;
	host_t *src = NULL;
	u_int prefixlen;
	bool has_source;

	if (!subnet(policy->id.dst_ts, &prefix, &prefixlen))
	{
		return;
	}
	has_source = public->get_address_by_ts(public, policy->id.src_ts, &src,
										   NULL) == SUCCESS &&
				 !src->is_anyaddr(src);
	if (has_source)
	{
		source = mobikex_addr(src);
	}
	DESTROY_IF(src);
	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_current();
	if (session)
	{
		mobikex_route_add(session->locals, &prefix, prefixlen,
						  has_source ? &source : NULL);
	}
	mobikex->lock->unlock(mobikex->lock);
}

static void route_del(policy_t *policy)
{
	mobikex_session_t *session;
	struct segue_addr prefix;
	u_int prefixlen;

	if (!subnet(policy->id.dst_ts, &prefix, &prefixlen))
	{
		return;
	}
	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_current();
	if (session)
	{
		mobikex_route_del(session->locals, &prefix, prefixlen);
	}
	mobikex->lock->unlock(mobikex->lock);
}

static status_t add_policy(kernel_interface_t *this,
			kernel_ipsec_policy_id_t *id, kernel_ipsec_manage_policy_t *data)
{
	policy_t policy = translated(id, data);
	status_t status;

	status = kernel->add_policy(this, &policy.id, &policy.data);
	if (status == SUCCESS && is_routed(&policy))
	{
		route_add(&policy);
	}
	clean(&policy);
	return status;
}

static status_t del_policy(kernel_interface_t *this,
			kernel_ipsec_policy_id_t *id, kernel_ipsec_manage_policy_t *data)
{
	policy_t policy = translated(id, data);
	status_t status;

	if (is_routed(&policy))
	{
		route_del(&policy);
	}
	status = kernel->del_policy(this, &policy.id, &policy.data);
	clean(&policy);
	return status;
}

/**
 * Listing SAs asks for policies without telling whose they are.
 */
static mobikex_session_t *session_of(kernel_ipsec_policy_id_t *id, bool out)
{
	enumerator_t *enumerator, *hosts;
	mobikex_session_t *session = mobikex_session_current(), *current;
	traffic_selector_t *ts = out ? id->dst_ts : id->src_ts;
	host_t *host;

	enumerator = mobikex->sessions->create_enumerator(mobikex->sessions);
	while (!session && enumerator->enumerate(enumerator, &current))
	{
		if (current->state != MOBIKEX_PINNED)
		{
			continue;
		}
		hosts = current->remotes->create_enumerator(current->remotes);
		while (hosts->enumerate(hosts, &host))
		{
			session = ts->is_host(ts, host) ? current : session;
		}
		hosts->destroy(hosts);
	}
	enumerator->destroy(enumerator);
	return session;
}

static status_t query_policy(kernel_interface_t *this,
			kernel_ipsec_policy_id_t *id, kernel_ipsec_query_policy_t *data,
			time_t *use_time)
{
	policy_t policy = { .id = *id };
	mobikex_session_t *session;
	host_t *local, *remote;
	status_t status;

	mobikex->lock->lock(mobikex->lock);
	session = session_of(id, id->dir == POLICY_OUT);
	if (session)
	{
		kernels_hosts(session, NULL, &local, &remote);
		translate_ts(session, &policy, id->dir == POLICY_OUT, local, remote);
	}
	mobikex->lock->unlock(mobikex->lock);
	status = kernel->query_policy(this, &policy.id, data, use_time);
	clean(&policy);
	return status;
}

/**
 * The same selectors get the same reqid, whatever address they were negotiated
 * with: a rekeyed SA belongs to the policy that is there.
 */
static status_t alloc_reqid(kernel_interface_t *this,
							linked_list_t *local_ts, linked_list_t *remote_ts,
							mark_t mark_in, mark_t mark_out, uint32_t if_id_in,
							uint32_t if_id_out, sec_label_t *label,
							uint32_t *reqid)
{
	mobikex_session_t *session;
	linked_list_t *local = local_ts, *remote = remote_ts;
	host_t *my, *other;
	status_t status;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_current();
	if (session)
	{
		my = session->local;
		other = session->remote;
		if (session->moved && !session->encap)
		{
			mobikex_moved_hosts(session, *reqid, &my, &other);
		}
		local = mobikex_ts_translate_list(local_ts, session->locals, my);
		remote = mobikex_ts_translate_list(remote_ts, session->remotes, other);
		my = my->clone(my);
		other = other->clone(other);
	}
	mobikex->lock->unlock(mobikex->lock);
	status = kernel->alloc_reqid(this, local, remote, mark_in, mark_out,
								 if_id_in, if_id_out, label, reqid);
	if (session)
	{
		if (status == SUCCESS && session->moved && !session->encap)
		{
			mobikex->lock->lock(mobikex->lock);
			mobikex_moved_numbered(session, *reqid, my, other);
			mobikex->lock->unlock(mobikex->lock);
		}
		my->destroy(my);
		other->destroy(other);
		mobikex_ts_destroy(local);
		mobikex_ts_destroy(remote);
	}
	return status;
}

static bool is_managed(void)
{
	mobikex_session_t *session;
	bool managed;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_current();
	managed = session && session->state == MOBIKEX_PINNED;
	mobikex->lock->unlock(mobikex->lock);
	return managed;
}

/**
 * charon would tie the route to an uplink.  Ours is there already.
 */
static status_t add_route(kernel_interface_t *this, chunk_t dst_net,
						  uint8_t prefixlen, host_t *gateway, host_t *src_ip,
						  char *if_name, bool pass)
{
	if (!pass && is_managed())
	{
		return ALREADY_DONE;
	}
	return kernel->add_route(this, dst_net, prefixlen, gateway, src_ip, if_name,
							 pass);
}

CALLBACK(each_addr, int,
	struct segue_addr *wanted, const struct rtnl_addr *addr)
{
	return addr->ifindex == mobikex->device &&
		   segue_addr_equal(&addr->addr, wanted);
}

/**
 * Not if it is the host's own, or by charon.install_virtual_ip is to be on no device.
 */
static bool is_on_device(struct segue_addr *addr)
{
	return mobikex->device &&
		   rtnl_addrs(mobikex->rtnl, (void*)each_addr, addr) == 1;
}

/**
 * A virtual IP must survive the uplink it was asked for by, and segue0 if need be.
 */
static status_t add_ip(kernel_interface_t *this, host_t *virtual_ip, int prefix,
					   char *iface)
{
	struct segue_addr addr = mobikex_addr(virtual_ip);
	mobikex_session_t *session;
	status_t status;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_current();
	mobikex->lock->unlock(mobikex->lock);
	status = kernel->add_ip(this, virtual_ip, prefix,
							session ? SEGUE_DEVICE : iface);
	if (session && status == SUCCESS)
	{
		mobikex->lock->lock(mobikex->lock);
		if (is_on_device(&addr))
		{
			mobikex_local_add(&virtual, &addr);
		}
		mobikex->lock->unlock(mobikex->lock);
	}
	return status;
}

static status_t del_ip(kernel_interface_t *this, host_t *virtual_ip, int prefix,
					   bool wait)
{
	struct segue_addr addr = mobikex_addr(virtual_ip);
	status_t status = kernel->del_ip(this, virtual_ip, prefix, wait);

	mobikex->lock->lock(mobikex->lock);
	mobikex_local_del(&virtual, &addr);
	mobikex->lock->unlock(mobikex->lock);
	return status;
}

void mobikex_policy_install(kernel_interface_t *table,
							kernel_interface_t *original)
{
	kernel = original;
	table->add_policy = add_policy;
	table->del_policy = del_policy;
	table->query_policy = query_policy;
	table->alloc_reqid = alloc_reqid;
	table->add_route = add_route;
	table->add_ip = add_ip;
	table->del_ip = del_ip;
}
