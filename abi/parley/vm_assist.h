/*
 * vm_assist: behaviours that a guest may switch on.
 *
 * Read next: physdev.h.
 */
#ifndef PARLEY_VM_ASSIST_H
#define PARLEY_VM_ASSIST_H

/* abigen:begin numbers */
/* Made from abi/abi.json by `make abi`: change the numbers there. */

/* Operations of vm_assist: its argument type. */
#define PV_VM_ASSIST_4gb_segments         0  /* no effect in 64 bits */
#define PV_VM_ASSIST_4gb_segments_notify  1  /* no effect in 64 bits */
#define PV_VM_ASSIST_writable_pagetables  2  /* emulate stores to tables */
#define PV_VM_ASSIST_pae_extended_cr3     3  /* no effect in 64 bits */
#define PV_VM_ASSIST_architectural_iopl   4  /* frames and iret carry the IOPL */
#define PV_VM_ASSIST_runstate_update_flag 5  /* PV_RUNSTATE_UPDATE is used */
#define PV_VM_ASSIST_m2p_strict           32 /* m2p not seen in user mode */

/* First argument of vm_assist. */
#define PV_VM_ASSIST_CMD_enable  0
#define PV_VM_ASSIST_CMD_disable 1

/* abigen:end numbers */

#endif
