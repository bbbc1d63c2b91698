/*
 * Control operations (abi/parley/control_op.h), for a domain whose configuration
 * says "control": true. Results are 0 or negative errors, as the hypercall's.
 */
#ifndef KIT_CONTROL_H
#define KIT_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <parley/control_op.h>

/* Any operation with its structure. */
long control_call(unsigned op, void *structure);

/* pause, unpause, destroy. */
long control_on_domain(unsigned op, uint16_t domid);

long control_shutdown(uint16_t domid, uint8_t reason);

/* The machine's free pages, 0 if it cannot be asked. */
uint64_t control_free_pages(void);

/*
 * Hands over an image: makes it, writes all of it. *image is its number; on an error
 * there is none.
 */
long control_image_upload(const void *bytes, size_t size, uint32_t *image);
long control_image_free(uint32_t image);

/*
 * A domain of that name, from that image: one vCPU, no RAM disk, an empty command line.
 * The caller changes what shall be otherwise and makes it by PV_CONTROLOP_create.
 */
void control_prepare(struct pv_control_create *create, const char *name, uint32_t kernel,
		     uint64_t pages);

/* Ends all domains of that name, whatever they are doing, and forgets them; false: one is still there after 20 s. */
bool control_put_away(const char *name);

/* Looks for the domain or record of that name, the newest; false if there is none. */
bool control_find(const char *name, struct pv_control_domain *found);

#endif
