/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef MOBIKEX_PLUGIN_H_
#define MOBIKEX_PLUGIN_H_

#include <plugins/plugin.h>

/** What charon looks up in the shared object. */
plugin_t *mobikex_plugin_create(void);

#endif	/* MOBIKEX_PLUGIN_H_ */
