/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listener: what charon's bus tells, and MOBIKEX_SUPPORTED in IKE_AUTH.
 * Every hook runs under the bus mutex: it notes and queues, nothing more.
 */
#ifndef MOBIKEX_LISTENER_H_
#define MOBIKEX_LISTENER_H_

#include <bus/listeners/listener.h>

typedef struct mobikex_listener_t mobikex_listener_t;

struct mobikex_listener_t {

	/**
	 * Implements listener_t.
	 */
	listener_t listener;

	/**
	 * Destroy a mobikex_listener_t.
	 */
	void (*destroy)(mobikex_listener_t *this);
};

mobikex_listener_t *mobikex_listener_create(void);

#endif	/* MOBIKEX_LISTENER_H_ */
