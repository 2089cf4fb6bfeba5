/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a card says of its signal, with answers of this test's own in the kernel's place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/genetlink.h>
#include <linux/nl80211.h>
#include <nl80211.h>
#include "rtnl_socket.h"

#define FAMILY 31
#define WLAN 7

/* The answer to the next request, and what was asked */
static char answer[4][512];
static int answers, err;
static struct nlmsghdr *asked;
static char question[RTNL_REQUEST_SIZE];

static struct nl80211 *nl80211;

/* ------------------------------------------------ what stands for the rest */

int access(const char *path, int mode)
{
	assert_string_equal(path, "/sys/class/ieee80211");
	return err == -ENOENT ? -1 : 0;
}

int rtnl_open_family(int family, struct rtnl **out)
{
	assert_int_equal(family, NETLINK_GENERIC);
	*out = calloc(1, sizeof(**out));
	return 0;
}

void rtnl_close(struct rtnl *rtnl)
{
	free(rtnl);
}

struct nlmsghdr *rtnl_request(char *buf, int type, int flags, size_t header)
{
	struct nlmsghdr *request = mnl_nlmsg_put_header(buf);

	request->nlmsg_type = type;
	mnl_nlmsg_put_extra_header(request, header);
	return request;
}

static void keep(const struct nlmsghdr *request)
{
	memcpy(question, request, request->nlmsg_len);
	asked = (struct nlmsghdr *)question;
}

int rtnl_talk(struct rtnl *rtnl, struct nlmsghdr *request, mnl_cb_t fn, void *context)
{
	int i;

	keep(request);
	for (i = 0; i < answers && !err; i++)
		assert_int_equal(fn((struct nlmsghdr *)answer[i], context), MNL_CB_OK);
	return err;
}

int rtnl_dump(struct rtnl *rtnl, struct nlmsghdr *request, rtnl_message_fn fn, void *context)
{
	int i, ret = err;

	keep(request);
	for (i = 0; i < answers && !ret; i++)
		ret = fn(context, (struct nlmsghdr *)answer[i]);
	return ret;
}

/* ----------------------------------------------------------------- fixture */

static struct nlmsghdr *add_answer(void)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(answer[answers++]);

	mnl_nlmsg_put_extra_header(message, sizeof(struct genlmsghdr));
	return message;
}

static int begin(void **state)
{
	struct nlmsghdr *message;

	answers = err = 0;
	message = add_answer();
	mnl_attr_put_u16(message, CTRL_ATTR_FAMILY_ID, FAMILY);
	assert_int_equal(nl80211_open(&nl80211), 0);
	answers = 0;
	return 0;
}

static int end(void **state)
{
	nl80211_close(nl80211);
	return 0;
}

/* A station: the attributes that are not 0 */
static void add_station(int average, int last, uint32_t received, bool peer)
{
	struct nl80211_sta_flag_update flags = {
		.mask = 1U << NL80211_STA_FLAG_TDLS_PEER,
		.set = peer ? 1U << NL80211_STA_FLAG_TDLS_PEER : 0,
	};
	struct nlmsghdr *message = add_answer();
	struct nlattr *nest = mnl_attr_nest_start(message, NL80211_ATTR_STA_INFO);

	if (last)
		mnl_attr_put_u8(message, NL80211_STA_INFO_SIGNAL, last);
	if (average)
		mnl_attr_put_u8(message, NL80211_STA_INFO_SIGNAL_AVG, average);
	if (received)
		mnl_attr_put_u32(message, NL80211_STA_INFO_RX_PACKETS, received);
	mnl_attr_put(message, NL80211_STA_INFO_STA_FLAGS, sizeof(flags), &flags);
	mnl_attr_nest_end(message, nest);
}

static int signal_of(struct nl80211_signal *out)
{
	int ret = nl80211_signal(nl80211, WLAN, out);

	answers = 0;
	assert_int_equal(asked->nlmsg_type, FAMILY);
	return ret;
}

/* ------------------------------------------------------------------- tests */

