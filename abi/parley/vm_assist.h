/*
 * vm_assist: behaviours that a guest may switch on.
 *
 * Read next: physdev.h.
 */
#ifndef PARLEY_VM_ASSIST_H
#define PARLEY_VM_ASSIST_H

/* First argument of vm_assist; the second is one of the types below. */
#define PV_VM_ASSIST_CMD_enable  0
#define PV_VM_ASSIST_CMD_disable 1

#define PV_VM_ASSIST_4gb_segments         0  /* no effect in 64 bits */
#define PV_VM_ASSIST_4gb_segments_notify  1  /* no effect in 64 bits */
#define PV_VM_ASSIST_writable_pagetables  2  /* emulate stores to tables */
#define PV_VM_ASSIST_pae_extended_cr3     3  /* no effect in 64 bits */
#define PV_VM_ASSIST_architectural_iopl   4  /* IOPL is seen in RFLAGS */
#define PV_VM_ASSIST_runstate_update_flag 5  /* PV_RUNSTATE_UPDATE is used */
#define PV_VM_ASSIST_m2p_strict           32 /* m2p not seen in user mode */

#endif
