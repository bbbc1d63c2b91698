/*
 * Parley's extension call 55, debug: for tests. Only a debug build serves it;
 * any other answers -PV_ENOSYS.
 *
 * Read next: ../abi.json, the list of all calls.
 */
#ifndef PARLEY_DEBUG_H
#define PARLEY_DEBUG_H

/* abigen:begin numbers */
/* Made from abi/abi.json by `make abi`: change the numbers there. */

/* Operations of debug: its argument op. */
#define PV_DEBUGOP_audit       0 /* returns how many frames are miscounted */
#define PV_DEBUGOP_free_frames 1 /* returns the frames that nobody owns */

/* abigen:end numbers */

#endif
