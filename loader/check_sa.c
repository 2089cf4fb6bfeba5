// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * segue check: invariant I2.  For every SA that segue steers there is one in the
 * kernel, and for every ESP SA of the kernel between the canonical addresses of a
 * session there is one in the map.
 *
 * The agent puts an SPI into the map before XFRM has it and takes it out after:
 * what is out of step for an instant only is no finding, so both sides are read
 * twice and only what both readings show is told.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <linux/xfrm.h>
#include "check.h"
#include "control.h"
#include "names.h"
#include "rtnl_socket.h"

/*
 * What a replay window should hold at least: packets that the faster of two paths
 * overtakes.  256 are 50 ms at 5000 packets/s.  RFC 4303 3.4.3 leaves the size to
 * the receiver; 32 is what the kernel and charon take by themselves.
 */
enum { REPLAY_WINDOW = 256, REPLAY_WINDOW_WANTED = 1024 };

struct kernel_sa {
	__u32 replay_window;
	__be32 spi;
	bool transport;
	struct segue_addr source;
	struct segue_addr dest;
};

struct mismatch {
	__be32 spi;
	bool inbound;
	bool in_kernel;		/* but not in the map; else the other way round */
	char session[NAMES_SIZE];
};

struct snapshot {
	struct segue *segue;
	struct output_rows kernel;	/* struct kernel_sa */
	struct output_rows mismatches;
	unsigned int in_step;
	unsigned int small;		/* inbound SAs of these with a small replay window */
	unsigned int none;		/* with none at all */
	__u32 smallest;			/* of the small ones */
};

static void addr_from_xfrm(const xfrm_address_t *from, unsigned short family,
			   struct segue_addr *to)
{
	memset(to, 0, sizeof(*to));
	if (family == AF_INET) {
		to->octet[10] = to->octet[11] = 0xff;
		memcpy(to->octet + SEGUE_ADDR_V4_OFFSET, &from->a4, sizeof(from->a4));
	} else {
		memcpy(to->octet, from->a6, sizeof(to->octet));
	}
}

struct kernel_attributes {
	bool keyed;
	bool has_window;
	__u32 replay_window;
};

static int take_attribute(const struct nlattr *attr, void *context)
{
	struct kernel_attributes *attributes = context;
	const struct xfrm_replay_state_esn *esn;

	switch (mnl_attr_get_type(attr)) {
	case XFRMA_ALG_AEAD:
	case XFRMA_ALG_AUTH:
	case XFRMA_ALG_AUTH_TRUNC:
	case XFRMA_ALG_CRYPT:
		attributes->keyed = true;
		break;
	case XFRMA_REPLAY_ESN_VAL:	/* windows beyond 32, and ESN */
		if (mnl_attr_get_payload_len(attr) < sizeof(*esn))
			break;
		esn = mnl_attr_get_payload(attr);
		attributes->replay_window = esn->replay_window;
		attributes->has_window = true;
	}
	return MNL_CB_OK;
}

static int take_kernel_sa(void *context, const struct nlmsghdr *message)
{
	const struct xfrm_usersa_info *info = mnl_nlmsg_get_payload(message);
	struct snapshot *snapshot = context;
	struct kernel_attributes attributes = {};
	struct kernel_sa *sa;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*info) || info->id.proto != IPPROTO_ESP ||
	    (info->family != AF_INET && info->family != AF_INET6))
		return 0;
	/* XFRM_MSG_ALLOCSPI leaves an SA that has only its number */
	mnl_attr_parse(message, sizeof(*info), take_attribute, &attributes);
	if (!attributes.keyed)
		return 0;
	sa = output_rows_add(&snapshot->kernel, sizeof(*sa));
	if (!sa)
		return -ENOMEM;
	sa->replay_window = attributes.has_window ? attributes.replay_window :
						    info->replay_window;
	sa->spi = info->id.spi;
	sa->transport = info->mode == XFRM_MODE_TRANSPORT;
	addr_from_xfrm(&info->saddr, info->family, &sa->source);
	addr_from_xfrm(&info->id.daddr, info->family, &sa->dest);
	return 0;
}