static void average_first(void **state)
{
	struct nl80211_signal signal;

	add_station(-71, -60, 9, false);
	assert_int_equal(signal_of(&signal), 0);
	assert_int_equal(signal.dbm, -71);
	assert_int_equal(signal.received, 9);
	add_station(0, -60, 0, false);
	assert_int_equal(signal_of(&signal), 0);
	assert_int_equal(signal.dbm, -60);
	assert_int_equal(signal.received, 0);
}

/* Not dBm, none at all, no station, only another client; and nothing is written. */
static void no_signal(void **state)
{
	struct nl80211_signal signal = { .dbm = 5 };
	struct nlmsghdr *message;

	add_station(0, 0, 9, false);
	assert_int_equal(signal_of(&signal), -ENODATA);
	add_station(0, 60, 9, false);		/* of 100? */
	assert_int_equal(signal_of(&signal), -ENODATA);
	assert_int_equal(signal_of(&signal), -ENOLINK);
	add_station(-50, -50, 9, true);
	assert_int_equal(signal_of(&signal), -ENOLINK);
	add_answer();
	assert_int_equal(signal_of(&signal), -ENOLINK);
	message = add_answer();			/* too short for what it says */
	message->nlmsg_len = NLMSG_HDRLEN + 1;
	assert_int_equal(signal_of(&signal), -ENOLINK);
	err = -EOPNOTSUPP;
	assert_int_equal(signal_of(&signal), -EOPNOTSUPP);
	assert_int_equal(signal.dbm, 5);
}

static void access_point_not_peer(void **state)
{
	struct nl80211_signal signal;

	add_station(-30, -30, 9, true);
	add_station(-77, -77, 9, false);
	add_station(-40, -40, 9, false);
	assert_int_equal(signal_of(&signal), 0);
	assert_int_equal(signal.dbm, -77);
}

static void clients_only(void **state)
{
	struct nlmsghdr *message = add_answer();

	mnl_attr_put_u32(message, NL80211_ATTR_IFTYPE, NL80211_IFTYPE_STATION);
	assert_int_equal(nl80211_is_client(nl80211, WLAN), 0);
	answers = 0;
	message = add_answer();
	mnl_attr_put_u32(message, NL80211_ATTR_IFTYPE, NL80211_IFTYPE_AP);
	assert_int_equal(nl80211_is_client(nl80211, WLAN), -EOPNOTSUPP);
	answers = 0;
	assert_int_equal(nl80211_is_client(nl80211, WLAN), -EOPNOTSUPP);
	err = -ENODEV;
	assert_int_equal(nl80211_is_client(nl80211, WLAN), -ENODEV);
}

/* A host without WLAN is not even asked: that would load a module. */
static void no_wlan(void **state)
{
	struct nl80211 *other = NULL;

	asked = NULL;
	err = -ENOENT;
	assert_int_equal(nl80211_open(&other), -ENOENT);
	assert_null(asked);
	assert_null(other);
	err = 0;
	assert_int_equal(nl80211_open(&other), -EPROTO);	/* no answer is none */
	assert_null(other);
}

static void threshold(void **state)
{
	const struct nlattr *attr, *nested;
	int dbm = 0;

	assert_int_equal(nl80211_threshold(nl80211, WLAN, -75, 1), 0);
	mnl_attr_for_each(attr, asked, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(attr) == NL80211_ATTR_CQM)
			mnl_attr_for_each_nested(nested, attr)
				if (mnl_attr_get_type(nested) == NL80211_ATTR_CQM_RSSI_THOLD)
					dbm = mnl_attr_get_u32(nested);
	assert_int_equal(dbm, -75);
	err = -EPERM;
	assert_int_equal(nl80211_threshold(nl80211, WLAN, -75, 1), -EPERM);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, end)
	const struct CMUnitTest tests[] = {
		TEST(average_first), TEST(no_signal), TEST(access_point_not_peer),
		TEST(clients_only), TEST(no_wlan), TEST(threshold),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
