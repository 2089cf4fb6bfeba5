/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of strongSwan's config.h that strongSwan's *headers* look at, as
 * Debian's build of it has it.  Included before everything else, which replaces
 * a configure run.
 */
#ifndef MOBIKEX_STRONGSWAN_CONFIG_H
#define MOBIKEX_STRONGSWAN_CONFIG_H

/* libstrongswan's utils.h refuses to go on without it */
#define CONFIG_H_INCLUDED

/*
 * --enable-mediation.  The one that changes the layout of structs (ike_sa_t,
 * daemon_t): module.mk compares it with what libcharon exports.
 */
#define ME

/* The IKE versions compiled in: pick declarations, change no layout. */
#define USE_IKEV1
#define USE_IKEV2

/* What the C library has (utils/compat): replacements are declared without. */
#define HAVE_ALLOCA_H 1
#define HAVE_CLOCK_GETTIME 1
#define HAVE_CLOSEFROM 1		/* glibc 2.34 */
#define HAVE_EXPLICIT_BZERO 1
#define HAVE_FMEMOPEN 1
#define HAVE_GETTID 1
#define HAVE_MEMRCHR 1
#define HAVE_QSORT_R 1
#define HAVE_QSORT_R_GNU 1		/* the argument comes last */
#define HAVE_SIGWAITINFO 1
#define HAVE_STRERROR_R 1
#define HAVE_DECL_STRERROR_R 1
#define HAVE_SYS_PARAM_H 1

/* What the compiler has: atomics in utils/refcount.h, types in utils/types.h. */
#define HAVE_GCC_ATOMIC_OPERATIONS 1
#define HAVE_INT128 1
#define HAVE_STDBOOL_H 1
#define HAVE__BOOL 1

/* condvars wait on the monotonic clock (threading/condvar.h) */
#define HAVE_CONDATTR_CLOCK_MONOTONIC 1

#endif
