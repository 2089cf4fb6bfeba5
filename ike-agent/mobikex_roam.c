/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_roam.h"
#include "mobikex_session.h"

/** charon's own, the same for all */
static status_t (*original)(ike_sa_t *this, bool address);

static bool is_ours(ike_sa_t *ike_sa)
{
	mobikex_session_t *session;
	bool ours;

	mobikex->lock->lock(mobikex->lock);
	session = mobikex_session_by_ike(ike_sa->get_unique_id(ike_sa));
	ours = session && session->state == MOBIKEX_PINNED && session->published;
	mobikex->lock->unlock(mobikex->lock);
	return ours;
}

static status_t roam(ike_sa_t *this, bool address)
{
	return is_ours(this) ? SUCCESS : original(this, address);
}

void mobikex_roam_take(ike_sa_t *ike_sa)
{
	if (ike_sa->roam != roam)
	{
		original = ike_sa->roam;
		ike_sa->roam = roam;
	}
}

status_t mobikex_roam(ike_sa_t *ike_sa)
{
	return ike_sa->roam == roam ? original(ike_sa, TRUE) :
								  ike_sa->roam(ike_sa, TRUE);
}
