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

uint16_t mobikex_role_preference(mobikex_session_t *session, mobikex_link_t *link)
{
	return mobikex_role_metered(session, link) ? MOBIKEX_PREFERENCE_LAST :
												 mobikex_role_order(session, link);
}
