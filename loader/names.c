// SPDX-License-Identifier: GPL-2.0-or-later
#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "cli.h"
#include "names.h"

/* What a person may call a session by: a name, a number or both. */
struct wanted {
	char name[SEGUE_NAME_SIZE];
	bool has_name;
	bool has_number;
	__u32 number;
};

static bool parse_number(const char *text, const char *end, __u32 *out)
{
	unsigned long number;
	char *stop;

	if (text == end || strspn(text, "0123456789") < (size_t)(end - text))
		return false;
	errno = 0;
	number = strtoul(text, &stop, 10);
	if (errno || stop != end || number > (__u32)-1)
		return false;
	*out = number;
	return true;
}

static void parse_wanted(const char *text, struct wanted *wanted)
{
	size_t len = strlen(text);
	const char *open = strrchr(text, '[');

	memset(wanted, 0, sizeof(*wanted));
	if (parse_number(text, text + len, &wanted->number)) {
		wanted->has_number = true;
		return;
	}
	if (open && text[len - 1] == ']' &&
	    parse_number(open + 1, text + len - 1, &wanted->number)) {
		wanted->has_number = true;
		len = open - text;
	}
	/* the map holds names cut to this size too */
	if (len >= sizeof(wanted->name))
		len = sizeof(wanted->name) - 1;
	memcpy(wanted->name, text, len);
	wanted->has_name = true;
}

static bool is_wanted(const struct wanted *wanted, __u32 id, const struct segue_session *session)
{
	if (wanted->has_name && strcmp(wanted->name, session->name))
		return false;
	if (wanted->has_number && wanted->number != id && wanted->number != session->ike)
		return false;
	return true;
}

char *names_session(__u32 id, const struct segue_session *session, char *buf)
{
	snprintf(buf, NAMES_SIZE, "%s[%u]", session->name, session->ike ? session->ike : id);
	return buf;
}

static int say_ambiguous(const char *text, const char *found)
{
	return cli_error("%s is ambiguous; one of: %s", text, found);
}

int names_find_session(struct segue *segue, const char *text, __u32 *out,
		       struct segue_session *session)
{
	char name[NAMES_SIZE], found[1024] = "";
	struct segue_session candidate;
	unsigned int matches = 0;
	struct wanted wanted;
	__u32 id = 0, match = 0;
	size_t len = 0;
	int err;

	parse_wanted(text, &wanted);
	while (!(err = segue_session_next(segue, &id))) {
		err = segue_session_get(segue, id, &candidate);
		if (err == -ENOENT)
			continue;	/* it went away meanwhile */
		if (err)
			return cli_read_error("session", err);
		if (!is_wanted(&wanted, id, &candidate))
			continue;
		match = id;
		*session = candidate;
		if (len < sizeof(found))
			len += snprintf(found + len, sizeof(found) - len, "%s%s",
					matches ? " " : "", names_session(id, &candidate, name));
		matches++;
	}
	if (err != -ENOENT)
		return cli_read_error("session", err);
	if (!matches)
		return cli_error("no session %s; see: segue session", text);
	if (matches > 1)
		return say_ambiguous(text, found);
	*out = match;
	return CLI_OK;
}

char *names_device(struct segue *segue, __u32 ifindex, char *buf)
{
	struct segue_link link;

	if (!segue_link_get(segue, ifindex, &link))
		snprintf(buf, NAMES_SIZE, "%s", link.name);
	else if (!if_indextoname(ifindex, buf))
		snprintf(buf, NAMES_SIZE, "#%u", ifindex);	/* gone */
	return buf;
}

char *names_path(struct segue *segue, const struct segue_path *path, char *buf)
{
	char device[NAMES_SIZE], local[INET6_ADDRSTRLEN], remote[INET6_ADDRSTRLEN];

	snprintf(buf, NAMES_SIZE, "%.15s %s -> %s", names_device(segue, path->ifindex, device),
		 segue_addr_text(&path->local, local), segue_addr_text(&path->remote, remote));
	return buf;
}

/* Is a better than b? */
static bool path_better(const struct segue_path *a, const struct segue_path *b)
{
	__u8 wanted = SEGUE_PATH_EGRESS | SEGUE_PATH_VERIFIED;
	bool a_good = (a->flags & wanted) == wanted, b_good = (b->flags & wanted) == wanted;

	if (a_good != b_good)
		return a_good;
	return a->priority < b->priority;
}

int names_find_path(struct segue *segue, const struct segue_session *session,
		    const char *text, __u8 *out)
{
	const struct segue_path *path, *best = NULL;
	bool is_slot, is_addr;
	char device[NAMES_SIZE];
	struct segue_addr addr;
	__u32 slot;

	is_slot = parse_number(text, text + strlen(text), &slot);
	is_addr = !segue_addr_parse(text, &addr);
	for (path = session->path; path < session->path + SEGUE_MAX_PATHS; path++) {
		if (!(path->flags & SEGUE_PATH_USED))
			continue;
		if (is_slot ? path != session->path + slot :
		    is_addr ? !segue_addr_equal(&path->local, &addr) :
		    strcmp(names_device(segue, path->ifindex, device), text))
			continue;
		if (!best || path_better(path, best))
			best = path;
	}
	if (!best)
		return cli_error("session %s has no path %s; see: segue path %s",
				 session->name, text, session->name);
	*out = best - session->path;
	return CLI_OK;
}

static bool parse_spi(const char *text, __be32 *out)
{
	const char *digits = !strncasecmp(text, "0x", 2) ? text + 2 : text;
	size_t len = strlen(digits);

	if (!len || len > 8 || strspn(digits, "0123456789abcdefABCDEF") != len)
		return false;
	*out = htonl(strtoul(digits, NULL, 16));
	return true;
}

int names_find_child(struct segue *segue, __u32 session, const char *text, __u8 *child)
{
	struct segue_sa_key key = {};
	struct segue_sa sa;
	__be32 spi;
	int err;

	if (!parse_spi(text, &spi))
		return cli_error("%s is no SPI (hexadecimal); see: segue sa", text);
	while (!(err = segue_sa_next(segue, &key))) {
		if (key.spi != spi)
			continue;
		err = segue_sa_get(segue, &key, &sa);
		if (err == -ENOENT)
			continue;	/* deleted meanwhile */
		if (err)
			break;
		if (sa.session != session)
			continue;
		if (!sa.child)
			return cli_error("the CHILD_SA of SPI %s goes with its session always: "
					 "%d others came before it", text, SEGUE_MAX_CHILDREN - 1);
		*child = sa.child;
		return CLI_OK;
	}
	if (err != -ENOENT)
		return cli_read_error("sa", err);
	return cli_error("no SA of this session has SPI %s; see: segue sa", text);
}
