/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_role.h"

#include <segue/mobikex.h>

/** So many of each role count */
#define MAX_NAMED SEGUE_MAX_LINKS

static char *setting(const char *connection, const char *name)
{
	char *value;

	value = lib->settings->get_str(lib->settings, "%s.plugins.mobikex.%s", NULL,
								   lib->ns, name);
	value = lib->settings->get_str(lib->settings,
						"%s.plugins.mobikex.connections.%s.%s", value,
						lib->ns, connection, name);
	return value ? strdup(value) : NULL;
}

void mobikex_roles_clean(mobikex_session_t *session)
{
	free(session->primary);
	free(session->backup);
	free(session->metered);
	session->primary = session->backup = session->metered = NULL;
}

void mobikex_roles_load(mobikex_session_t *session)
{
	mobikex_roles_clean(session);
	session->primary = setting(session->name, "primary");
	session->backup = setting(session->name, "backup");
	session->metered = setting(session->name, "metered");
	session->hysteresis = (mobikex_hysteresis_t){
		.delay = mobikex_setting(session->name, "failback_delay", 2000),
		.max = mobikex_setting(session->name, "hold_max", 60000),
		.decay = mobikex_setting(session->name, "hold_decay", 60000),
	};
}

/**
 * Where in the list is this device?
 *
 * @return			names before it, and FALSE if it is not there
 */
static bool find(const char *list, const char *device, u_int *before)
{
	enumerator_t *enumerator;
	bool found = FALSE;
	char *name;

	*before = 0;
	enumerator = enumerator_create_token(list ?: "", " ,", " ,\t");
	while (!found && *before < MAX_NAMED && enumerator->enumerate(enumerator, &name))
	{
		found = streq(name, device);
		*before += !found && *name;
	}
	enumerator->destroy(enumerator);
	return found;
}

u_int mobikex_role_order(mobikex_session_t *session, mobikex_link_t *link)
{
	u_int primary, backup;

	if (find(session->primary, link->name, &primary))
	{
		return primary;
	}
	/* primary: how many there are */
	if (find(session->backup, link->name, &backup))
	{
		return primary + SEGUE_MAX_LINKS + backup;
	}
	return primary + link->bit;
}

bool mobikex_role_metered(mobikex_session_t *session, mobikex_link_t *link)
{
	u_int before;

	return find(session->metered, link->name, &before);
}

static u_int place_of(mobikex_session_t *session, mobikex_link_t *link)
{
	return mobikex_role_order(session, link) +
		   (mobikex_role_metered(session, link) ? MOBIKEX_ROLE_ORDERS : 0);
}

linked_list_t *mobikex_role_links(mobikex_session_t *session, mobikex_link_t *first)
{
	u_int place[SEGUE_MAX_LINKS], here, i, count = 0;
	mobikex_link_t *link, *links[SEGUE_MAX_LINKS];
	linked_list_t *list = linked_list_create();
	enumerator_t *enumerator;

	enumerator = mobikex->links->create_enumerator(mobikex->links);
	while (count < SEGUE_MAX_LINKS && enumerator->enumerate(enumerator, &link))
	{
		if (!link->ifindex)
		{
			continue;
		}
		here = place_of(session, link);
		for (i = count++; i && place[i - 1] > here; i--)
		{
			place[i] = place[i - 1];
			links[i] = links[i - 1];
		}
		place[i] = here;
		links[i] = link;
	}
	enumerator->destroy(enumerator);
	for (i = 0; i < count; i++)
	{
		if (links[i] == first)
		{
			list->insert_first(list, links[i]);
		}
		else
		{
			list->insert_last(list, links[i]);
		}
	}
	return list;
}

uint16_t mobikex_role_preference(mobikex_session_t *session, mobikex_link_t *link)
{
	return mobikex_role_metered(session, link) ? MOBIKEX_PREFERENCE_LAST :
												 mobikex_role_order(session, link);
}