static int take_kernel(struct snapshot *snapshot)
{
	char buf[RTNL_REQUEST_SIZE];
	struct nlmsghdr *request;
	struct rtnl *xfrm;
	int err;

	err = rtnl_open_family(NETLINK_XFRM, &xfrm);
	if (err)
		return err;
	request = rtnl_request(buf, XFRM_MSG_GETSA, NLM_F_DUMP, 0);
	err = rtnl_dump(xfrm, request, take_kernel_sa, snapshot);
	rtnl_close(xfrm);
	return err;
}

static int add_mismatch(struct snapshot *snapshot, __be32 spi, bool inbound, bool in_kernel,
			const char *session)
{
	struct mismatch *mismatch = output_rows_add(&snapshot->mismatches, sizeof(*mismatch));

	if (!mismatch)
		return -ENOMEM;
	mismatch->spi = spi;
	mismatch->inbound = inbound;
	mismatch->in_kernel = in_kernel;
	strcpy(mismatch->session, session);
	return 0;
}

/* NULL: not there */
static const struct kernel_sa *
kernel_find(const struct snapshot *snapshot, __be32 spi, const struct segue_addr *dest)
{
	const struct kernel_sa *sa = (const struct kernel_sa *)snapshot->kernel.data;
	size_t i;

	for (i = 0; i < snapshot->kernel.count; i++) {
		if (sa[i].spi == spi && segue_addr_equal(&sa[i].dest, dest))
			return &sa[i];
	}
	return NULL;
}

static void take_window(struct snapshot *snapshot, const struct kernel_sa *sa)
{
	if (!sa->replay_window) {
		snapshot->none++;
	} else if (sa->replay_window < REPLAY_WINDOW) {
		if (!snapshot->small++ || sa->replay_window < snapshot->smallest)
			snapshot->smallest = sa->replay_window;
	}
}

/* XFRM finds an SA by SPI and destination: the canonical one. */
static int compare_map(struct snapshot *snapshot)
{
	const struct kernel_sa *in_kernel;
	struct segue_session session;
	struct segue_sa_key key = {};
	char name[NAMES_SIZE];
	struct segue_sa sa;
	bool inbound;
	int err;

	while (!(err = segue_sa_next(snapshot->segue, &key))) {
		err = segue_sa_get(snapshot->segue, &key, &sa);
		if (err == -ENOENT)
			continue;
		if (err)
			return err;
		inbound = sa.flags & SEGUE_SA_INBOUND;
		err = segue_session_get(snapshot->segue, sa.session, &session);
		if (err && err != -ENOENT)
			return err;
		if (err)
			strcpy(name, "a session that is gone");
		else
			names_session(sa.session, &session, name);
		in_kernel = err ? NULL : kernel_find(snapshot, key.spi, inbound ?
						     &session.local : &session.remote);
		if (in_kernel) {
			snapshot->in_step++;
			if (inbound)
				take_window(snapshot, in_kernel);
			continue;
		}
		err = add_mismatch(snapshot, key.spi, inbound, false, name);
		if (err)
			return err;
	}
	return err == -ENOENT ? 0 : err;
}

static int compare_kernel_sa(struct snapshot *snapshot, const struct kernel_sa *sa, __u32 id,
			     const struct segue_session *session)
{
	struct segue_sa_key key = { .spi = sa->spi };
	bool inbound = segue_addr_equal(&sa->source, &session->remote) &&
		       segue_addr_equal(&sa->dest, &session->local);
	bool outbound = segue_addr_equal(&sa->source, &session->local) &&
			segue_addr_equal(&sa->dest, &session->remote);
	char name[NAMES_SIZE];
	struct segue_sa found;
	int err;

	if (!inbound && !outbound)
		return 0;
	if (sa->transport && (session->flags & SEGUE_SESSION_MOVED))
		return 0;
	if (outbound)
		key.peer = segue_addr_fold(&session->remote);
	err = segue_sa_get(snapshot->segue, &key, &found);
	if (err != -ENOENT)
		return err;
	return add_mismatch(snapshot, sa->spi, inbound, true, names_session(id, session, name));
}

