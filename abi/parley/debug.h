/*
 * Parley's extension call 55, debug: for tests. Only a debug build serves it;
 * any other answers -PV_ENOSYS.
 *
 * Read next: ../abi.json, the list of all calls.
 */
#ifndef PARLEY_DEBUG_H
#define PARLEY_DEBUG_H

/* First argument of debug. */
#define PV_DEBUGOP_audit       0 /* returns how many frames are miscounted */
#define PV_DEBUGOP_free_frames 1 /* returns the frames that nobody owns */

#endif
