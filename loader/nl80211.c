// SPDX-License-Identifier: GPL-2.0-or-later
#include <errno.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/nl80211.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "nl80211.h"
#include "rtnl_socket.h"

struct nl80211 {
	struct rtnl *netlink;
	__u16 family;
	__u32 events;			/* the multicast group "mlme" */
};

static struct nlmsghdr *request(char *buf, int type, int flags, __u8 command)
{
	struct nlmsghdr *message = rtnl_request(buf, type, flags, sizeof(struct genlmsghdr));
	struct genlmsghdr *header = mnl_nlmsg_get_payload(message);

	header->cmd = command;
	header->version = 1;
	return message;
}

static struct nlmsghdr *
request_device(struct nl80211 *nl80211, char *buf, int flags, __u8 command, __u32 ifindex)
{
	struct nlmsghdr *message = request(buf, nl80211->family, flags, command);

	mnl_attr_put_u32(message, NL80211_ATTR_IFINDEX, ifindex);
	return message;
}

/* The attribute of this type and of at least len octets, NULL if there is none. */
static const struct nlattr *find(const struct nlmsghdr *message, int type, size_t len)
{
	const struct nlattr *attr;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(struct genlmsghdr))
		return NULL;
	mnl_attr_for_each(attr, message, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == type)
			return mnl_attr_get_payload_len(attr) >= len ? attr : NULL;
	return NULL;
}

static const struct nlattr *find_in(const struct nlattr *nest, int type, size_t len)
{
	const struct nlattr *attr;

	if (!nest)
		return NULL;
	mnl_attr_for_each_nested(attr, nest)
		if (mnl_attr_get_type(attr) == type)
			return mnl_attr_get_payload_len(attr) >= len ? attr : NULL;
	return NULL;
}

static void family_group(struct nl80211 *nl80211, const struct nlattr *group)
{
	const struct nlattr *name = find_in(group, CTRL_ATTR_MCAST_GRP_NAME,
					    sizeof(NL80211_MULTICAST_GROUP_MLME));
	const struct nlattr *id = find_in(group, CTRL_ATTR_MCAST_GRP_ID, sizeof(__u32));

	if (name && id && !memcmp(mnl_attr_get_payload(name), NL80211_MULTICAST_GROUP_MLME,
				  sizeof(NL80211_MULTICAST_GROUP_MLME)))
		nl80211->events = mnl_attr_get_u32(id);
}

static int family_message(const struct nlmsghdr *message, void *context)
{
	const struct nlattr *id = find(message, CTRL_ATTR_FAMILY_ID, sizeof(__u16));
	const struct nlattr *groups = find(message, CTRL_ATTR_MCAST_GROUPS, 0), *group;
	struct nl80211 *nl80211 = context;

	if (id)
		nl80211->family = mnl_attr_get_u16(id);
	if (groups)
		mnl_attr_for_each_nested(group, groups)
			family_group(nl80211, group);
	return MNL_CB_OK;
}

/* Asking for a family that is not there loads its module (ctrl_getfamily(),
 * net/netlink/genetlink.c): not on a host without WLAN. */
static bool has_cfg80211(void)
{
	return !access("/sys/class/ieee80211", F_OK);
}

int nl80211_open(struct nl80211 **out)
{
	struct nl80211 *nl80211;
	char buf[RTNL_REQUEST_SIZE];
	struct nlmsghdr *message;
	int err;

	if (!has_cfg80211())
		return -ENOENT;
	nl80211 = calloc(1, sizeof(*nl80211));
	if (!nl80211)
		return -ENOMEM;
	err = rtnl_open_family(NETLINK_GENERIC, &nl80211->netlink);
	if (err)
		goto fail;
	message = request(buf, GENL_ID_CTRL, 0, CTRL_CMD_GETFAMILY);
	mnl_attr_put_strz(message, CTRL_ATTR_FAMILY_NAME, NL80211_GENL_NAME);
	err = rtnl_talk(nl80211->netlink, message, family_message, nl80211);
	if (!err && !nl80211->family)
		err = -EPROTO;
	if (err)
		goto fail;
	*out = nl80211;
	return 0;
fail:
	nl80211_close(nl80211);
	return err;
}

void nl80211_close(struct nl80211 *nl80211)
{
	if (!nl80211)
		return;
	rtnl_close(nl80211->netlink);
	free(nl80211);
}

static int type_message(const struct nlmsghdr *message, void *context)
{
	const struct nlattr *type = find(message, NL80211_ATTR_IFTYPE, sizeof(__u32));

	if (type)
		*(__u32 *)context = mnl_attr_get_u32(type);
	return MNL_CB_OK;
}

int nl80211_is_client(struct nl80211 *nl80211, __u32 ifindex)
{
	__u32 type = NL80211_IFTYPE_UNSPECIFIED;
	char buf[RTNL_REQUEST_SIZE];
	int err;

	err = rtnl_talk(nl80211->netlink,
			request_device(nl80211, buf, 0, NL80211_CMD_GET_INTERFACE, ifindex),
			type_message, &type);
	if (err)
		return err;
	return type == NL80211_IFTYPE_STATION || type == NL80211_IFTYPE_P2P_CLIENT ?
	       0 : -EOPNOTSUPP;
}

struct station {
	bool found;
	bool known;
	struct nl80211_signal signal;
};

