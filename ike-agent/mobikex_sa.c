/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mobikex_sa.h"
#include "mobikex_child.h"
#include "mobikex_host.h"

#include <string.h>

host_t *mobikex_sa_local(mobikex_sa_t *this)
{
	return this->pair ? this->pair->local : this->session->local;
}

host_t *mobikex_sa_remote(mobikex_sa_t *this)
{
	return this->pair ? this->pair->remote : this->session->remote;
}

static struct segue_sa_key key_of(mobikex_sa_t *this)
{
	struct segue_addr remote = mobikex_addr(this->session->remote);

	return (struct segue_sa_key){
		.spi = this->spi,
		.peer = this->inbound ? 0 : segue_addr_fold(&remote),
	};
}

typedef bool (*match_t)(mobikex_sa_t *sa, host_t *dst, uint32_t ike);

static mobikex_sa_t *find(uint32_t spi, uint8_t proto, host_t *dst,
						  match_t matches, uint32_t ike)
{
	enumerator_t *enumerator;
	mobikex_sa_t *sa, *found = NULL;

	enumerator = mobikex->sas->create_enumerator(mobikex->sas);
	while (!found && enumerator->enumerate(enumerator, &sa))
	{
		if (sa->spi == spi && sa->proto == proto && matches(sa, dst, ike))
		{
			found = sa;
		}
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * dst may be the kernel's address or any that charon has used.
 */
static bool is_to(mobikex_sa_t *sa, host_t *dst)
{
	return mobikex_host_known(sa->inbound ? sa->session->locals :
							  sa->session->remotes, dst);
}

/**
 * Outbound SPIs are the peers': two may have chosen the same, and one may have
 * been where the other is.
 */
static bool is_of_ike(mobikex_sa_t *sa, host_t *dst, uint32_t ike)
{
	return (sa->inbound || sa->session->ike == ike) && is_to(sa, dst);
}

static bool is_canonical(mobikex_sa_t *sa, host_t *dst, uint32_t ike)
{
	host_t *to = sa->inbound ? mobikex_sa_local(sa) : mobikex_sa_remote(sa);

	return to->ip_equals(to, dst);
}

mobikex_sa_t *mobikex_sa_by_kernel(uint32_t spi, uint8_t proto, host_t *dst)
{
	return find(spi, proto, dst, is_canonical, 0);
}

mobikex_sa_t *mobikex_sa_find(uint32_t spi, uint8_t proto, host_t *dst)
{
	ike_sa_t *ike_sa = charon->bus->get_sa(charon->bus);

	if (!ike_sa)
	{	/* no telling whose: the kernel's pair is unique */
		return mobikex_sa_by_kernel(spi, proto, dst);
	}
	return find(spi, proto, dst, is_of_ike, ike_sa->get_unique_id(ike_sa));
}

static bool is_inbound(mobikex_sa_t *sa, host_t *dst, uint32_t ike)
{
	return sa->inbound;
}

bool mobikex_sa_spi_used(uint32_t spi, uint8_t proto)
{
	struct segue_sa_key key = { .spi = spi };
	struct segue_sa entry;

	return find(spi, proto, NULL, is_inbound, 0) ||
		   (mobikex->segue && !segue_sa_get(mobikex->segue, &key, &entry));
}

mobikex_sa_t *mobikex_sa_add(mobikex_session_t *session, uint32_t spi,
							 uint8_t proto, bool inbound)
{
	mobikex_sa_t *this;

	INIT(this,
		.session = session,
		.spi = spi,
		.proto = proto,
		.inbound = inbound,
	);
	mobikex->sas->insert_last(mobikex->sas, this);
	session->sas++;
	return this;
}

void mobikex_sa_uninstalled(mobikex_sa_t *this)
{
	struct segue_sa_key key = key_of(this);

	if (this->installed && this->session->published && mobikex->segue &&
		!this->pair)
	{
		segue_sa_del(mobikex->segue, &key);
	}
	this->installed = FALSE;
	mobikex_moved_drop(this->session, this->pair);
	this->pair = NULL;
}

static bool any_of_child(mobikex_session_t *session, uint8_t child)
{
	enumerator_t *enumerator;
	mobikex_sa_t *sa;
	bool found = FALSE;

	enumerator = mobikex->sas->create_enumerator(mobikex->sas);
	while (!found && enumerator->enumerate(enumerator, &sa))
	{
		found = sa->session == session && sa->entry.child == child;
	}
	enumerator->destroy(enumerator);
	return found;
}

void mobikex_sa_remove(mobikex_sa_t *this)
{
	mobikex_session_t *session = this->session;
	uint8_t child = this->entry.child;

	mobikex_sa_uninstalled(this);
	mobikex->sas->remove(mobikex->sas, this, NULL);
	free(this);
	session->sas--;
	if (child && !any_of_child(session, child))
	{
		mobikex_child_release(session, child);
	}
	mobikex_session_release(session);
}

bool mobikex_sa_any(mobikex_session_t *session)
{
	enumerator_t *enumerator;
	mobikex_sa_t *sa;
	bool found = FALSE;

	enumerator = mobikex->sas->create_enumerator(mobikex->sas);
	while (!found && enumerator->enumerate(enumerator, &sa))
	{
		found = sa->session == session && sa->installed;
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Whose way it goes: its own if that leads anywhere, or the session's
 */
static uint8_t way_of(mobikex_sa_t *sa, const struct segue_session *entry)
{
	uint8_t child = sa->entry.child;

	return entry->child[child].active != SEGUE_NO_PATH ? child : 0;
}

bool mobikex_sa_comes_twice(mobikex_session_t *session,
							const struct segue_session *entry, uint8_t child)
{
	enumerator_t *enumerator;
	struct segue_sa_key key;
	struct segue_sa there;
	mobikex_sa_t *sa;
	bool found = FALSE;

	enumerator = mobikex->sas->create_enumerator(mobikex->sas);
	while (!found && enumerator->enumerate(enumerator, &sa))
	{
		key = key_of(sa);
		found = sa->session == session && sa->inbound &&
				way_of(sa, entry) == child &&
				!segue_sa_get(mobikex->segue, &key, &there) &&
				segue_recent(there.copied_ms, mobikex_now());
	}
	enumerator->destroy(enumerator);
	return found;
}

int mobikex_sa_put(mobikex_sa_t *this)
{
	struct segue_sa_key key = key_of(this);

	if (!this->session->published || !mobikex->segue || this->pair)
	{
		return 0;
	}
	return segue_sa_put(mobikex->segue, &key, &this->entry);
}

void mobikex_sas_publish(void)
{
	enumerator_t *enumerator;
	mobikex_sa_t *sa;
	int err;

	enumerator = mobikex->sas->create_enumerator(mobikex->sas);
	while (enumerator->enumerate(enumerator, &sa))
	{
		if (sa->installed && sa->session->published)
		{
			sa->entry.session = sa->session->id;
			err = mobikex_sa_put(sa);
			if (err)
			{
				DBG1(DBG_KNL, "segue: session %s[%u]: ESP %.8x not taken up "
					 "again: %s", sa->session->name, sa->session->id,
					 ntohl(sa->spi), strerror(-err));
			}
		}
	}
	enumerator->destroy(enumerator);
}

void mobikex_sas_unpublish(void)
{
	enumerator_t *enumerator;
	struct segue_sa_key key;
	mobikex_sa_t *sa;

	enumerator = mobikex->sas->create_enumerator(mobikex->sas);
	while (enumerator->enumerate(enumerator, &sa))
	{
		key = key_of(sa);
		if (sa->installed && sa->session->published && !sa->pair)
		{
			segue_sa_del(mobikex->segue, &key);
		}
	}
	enumerator->destroy(enumerator);
}
