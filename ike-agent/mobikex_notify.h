/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Codec of MOBIKE-X's notifies: notification data to structs and back.
 *
 * It knows the wire (docs/mobike-x.md) and nothing of an IKE_SA.  Whatever comes
 * in ends in a struct or in a named refusal; it allocates nothing, reads nothing
 * beyond the data, and a struct is written only if the whole of it is good.
 */
#ifndef MOBIKEX_NOTIFY_H_
#define MOBIKEX_NOTIFY_H_

#include <stdbool.h>
#include <utils/chunk.h>
#include <segue/addr.h>
#include <segue/mobikex.h>

/** RFC 4555 4.2.5 */
#define COOKIE2_MIN 8
#define COOKIE2_MAX 64

/** Octets that the longest IP_PARAMETER and OPERATION_REFUSED take */
#define MOBIKEX_PARAMETER_SIZE (sizeof(struct mobikex_ip_parameter) + \
								sizeof(struct segue_addr) + MOBIKEX_MAX_SPIS * 4)
#define MOBIKEX_REFUSED_SIZE (sizeof(struct mobikex_operation_refused) + \
							  sizeof(struct segue_addr))

/**
 * IP_PARAMETER
 */
typedef struct {
	enum mobikex_role role;
	uint16_t preference;
	/** FALSE: the address is that of the IP header */
	bool named;
	struct segue_addr addr;
	/** As on the wire; none: all CHILD_SAs */
	u_int spis;
	uint32_t spi[MOBIKEX_MAX_SPIS];
} mobikex_parameter_t;

/**
 * OPERATION_REFUSED; a reason that is none of enum mobikex_refusal may come in.
 */
typedef struct {
	uint8_t reason;
	/** 0 if it could not be read */
	uint8_t role;
	bool named;
	struct segue_addr addr;
} mobikex_refused_t;

/**
 * All that one request asks for.
 */
typedef struct {
	bool add;
	bool remove;
	bool update;
	u_int count;
	mobikex_parameter_t parameter[MOBIKEX_MAX_PARAMETERS];
	/** Refused so far; what is too much for a message is told once */
	u_int refusals;
	mobikex_refused_t refused[MOBIKEX_MAX_PARAMETERS + 1];
} mobikex_request_t;

/** What people call it; for any value. */
const char *mobikex_refusal_name(uint8_t reason);

/** May this be the content of a COOKIE2? */
bool mobikex_cookie2_valid(chunk_t data);

/**
 * MOBIKEX_SUPPORTED.
 *
 * @param capabilities	gets them, if not refused
 * @return				MOBIKEX_NOT_REFUSED or why the data does not count
 */
enum mobikex_refusal mobikex_supported_parse(chunk_t data, uint16_t *capabilities);
struct mobikex_supported mobikex_supported_make(uint16_t capabilities);

/**
 * IP_PARAMETER.
 *
 * @param parameter		gets it, if not refused
 */
enum mobikex_refusal mobikex_parameter_parse(chunk_t data,
											 mobikex_parameter_t *parameter);

/**
 * @param buffer		MOBIKEX_PARAMETER_SIZE octets
 * @return				the part of it that was used
 */
chunk_t mobikex_parameter_encode(const mobikex_parameter_t *parameter,
								 uint8_t *buffer);

/** OPERATION_REFUSED, likewise; MOBIKEX_REFUSED_SIZE octets. */
enum mobikex_refusal mobikex_refused_parse(chunk_t data, mobikex_refused_t *refused);
chunk_t mobikex_refused_encode(const mobikex_refused_t *refused, uint8_t *buffer);

/**
 * A request, notify by notify: begin with one that is all zero, hand in every
 * notify, and close it.  Then each of its parameters has its operation.
 */
void mobikex_request_notify(mobikex_request_t *request, uint16_t type, chunk_t data);
void mobikex_request_close(mobikex_request_t *request);

/** Does it ask for anything that RFC 4555 does not know? */
bool mobikex_request_extended(const mobikex_request_t *request);

/** parameter may be NULL: none was readable */
void mobikex_request_refuse(mobikex_request_t *request, enum mobikex_refusal reason,
							const mobikex_parameter_t *parameter);

#endif	/* MOBIKEX_NOTIFY_H_ */