/* Another client that it speaks to directly is no access point. */
static bool is_peer(const struct nlattr *info)
{
	const struct nlattr *attr = find_in(info, NL80211_STA_INFO_STA_FLAGS,
					    sizeof(struct nl80211_sta_flag_update));
	const struct nl80211_sta_flag_update *flags;

	if (!attr)
		return false;
	flags = mnl_attr_get_payload(attr);
	return flags->mask & flags->set & 1U << NL80211_STA_FLAG_TDLS_PEER;
}

/* The kernel tells a signal only if the card has it in dBm; as u8, which is signed. */
static int station_message(void *context, const struct nlmsghdr *message)
{
	const struct nlattr *info = find(message, NL80211_ATTR_STA_INFO, 0), *attr;
	struct station *station = context;

	if (!info || station->found || is_peer(info))
		return 0;
	station->found = true;
	attr = find_in(info, NL80211_STA_INFO_SIGNAL_AVG, sizeof(__u8)) ?:
	       find_in(info, NL80211_STA_INFO_SIGNAL, sizeof(__u8));
	station->known = attr && (__s8)mnl_attr_get_u8(attr) < 0;
	if (station->known)
		station->signal.dbm = (__s8)mnl_attr_get_u8(attr);
	attr = find_in(info, NL80211_STA_INFO_RX_PACKETS, sizeof(__u32));
	if (attr)
		station->signal.received = mnl_attr_get_u32(attr);
	return 0;
}

int nl80211_signal(struct nl80211 *nl80211, __u32 ifindex, struct nl80211_signal *out)
{
	struct station station = {};
	char buf[RTNL_REQUEST_SIZE];
	int err;

	err = rtnl_dump(nl80211->netlink,
			request_device(nl80211, buf, NLM_F_DUMP, NL80211_CMD_GET_STATION, ifindex),
			station_message, &station);
	if (err)
		return err;
	if (!station.found)
		return -ENOLINK;
	if (!station.known)
		return -ENODATA;
	*out = station.signal;
	return 0;
}

int nl80211_threshold(struct nl80211 *nl80211, __u32 ifindex, int dbm, __u32 hysteresis)
{
	char buf[RTNL_REQUEST_SIZE];
	struct nlmsghdr *message;
	struct nlattr *nest;

	message = request_device(nl80211, buf, 0, NL80211_CMD_SET_CQM, ifindex);
	nest = mnl_attr_nest_start(message, NL80211_ATTR_CQM);
	mnl_attr_put_u32(message, NL80211_ATTR_CQM_RSSI_THOLD, dbm);
	mnl_attr_put_u32(message, NL80211_ATTR_CQM_RSSI_HYST, hysteresis);
	mnl_attr_nest_end(message, nest);
	return rtnl_talk(nl80211->netlink, message, NULL, NULL);
}

int nl80211_watch_open(struct nl80211 **out)
{
	struct nl80211 *watch = NULL;
	int err, fd, group;

	err = nl80211_open(&watch);
	if (err)
		return err;
	fd = nl80211_watch_fd(watch);
	group = watch->events;
	if (mnl_socket_setsockopt(watch->netlink->socket, NETLINK_ADD_MEMBERSHIP, &group,
				  sizeof(group)) < 0 ||
	    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) < 0) {
		err = -errno;
		nl80211_close(watch);
		return err;
	}
	*out = watch;
	return 0;
}

int nl80211_watch_fd(const struct nl80211 *watch)
{
	return mnl_socket_get_fd(watch->netlink->socket);
}

struct watching {
	struct nl80211 *watch;
	nl80211_event_fn fn;
	void *context;
};

static int event_message(const struct nlmsghdr *message, void *context)
{
	const struct watching *watching = context;
	const struct genlmsghdr *header = mnl_nlmsg_get_payload(message);
	const struct nlattr *index = find(message, NL80211_ATTR_IFINDEX, sizeof(__u32));
	const struct nlattr *cqm = find(message, NL80211_ATTR_CQM, 0);

	if (message->nlmsg_type != watching->watch->family || !index || !cqm ||
	    header->cmd != NL80211_CMD_NOTIFY_CQM)
		return MNL_CB_OK;
	if (find_in(cqm, NL80211_ATTR_CQM_BEACON_LOSS_EVENT, 0) ||
	    find_in(cqm, NL80211_ATTR_CQM_PKT_LOSS_EVENT, 0))
		watching->fn(watching->context, mnl_attr_get_u32(index), NL80211_EVENT_SILENT);
	else if (find_in(cqm, NL80211_ATTR_CQM_RSSI_THRESHOLD_EVENT, 0))
		watching->fn(watching->context, mnl_attr_get_u32(index), NL80211_EVENT_CROSSED);
	return MNL_CB_OK;
}

/* What a full socket lost (ENOBUFS) is found by asking, too. */
void nl80211_watch_read(struct nl80211 *watch, nl80211_event_fn fn, void *context)
{
	struct watching watching = { .watch = watch, .fn = fn, .context = context };
	char buf[RTNL_ANSWER_SIZE];
	ssize_t len;

	for (;;) {
		len = mnl_socket_recvfrom(watch->netlink->socket, buf, sizeof(buf));
		if (len < 0 && (errno == EINTR || errno == ENOBUFS))
			continue;
		if (len < 0)
			return;
		mnl_cb_run(buf, len, 0, 0, event_message, &watching);
	}
}
