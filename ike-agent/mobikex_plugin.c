/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mobikex: segue's agent inside charon.
 *
 * Without segue attached it changes nothing: charon works as if the plugin were
 * not there, and each new IKE_SA looks for segue again.
 */
#include "mobikex_plugin.h"
#include "mobikex_agent.h"
#include "mobikex_listener.h"
#include "mobikex_mirror.h"
#include "mobikex_signal.h"
#include "mobikex_watch.h"

#include <linux/capability.h>

typedef struct private_mobikex_plugin_t private_mobikex_plugin_t;

struct private_mobikex_plugin_t {

	/**
	 * Public interface
	 */
	plugin_t public;

	/**
	 * On the bus while the feature is loaded
	 */
	mobikex_listener_t *listener;
};

METHOD(plugin_t, get_name, char*,
	private_mobikex_plugin_t *this)
{
	return "mobikex";
}

static void start(private_mobikex_plugin_t *this)
{
	bool attached;

	mobikex_mirror_install();
	charon->bus->add_listener(charon->bus, &this->listener->listener);
	mobikex->lock->lock(mobikex->lock);
	attached = mobikex_agent_attach();
	mobikex->lock->unlock(mobikex->lock);
	if (!attached)
	{
		DBG1(DBG_CFG, "segue is not attached to any device: charon works as "
			 "without it; try: segue attach DEVICE...");
	}
}

static void stop(private_mobikex_plugin_t *this)
{
	mobikex_watch_stop();
	mobikex_signal_stop();
	charon->bus->remove_listener(charon->bus, &this->listener->listener);
	mobikex_mirror_uninstall();
}

/**
 * Loaded after the kernel interfaces, and unloaded before them.
 */
static bool plugin_cb(private_mobikex_plugin_t *this, plugin_feature_t *feature,
					  bool reg, void *data)
{
	if (!reg)
	{
		stop(this);
		return TRUE;
	}
	if (!mobikex_watch_start())
	{
		return FALSE;
	}
	start(this);
	return TRUE;
}

METHOD(plugin_t, get_features, int,
	private_mobikex_plugin_t *this, plugin_feature_t *features[])
{
	static plugin_feature_t f[] = {
		PLUGIN_CALLBACK((plugin_feature_callback_t)plugin_cb, NULL),
			PLUGIN_PROVIDE(CUSTOM, "mobikex"),
				PLUGIN_DEPENDS(CUSTOM, "kernel-net"),
				PLUGIN_DEPENDS(CUSTOM, "kernel-ipsec"),
	};
	*features = f;
	return countof(f);
}

METHOD(plugin_t, destroy, void,
	private_mobikex_plugin_t *this)
{
	mobikex_mirror_uninstall();
	mobikex_agent_destroy();
	this->listener->destroy(this->listener);
	free(this);
}

/**
 * charon drops what no plugin asked to keep.
 */
static bool keep_capabilities(void)
{
	static const struct {
		u_int cap;
		char *name;
	} needed[] = {
		{ CAP_NET_ADMIN, "CAP_NET_ADMIN" },	/* addresses and routes of segue0 */
		{ CAP_BPF, "CAP_BPF" },				/* maps, control programs */
		{ CAP_PERFMON, "CAP_PERFMON" },		/* attaching a replugged device */
	};
	bool all = TRUE;
	int i;

	for (i = 0; i < countof(needed); i++)
	{
		if (!lib->caps->keep(lib->caps, needed[i].cap))
		{
			DBG1(DBG_DMN, "mobikex plugin needs the capability %s",
				 needed[i].name);
			all = FALSE;
		}
	}
	return all;
}

/*
 * see header file
 */
plugin_t *mobikex_plugin_create(void)
{
	private_mobikex_plugin_t *this;

	if (!keep_capabilities() || !mobikex_agent_create())
	{
		return NULL;
	}
	INIT(this,
		.public = {
			.get_name = _get_name,
			.get_features = _get_features,
			.destroy = _destroy,
		},
		.listener = mobikex_listener_create(),
	);
	/* constructors run before kernel-netlink reads the interfaces */
	mobikex_mirror_hide_device();
	return &this->public;
}