static int compare_kernel(struct snapshot *snapshot)
{
	const struct kernel_sa *sa = (const struct kernel_sa *)snapshot->kernel.data;
	struct segue_session session;
	__u32 id = 0;
	size_t i;
	int err;

	while (!(err = segue_session_next(snapshot->segue, &id))) {
		err = segue_session_get(snapshot->segue, id, &session);
		if (err == -ENOENT)
			continue;
		for (i = 0; !err && i < snapshot->kernel.count; i++)
			err = compare_kernel_sa(snapshot, &sa[i], id, &session);
		if (err)
			return err;
	}
	return err == -ENOENT ? 0 : err;
}

static int take(struct segue *segue, struct snapshot *out)
{
	struct snapshot snapshot = { .segue = segue };
	int err;

	err = take_kernel(&snapshot);
	if (!err)
		err = compare_map(&snapshot);
	if (!err)
		err = compare_kernel(&snapshot);
	*out = snapshot;
	return err;
}

static void drop(struct snapshot *snapshot)
{
	free(snapshot->kernel.data);
	free(snapshot->mismatches.data);
}

static bool shown_by(const struct snapshot *snapshot, const struct mismatch *wanted)
{
	const struct mismatch *mismatch = (const struct mismatch *)snapshot->mismatches.data;
	size_t i;

	for (i = 0; i < snapshot->mismatches.count; i++) {
		if (mismatch[i].spi == wanted->spi && mismatch[i].inbound == wanted->inbound &&
		    mismatch[i].in_kernel == wanted->in_kernel)
			return true;
	}
	return false;
}

static void tell(struct check *check, const struct mismatch *mismatch)
{
	check_tell(check, CHECK_FAIL, "SAs",
		   mismatch->in_kernel ? "swanctl --rekey --child NAME" : check_restart(),
		   "%s SPI %08x of %s is in %s, but not in %s",
		   mismatch->inbound ? "inbound" : "outbound", ntohl(mismatch->spi),
		   mismatch->session, mismatch->in_kernel ? "the kernel" : "map sa",
		   mismatch->in_kernel ? "map sa" : "the kernel");
}

/* Only a soft handover, or a peer that sends by two paths, is the worse for it. */
static void tell_windows(struct check *check, const struct snapshot *snapshot)
{
	const char *mend = CHECK_MEND("charon.replay_window = %d in strongswan.conf, and then "
				      "swanctl --rekey", REPLAY_WINDOW_WANTED);

	if (snapshot->none)
		check_tell(check, CHECK_WARN, "replay window", mend,
			   "%u inbound SAs have none: what the peer sends by two paths arrives "
			   "twice", snapshot->none);
	if (snapshot->small)
		check_tell(check, CHECK_WARN, "replay window", mend,
			   "%u inbound SAs hold %u packets: what is further behind when the peer "
			   "sends by a faster path as well is refused; wanted: packets/s x "
			   "difference in delay, at least %d", snapshot->small,
			   snapshot->smallest, REPLAY_WINDOW);
	if (!snapshot->none && !snapshot->small && snapshot->in_step)
		check_tell(check, CHECK_OK, "replay window", "",
			   "large enough for packets that come by two paths");
}

void check_sas(struct check *check)
{
	const struct mismatch *mismatch;
	struct snapshot once = {}, twice = {};
	unsigned int told = 0;
	size_t i;
	int err;

	err = take(check->segue, &once);
	if (!err)
		err = take(check->segue, &twice);
	if (err == -EPROTONOSUPPORT) {
		check_tell(check, CHECK_FAIL, "SAs", "", "the kernel has no IPsec");
		goto out;
	}
	if (err) {
		check_tell(check, CHECK_FAIL, "SAs", err == -EPERM ? "sudo segue check" : "",
			   "cannot compare maps and kernel: %s", strerror(-err));
		goto out;
	}
	mismatch = (const struct mismatch *)twice.mismatches.data;
	for (i = 0; i < twice.mismatches.count; i++) {
		if (!shown_by(&once, &mismatch[i]))
			continue;
		tell(check, &mismatch[i]);
		told++;
	}
	if (!told)
		check_tell(check, CHECK_OK, "SAs", "", "maps and kernel agree on %u", twice.in_step);
	tell_windows(check, &twice);
out:
	drop(&once);
	drop(&twice);
}
