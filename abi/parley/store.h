/*
 * The store: a small tree of text, a guest's way to learn what it was given
 * and to agree with others on devices. Requests and replies are messages, a
 * header and a payload, through two rings in one page (start_info.store_mfn)
 * with an event channel (store_evtchn).
 *
 * Indices of the rings run freely through 32 bits; the byte of index i is at
 * i modulo PV_STORE_RING_SIZE. A message may be longer than a ring.
 *
 * Read next: elfnote.h.
 */
#ifndef PARLEY_STORE_H
#define PARLEY_STORE_H

#define PV_STORE_RING_SIZE   1024
#define PV_STORE_PAYLOAD_MAX 4096 /* a longer one closes the connection */

/* Message types. */
#define PV_STORE_CONTROL              0
#define PV_STORE_DIRECTORY            1 /* path: the names of its children */
#define PV_STORE_READ                 2 /* path: its value */
#define PV_STORE_GET_PERMS            3
#define PV_STORE_WATCH                4 /* path, token: events from now on, the first at once */
#define PV_STORE_UNWATCH              5
#define PV_STORE_TRANSACTION_START    6
#define PV_STORE_TRANSACTION_END      7 /* "T": carry out, "F": forget */
#define PV_STORE_INTRODUCE            8
#define PV_STORE_RELEASE              9
#define PV_STORE_GET_DOMAIN_PATH      10
#define PV_STORE_WRITE                11 /* path, then the value to the end of the payload */
#define PV_STORE_MKDIR                12
#define PV_STORE_RM                   13
#define PV_STORE_SET_PERMS            14
#define PV_STORE_WATCH_EVENT          15 /* from the server: path, token */
#define PV_STORE_ERROR                16 /* from the server: the name of the error */
#define PV_STORE_IS_DOMAIN_INTRODUCED 17
#define PV_STORE_RESUME               18
#define PV_STORE_SET_TARGET           19
#define PV_STORE_RESET_WATCHES        21
#define PV_STORE_DIRECTORY_PART       22

/* pv_store_ring.server_features */
#define PV_STORE_FEATURE_ERROR 2 /* the field error is there */

/* pv_store_ring.error */
#define PV_STORE_ERROR_NONE    0
#define PV_STORE_ERROR_COMM    1
#define PV_STORE_ERROR_RINGIDX 2 /* an index makes no sense */
#define PV_STORE_ERROR_PROTO   3 /* a payload is too long */

#ifndef __ASSEMBLER__
#include <stdint.h>

/* Xen public ABI, structure xenstore_domain_interface. */
struct pv_store_ring {
	char req[PV_STORE_RING_SIZE]; /* from the guest */
	char rsp[PV_STORE_RING_SIZE]; /* to the guest */
	uint32_t req_cons;            /* server */
	uint32_t req_prod;            /* guest */
	uint32_t rsp_cons;            /* guest */
	uint32_t rsp_prod;            /* server */
	uint32_t server_features;
	uint32_t connection;
	uint32_t error; /* why the server serves no longer */
};

_Static_assert(sizeof(struct pv_store_ring) == 2076, "store ring layout");

/* Xen public ABI, structure xsd_sockmsg. */
struct pv_store_header {
	uint32_t type;
	uint32_t req_id; /* the guest's: comes back in the reply */
	uint32_t tx_id;  /* transaction, 0: none */
	uint32_t len;    /* bytes of payload that follow */
};

_Static_assert(sizeof(struct pv_store_header) == 16, "store message layout");

#endif /* __ASSEMBLER__ */
#endif
