/*
 * Checks of the calls one by one: per operation its good case, each error that
 * abi/abi.json gives it, and its limits, the last legal value and the first illegal one.
 *
 * `abigen coverage` reads these sources: an error that is documented must be the
 * second argument of a REFUSES() or ANSWERS() whose first names its operation
 * ("event_channel_op.close") or, for what stands with the call, any of the call's.
 * On Xen, where the guest is the initial domain and may do more, what only Parley
 * says is left out by calls_on_parley().
 */
#ifndef KIT_CALLS_H
#define KIT_CALLS_H

#include "check.h"
#include "start.h"

/* The call's result is this error, PV_E*. */
#define REFUSES(call, error, why, got) \
	check_result(call ": " #error ": " why, (got), -(long)(error))

/* The status of a grant operation. */
#define ANSWERS(call, status, why, got) check_result(call ": " #status ": " why, (got), (status))

/* A good case, or a limit that is still legal. */
#define DOES(call, what, got, want) check_result(call ": " what, (got), (want))

/* Addresses where nothing is: no tables; and the hypervisor's. */
#define NOWHERE    0x12000000000ul
#define HYPERVISOR PV_HYPERVISOR_VIRT_START
#define ODD_FRAME  (1ul << 40) /* beyond all memory */

static inline bool calls_on_parley(void)
{
	return !start_is_privileged();
}

#endif
