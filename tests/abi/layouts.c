/*
 * Every structure of our headers, and every field of each, beside Xen's: its
 * offset and its size. WHOLE opens a structure and compares its size.
 */
#include <parley/callback.h>
#include <parley/console.h>
#include <parley/event_channel.h>
#include <parley/grant_table.h>
#include <parley/hypercall.h>
#include <parley/memory.h>
#include <parley/mmu.h>
#include <parley/physdev.h>
#include <parley/sched.h>
#include <parley/shared_info.h>
#include <parley/start_info.h>
#include <parley/store.h>
#include <parley/trap.h>
#include <parley/types.h>
#include <parley/vcpu.h>
#include <parley/version.h>

#include "compare.h"
#include "xen_headers.h"

#define SIZE_OF(type, field) sizeof(((type *)0)->field)

#define WHOLE(ours, theirs)                                                                       \
	{                                                                                         \
		.structure = #ours, .our_size = sizeof(struct ours), .their_size = sizeof(theirs) \
	}

#define RENAMED(ours, our_field, theirs, their_field)           \
	{                                                       \
		.structure = #ours, .field = #our_field,        \
		.our_offset = offsetof(struct ours, our_field), \
		.our_size = SIZE_OF(struct ours, our_field),    \
		.their_offset = offsetof(theirs, their_field),  \
		.their_size = SIZE_OF(theirs, their_field)      \
	}

#define FIELD(ours, theirs, field) RENAMED(ours, field, theirs, field)

const struct compare_field compare_fields[] = {
	WHOLE(pv_bitmap, struct xenctl_bitmap),
	FIELD(pv_bitmap, struct xenctl_bitmap, bitmap),
	FIELD(pv_bitmap, struct xenctl_bitmap, nr_bits),

	WHOLE(pv_multicall_entry, struct multicall_entry),
	FIELD(pv_multicall_entry, struct multicall_entry, op),
	FIELD(pv_multicall_entry, struct multicall_entry, result),
	FIELD(pv_multicall_entry, struct multicall_entry, args),
	FIELD(pv_multicall_entry, struct multicall_entry, args[5]),

	WHOLE(pv_start_info, struct start_info),
	FIELD(pv_start_info, struct start_info, magic),
	FIELD(pv_start_info, struct start_info, nr_pages),
	FIELD(pv_start_info, struct start_info, shared_info),
	FIELD(pv_start_info, struct start_info, flags),
	FIELD(pv_start_info, struct start_info, store_mfn),
	FIELD(pv_start_info, struct start_info, store_evtchn),
	FIELD(pv_start_info, struct start_info, console),
	FIELD(pv_start_info, struct start_info, console.domU.mfn),
	FIELD(pv_start_info, struct start_info, console.domU.evtchn),
	FIELD(pv_start_info, struct start_info, console.dom0.info_off),
	FIELD(pv_start_info, struct start_info, console.dom0.info_size),
	FIELD(pv_start_info, struct start_info, pt_base),
	FIELD(pv_start_info, struct start_info, nr_pt_frames),
	FIELD(pv_start_info, struct start_info, mfn_list),
	FIELD(pv_start_info, struct start_info, mod_start),
	FIELD(pv_start_info, struct start_info, mod_len),
	FIELD(pv_start_info, struct start_info, cmd_line),
	FIELD(pv_start_info, struct start_info, first_p2m_pfn),
	FIELD(pv_start_info, struct start_info, nr_p2m_frames),

	WHOLE(pv_vga_console_info, struct dom0_vga_console_info),
	FIELD(pv_vga_console_info, struct dom0_vga_console_info, video_type),
	FIELD(pv_vga_console_info, struct dom0_vga_console_info, u),
	FIELD(pv_vga_console_info, struct dom0_vga_console_info, u.text_mode_3.font_height),
	FIELD(pv_vga_console_info, struct dom0_vga_console_info, u.text_mode_3.cursor_x),
	FIELD(pv_vga_console_info, struct dom0_vga_console_info, u.text_mode_3.cursor_y),
	FIELD(pv_vga_console_info, struct dom0_vga_console_info, u.text_mode_3.rows),
	FIELD(pv_vga_console_info, struct dom0_vga_console_info, u.text_mode_3.columns),
	FIELD(pv_vga_console_info, struct dom0_vga_console_info, u.vesa_lfb.width),
	FIELD(pv_vga_console_info, struct dom0_vga_console_info, u.vesa_lfb.height),
	FIELD(pv_vga_console_info, struct dom0_vga_console_info, u.vesa_lfb.bytes_per_line),
	FIELD(pv_vga_console_info, struct dom0_vga_console_info, u.vesa_lfb.bits_per_pixel),
	FIELD(pv_vga_console_info, struct dom0_vga_console_info, u.vesa_lfb.lfb_base),
	FIELD(pv_vga_console_info, struct dom0_vga_console_info, u.vesa_lfb.lfb_size),
	FIELD(pv_vga_console_info, struct dom0_vga_console_info, u.vesa_lfb.red_pos),
	FIELD(pv_vga_console_info, struct dom0_vga_console_info, u.vesa_lfb.red_size),
	FIELD(pv_vga_console_info, struct dom0_vga_console_info, u.vesa_lfb.green_pos),
	FIELD(pv_vga_console_info, struct dom0_vga_console_info, u.vesa_lfb.green_size),
	FIELD(pv_vga_console_info, struct dom0_vga_console_info, u.vesa_lfb.blue_pos),
	FIELD(pv_vga_console_info, struct dom0_vga_console_info, u.vesa_lfb.blue_size),
	FIELD(pv_vga_console_info, struct dom0_vga_console_info, u.vesa_lfb.rsvd_pos),
	FIELD(pv_vga_console_info, struct dom0_vga_console_info, u.vesa_lfb.rsvd_size),
	FIELD(pv_vga_console_info, struct dom0_vga_console_info, u.vesa_lfb.gbl_caps),
	FIELD(pv_vga_console_info, struct dom0_vga_console_info, u.vesa_lfb.mode_attrs),
	FIELD(pv_vga_console_info, struct dom0_vga_console_info, u.vesa_lfb.pad),
	FIELD(pv_vga_console_info, struct dom0_vga_console_info, u.vesa_lfb.ext_lfb_base),

	WHOLE(pv_multiboot_mod_list, struct xen_multiboot_mod_list),
	FIELD(pv_multiboot_mod_list, struct xen_multiboot_mod_list, mod_start),
	FIELD(pv_multiboot_mod_list, struct xen_multiboot_mod_list, mod_end),
	FIELD(pv_multiboot_mod_list, struct xen_multiboot_mod_list, cmdline),
	FIELD(pv_multiboot_mod_list, struct xen_multiboot_mod_list, pad),

	WHOLE(pv_arch_vcpu_info, struct arch_vcpu_info),
	FIELD(pv_arch_vcpu_info, struct arch_vcpu_info, cr2),
	FIELD(pv_arch_vcpu_info, struct arch_vcpu_info, pad),

	WHOLE(pv_vcpu_time_info, struct vcpu_time_info),
	FIELD(pv_vcpu_time_info, struct vcpu_time_info, version),
	FIELD(pv_vcpu_time_info, struct vcpu_time_info, pad0),
	FIELD(pv_vcpu_time_info, struct vcpu_time_info, tsc_timestamp),
	FIELD(pv_vcpu_time_info, struct vcpu_time_info, system_time),
	FIELD(pv_vcpu_time_info, struct vcpu_time_info, tsc_to_system_mul),
	FIELD(pv_vcpu_time_info, struct vcpu_time_info, tsc_shift),
	FIELD(pv_vcpu_time_info, struct vcpu_time_info, flags),
	FIELD(pv_vcpu_time_info, struct vcpu_time_info, pad1),

	WHOLE(pv_vcpu_info, struct vcpu_info),
	FIELD(pv_vcpu_info, struct vcpu_info, evtchn_upcall_pending),
	FIELD(pv_vcpu_info, struct vcpu_info, evtchn_upcall_mask),
	FIELD(pv_vcpu_info, struct vcpu_info, evtchn_pending_sel),
	FIELD(pv_vcpu_info, struct vcpu_info, arch),
	FIELD(pv_vcpu_info, struct vcpu_info, time),

	WHOLE(pv_arch_shared_info, struct arch_shared_info),
	FIELD(pv_arch_shared_info, struct arch_shared_info, max_pfn),
	FIELD(pv_arch_shared_info, struct arch_shared_info, pfn_to_mfn_frame_list_list),
	FIELD(pv_arch_shared_info, struct arch_shared_info, nmi_reason),
	FIELD(pv_arch_shared_info, struct arch_shared_info, p2m_cr3),
	FIELD(pv_arch_shared_info, struct arch_shared_info, p2m_vaddr),
	FIELD(pv_arch_shared_info, struct arch_shared_info, p2m_generation),

	WHOLE(pv_shared_info, struct shared_info),
	FIELD(pv_shared_info, struct shared_info, vcpu_info),
	FIELD(pv_shared_info, struct shared_info, vcpu_info[31]),
	FIELD(pv_shared_info, struct shared_info, evtchn_pending),
	FIELD(pv_shared_info, struct shared_info, evtchn_mask),
	FIELD(pv_shared_info, struct shared_info, wc_version),
	FIELD(pv_shared_info, struct shared_info, wc_sec),
	FIELD(pv_shared_info, struct shared_info, wc_nsec),
	FIELD(pv_shared_info, struct shared_info, wc_sec_hi),
	FIELD(pv_shared_info, struct shared_info, arch),

	WHOLE(pv_mmu_update, struct mmu_update),
	FIELD(pv_mmu_update, struct mmu_update, ptr),
	FIELD(pv_mmu_update, struct mmu_update, val),

	WHOLE(pv_mmuext_op, struct mmuext_op),
	FIELD(pv_mmuext_op, struct mmuext_op, cmd),
	FIELD(pv_mmuext_op, struct mmuext_op, arg1),
	FIELD(pv_mmuext_op, struct mmuext_op, arg1.mfn),
	FIELD(pv_mmuext_op, struct mmuext_op, arg1.linear_addr),
	FIELD(pv_mmuext_op, struct mmuext_op, arg2),
	FIELD(pv_mmuext_op, struct mmuext_op, arg2.nr_ents),
	FIELD(pv_mmuext_op, struct mmuext_op, arg2.vcpumask),
	FIELD(pv_mmuext_op, struct mmuext_op, arg2.src_mfn),

	WHOLE(pv_memory_reservation, struct xen_memory_reservation),
	FIELD(pv_memory_reservation, struct xen_memory_reservation, extent_start),
	FIELD(pv_memory_reservation, struct xen_memory_reservation, nr_extents),
	FIELD(pv_memory_reservation, struct xen_memory_reservation, extent_order),
	FIELD(pv_memory_reservation, struct xen_memory_reservation, mem_flags),
	FIELD(pv_memory_reservation, struct xen_memory_reservation, domid),

	WHOLE(pv_memory_exchange, struct xen_memory_exchange),
	FIELD(pv_memory_exchange, struct xen_memory_exchange, in),
	FIELD(pv_memory_exchange, struct xen_memory_exchange, out),
	FIELD(pv_memory_exchange, struct xen_memory_exchange, nr_exchanged),

	WHOLE(pv_memory_domain, struct xen_memory_domain),
	FIELD(pv_memory_domain, struct xen_memory_domain, domid),

	WHOLE(pv_memory_map, struct xen_memory_map),
	FIELD(pv_memory_map, struct xen_memory_map, nr_entries),
	FIELD(pv_memory_map, struct xen_memory_map, buffer),

	WHOLE(pv_machphys_mapping, struct xen_machphys_mapping),
	FIELD(pv_machphys_mapping, struct xen_machphys_mapping, v_start),
	FIELD(pv_machphys_mapping, struct xen_machphys_mapping, v_end),
	FIELD(pv_machphys_mapping, struct xen_machphys_mapping, max_mfn),

	WHOLE(pv_machphys_mfn_list, struct xen_machphys_mfn_list),
	FIELD(pv_machphys_mfn_list, struct xen_machphys_mfn_list, max_extents),
	FIELD(pv_machphys_mfn_list, struct xen_machphys_mfn_list, extent_start),
	FIELD(pv_machphys_mfn_list, struct xen_machphys_mfn_list, nr_extents),

	WHOLE(pv_evtchn_op, struct evtchn_op),
	FIELD(pv_evtchn_op, struct evtchn_op, cmd),
	FIELD(pv_evtchn_op, struct evtchn_op, u),

	WHOLE(pv_evtchn_alloc_unbound, struct evtchn_alloc_unbound),
	FIELD(pv_evtchn_alloc_unbound, struct evtchn_alloc_unbound, dom),
	FIELD(pv_evtchn_alloc_unbound, struct evtchn_alloc_unbound, remote_dom),
	FIELD(pv_evtchn_alloc_unbound, struct evtchn_alloc_unbound, port),

	WHOLE(pv_evtchn_bind_interdomain, struct evtchn_bind_interdomain),
	FIELD(pv_evtchn_bind_interdomain, struct evtchn_bind_interdomain, remote_dom),
	FIELD(pv_evtchn_bind_interdomain, struct evtchn_bind_interdomain, remote_port),
	FIELD(pv_evtchn_bind_interdomain, struct evtchn_bind_interdomain, local_port),

	WHOLE(pv_evtchn_bind_virq, struct evtchn_bind_virq),
	FIELD(pv_evtchn_bind_virq, struct evtchn_bind_virq, virq),
	FIELD(pv_evtchn_bind_virq, struct evtchn_bind_virq, vcpu),
	FIELD(pv_evtchn_bind_virq, struct evtchn_bind_virq, port),

	WHOLE(pv_evtchn_bind_pirq, struct evtchn_bind_pirq),
	FIELD(pv_evtchn_bind_pirq, struct evtchn_bind_pirq, pirq),
	FIELD(pv_evtchn_bind_pirq, struct evtchn_bind_pirq, flags),
	FIELD(pv_evtchn_bind_pirq, struct evtchn_bind_pirq, port),

	WHOLE(pv_evtchn_bind_ipi, struct evtchn_bind_ipi),
	FIELD(pv_evtchn_bind_ipi, struct evtchn_bind_ipi, vcpu),
	FIELD(pv_evtchn_bind_ipi, struct evtchn_bind_ipi, port),

	WHOLE(pv_evtchn_close, struct evtchn_close),
	FIELD(pv_evtchn_close, struct evtchn_close, port),

	WHOLE(pv_evtchn_send, struct evtchn_send),
	FIELD(pv_evtchn_send, struct evtchn_send, port),

	WHOLE(pv_evtchn_status, struct evtchn_status),
	FIELD(pv_evtchn_status, struct evtchn_status, dom),
	FIELD(pv_evtchn_status, struct evtchn_status, port),
	FIELD(pv_evtchn_status, struct evtchn_status, status),
	FIELD(pv_evtchn_status, struct evtchn_status, vcpu),
	FIELD(pv_evtchn_status, struct evtchn_status, u),
	FIELD(pv_evtchn_status, struct evtchn_status, u.unbound.dom),
	FIELD(pv_evtchn_status, struct evtchn_status, u.interdomain.dom),
	FIELD(pv_evtchn_status, struct evtchn_status, u.interdomain.port),
	FIELD(pv_evtchn_status, struct evtchn_status, u.pirq),
	FIELD(pv_evtchn_status, struct evtchn_status, u.virq),

	WHOLE(pv_evtchn_bind_vcpu, struct evtchn_bind_vcpu),
	FIELD(pv_evtchn_bind_vcpu, struct evtchn_bind_vcpu, port),
	FIELD(pv_evtchn_bind_vcpu, struct evtchn_bind_vcpu, vcpu),

	WHOLE(pv_evtchn_unmask, struct evtchn_unmask),
	FIELD(pv_evtchn_unmask, struct evtchn_unmask, port),

	WHOLE(pv_evtchn_reset, struct evtchn_reset),
	FIELD(pv_evtchn_reset, struct evtchn_reset, dom),

	WHOLE(pv_evtchn_init_control, struct evtchn_init_control),
	FIELD(pv_evtchn_init_control, struct evtchn_init_control, control_gfn),
	FIELD(pv_evtchn_init_control, struct evtchn_init_control, offset),
	FIELD(pv_evtchn_init_control, struct evtchn_init_control, vcpu),
	FIELD(pv_evtchn_init_control, struct evtchn_init_control, link_bits),
	FIELD(pv_evtchn_init_control, struct evtchn_init_control, _pad),

	WHOLE(pv_evtchn_expand_array, struct evtchn_expand_array),
	FIELD(pv_evtchn_expand_array, struct evtchn_expand_array, array_gfn),

	WHOLE(pv_evtchn_set_priority, struct evtchn_set_priority),
	FIELD(pv_evtchn_set_priority, struct evtchn_set_priority, port),
	FIELD(pv_evtchn_set_priority, struct evtchn_set_priority, priority),

	WHOLE(pv_grant_entry_v1, struct grant_entry_v1),
	FIELD(pv_grant_entry_v1, struct grant_entry_v1, flags),
	FIELD(pv_grant_entry_v1, struct grant_entry_v1, domid),
	FIELD(pv_grant_entry_v1, struct grant_entry_v1, frame),

	WHOLE(pv_gnttab_map_grant_ref, struct gnttab_map_grant_ref),
	FIELD(pv_gnttab_map_grant_ref, struct gnttab_map_grant_ref, host_addr),
	FIELD(pv_gnttab_map_grant_ref, struct gnttab_map_grant_ref, flags),
	FIELD(pv_gnttab_map_grant_ref, struct gnttab_map_grant_ref, ref),
	FIELD(pv_gnttab_map_grant_ref, struct gnttab_map_grant_ref, dom),
	FIELD(pv_gnttab_map_grant_ref, struct gnttab_map_grant_ref, status),
	FIELD(pv_gnttab_map_grant_ref, struct gnttab_map_grant_ref, handle),
	FIELD(pv_gnttab_map_grant_ref, struct gnttab_map_grant_ref, dev_bus_addr),

	WHOLE(pv_gnttab_unmap_grant_ref, struct gnttab_unmap_grant_ref),
	FIELD(pv_gnttab_unmap_grant_ref, struct gnttab_unmap_grant_ref, host_addr),
	FIELD(pv_gnttab_unmap_grant_ref, struct gnttab_unmap_grant_ref, dev_bus_addr),
	FIELD(pv_gnttab_unmap_grant_ref, struct gnttab_unmap_grant_ref, handle),
	FIELD(pv_gnttab_unmap_grant_ref, struct gnttab_unmap_grant_ref, status),

	WHOLE(pv_gnttab_setup_table, struct gnttab_setup_table),
	FIELD(pv_gnttab_setup_table, struct gnttab_setup_table, dom),
	FIELD(pv_gnttab_setup_table, struct gnttab_setup_table, nr_frames),
	FIELD(pv_gnttab_setup_table, struct gnttab_setup_table, status),
	FIELD(pv_gnttab_setup_table, struct gnttab_setup_table, frame_list),

	WHOLE(pv_gnttab_dump_table, struct gnttab_dump_table),
	FIELD(pv_gnttab_dump_table, struct gnttab_dump_table, dom),
	FIELD(pv_gnttab_dump_table, struct gnttab_dump_table, status),

	WHOLE(pv_gnttab_transfer, struct gnttab_transfer),
	FIELD(pv_gnttab_transfer, struct gnttab_transfer, mfn),
	FIELD(pv_gnttab_transfer, struct gnttab_transfer, domid),
	FIELD(pv_gnttab_transfer, struct gnttab_transfer, ref),
	FIELD(pv_gnttab_transfer, struct gnttab_transfer, status),

	WHOLE(pv_gnttab_copy_ptr, struct gnttab_copy_ptr),
	FIELD(pv_gnttab_copy_ptr, struct gnttab_copy_ptr, u),
	FIELD(pv_gnttab_copy_ptr, struct gnttab_copy_ptr, u.ref),
	FIELD(pv_gnttab_copy_ptr, struct gnttab_copy_ptr, u.gmfn),
	FIELD(pv_gnttab_copy_ptr, struct gnttab_copy_ptr, domid),
	FIELD(pv_gnttab_copy_ptr, struct gnttab_copy_ptr, offset),

	WHOLE(pv_gnttab_copy, struct gnttab_copy),
	FIELD(pv_gnttab_copy, struct gnttab_copy, source),
	FIELD(pv_gnttab_copy, struct gnttab_copy, dest),
	FIELD(pv_gnttab_copy, struct gnttab_copy, len),
	FIELD(pv_gnttab_copy, struct gnttab_copy, flags),
	FIELD(pv_gnttab_copy, struct gnttab_copy, status),

	WHOLE(pv_gnttab_query_size, struct gnttab_query_size),
	FIELD(pv_gnttab_query_size, struct gnttab_query_size, dom),
	FIELD(pv_gnttab_query_size, struct gnttab_query_size, nr_frames),
	FIELD(pv_gnttab_query_size, struct gnttab_query_size, max_nr_frames),
	FIELD(pv_gnttab_query_size, struct gnttab_query_size, status),

	WHOLE(pv_gnttab_unmap_and_replace, struct gnttab_unmap_and_replace),
	FIELD(pv_gnttab_unmap_and_replace, struct gnttab_unmap_and_replace, host_addr),
	FIELD(pv_gnttab_unmap_and_replace, struct gnttab_unmap_and_replace, new_addr),
	FIELD(pv_gnttab_unmap_and_replace, struct gnttab_unmap_and_replace, handle),
	FIELD(pv_gnttab_unmap_and_replace, struct gnttab_unmap_and_replace, status),

	WHOLE(pv_gnttab_set_version, struct gnttab_set_version),
	FIELD(pv_gnttab_set_version, struct gnttab_set_version, version),

	WHOLE(pv_gnttab_get_version, struct gnttab_get_version),
	FIELD(pv_gnttab_get_version, struct gnttab_get_version, dom),
	FIELD(pv_gnttab_get_version, struct gnttab_get_version, pad),
	FIELD(pv_gnttab_get_version, struct gnttab_get_version, version),

	WHOLE(pv_gnttab_swap_grant_ref, struct gnttab_swap_grant_ref),
	FIELD(pv_gnttab_swap_grant_ref, struct gnttab_swap_grant_ref, ref_a),
	FIELD(pv_gnttab_swap_grant_ref, struct gnttab_swap_grant_ref, ref_b),
	FIELD(pv_gnttab_swap_grant_ref, struct gnttab_swap_grant_ref, status),

	WHOLE(pv_gnttab_cache_flush, struct gnttab_cache_flush),
	FIELD(pv_gnttab_cache_flush, struct gnttab_cache_flush, a),
	FIELD(pv_gnttab_cache_flush, struct gnttab_cache_flush, offset),
	FIELD(pv_gnttab_cache_flush, struct gnttab_cache_flush, length),
	FIELD(pv_gnttab_cache_flush, struct gnttab_cache_flush, op),

	WHOLE(pv_sched_shutdown, struct sched_shutdown),
	FIELD(pv_sched_shutdown, struct sched_shutdown, reason),

	WHOLE(pv_sched_poll, struct sched_poll),
	FIELD(pv_sched_poll, struct sched_poll, ports),
	FIELD(pv_sched_poll, struct sched_poll, nr_ports),
	FIELD(pv_sched_poll, struct sched_poll, timeout),

	WHOLE(pv_sched_remote_shutdown, struct sched_remote_shutdown),
	FIELD(pv_sched_remote_shutdown, struct sched_remote_shutdown, domain_id),
	FIELD(pv_sched_remote_shutdown, struct sched_remote_shutdown, reason),

	WHOLE(pv_sched_watchdog, struct sched_watchdog),
	FIELD(pv_sched_watchdog, struct sched_watchdog, id),
	FIELD(pv_sched_watchdog, struct sched_watchdog, timeout),

	WHOLE(pv_sched_pin_override, struct sched_pin_override),
	FIELD(pv_sched_pin_override, struct sched_pin_override, pcpu),

	WHOLE(pv_trap_info, struct trap_info),
	FIELD(pv_trap_info, struct trap_info, vector),
	FIELD(pv_trap_info, struct trap_info, flags),
	FIELD(pv_trap_info, struct trap_info, cs),
	FIELD(pv_trap_info, struct trap_info, address),

	WHOLE(pv_user_regs, struct cpu_user_regs),
	FIELD(pv_user_regs, struct cpu_user_regs, r15),
	FIELD(pv_user_regs, struct cpu_user_regs, r14),
	FIELD(pv_user_regs, struct cpu_user_regs, r13),
	FIELD(pv_user_regs, struct cpu_user_regs, r12),
	FIELD(pv_user_regs, struct cpu_user_regs, rbp),
	FIELD(pv_user_regs, struct cpu_user_regs, rbx),
	FIELD(pv_user_regs, struct cpu_user_regs, r11),
	FIELD(pv_user_regs, struct cpu_user_regs, r10),
	FIELD(pv_user_regs, struct cpu_user_regs, r9),
	FIELD(pv_user_regs, struct cpu_user_regs, r8),
	FIELD(pv_user_regs, struct cpu_user_regs, rax),
	FIELD(pv_user_regs, struct cpu_user_regs, rcx),
	FIELD(pv_user_regs, struct cpu_user_regs, rdx),
	FIELD(pv_user_regs, struct cpu_user_regs, rsi),
	FIELD(pv_user_regs, struct cpu_user_regs, rdi),
	FIELD(pv_user_regs, struct cpu_user_regs, error_code),
	FIELD(pv_user_regs, struct cpu_user_regs, entry_vector),
	FIELD(pv_user_regs, struct cpu_user_regs, rip),
	FIELD(pv_user_regs, struct cpu_user_regs, cs),
	FIELD(pv_user_regs, struct cpu_user_regs, _pad0),
	FIELD(pv_user_regs, struct cpu_user_regs, saved_upcall_mask),
	FIELD(pv_user_regs, struct cpu_user_regs, _pad1),
	FIELD(pv_user_regs, struct cpu_user_regs, rflags),
	FIELD(pv_user_regs, struct cpu_user_regs, rsp),
	FIELD(pv_user_regs, struct cpu_user_regs, ss),
	FIELD(pv_user_regs, struct cpu_user_regs, _pad2),
	FIELD(pv_user_regs, struct cpu_user_regs, es),
	FIELD(pv_user_regs, struct cpu_user_regs, _pad3),
	FIELD(pv_user_regs, struct cpu_user_regs, ds),
	FIELD(pv_user_regs, struct cpu_user_regs, _pad4),
	FIELD(pv_user_regs, struct cpu_user_regs, fs),
	FIELD(pv_user_regs, struct cpu_user_regs, _pad5),
	FIELD(pv_user_regs, struct cpu_user_regs, gs),
	FIELD(pv_user_regs, struct cpu_user_regs, _pad6),

	WHOLE(pv_vcpu_guest_context, struct vcpu_guest_context),
	FIELD(pv_vcpu_guest_context, struct vcpu_guest_context, fpu_ctxt),
	FIELD(pv_vcpu_guest_context, struct vcpu_guest_context, fpu_ctxt.x),
	FIELD(pv_vcpu_guest_context, struct vcpu_guest_context, flags),
	FIELD(pv_vcpu_guest_context, struct vcpu_guest_context, user_regs),
	FIELD(pv_vcpu_guest_context, struct vcpu_guest_context, trap_ctxt),
	FIELD(pv_vcpu_guest_context, struct vcpu_guest_context, trap_ctxt[255]),
	FIELD(pv_vcpu_guest_context, struct vcpu_guest_context, ldt_base),
	FIELD(pv_vcpu_guest_context, struct vcpu_guest_context, ldt_ents),
	FIELD(pv_vcpu_guest_context, struct vcpu_guest_context, gdt_frames),
	FIELD(pv_vcpu_guest_context, struct vcpu_guest_context, gdt_ents),
	FIELD(pv_vcpu_guest_context, struct vcpu_guest_context, kernel_ss),
	FIELD(pv_vcpu_guest_context, struct vcpu_guest_context, kernel_sp),
	FIELD(pv_vcpu_guest_context, struct vcpu_guest_context, ctrlreg),
	FIELD(pv_vcpu_guest_context, struct vcpu_guest_context, debugreg),
	FIELD(pv_vcpu_guest_context, struct vcpu_guest_context, event_callback_eip),
	FIELD(pv_vcpu_guest_context, struct vcpu_guest_context, failsafe_callback_eip),
	FIELD(pv_vcpu_guest_context, struct vcpu_guest_context, syscall_callback_eip),
	FIELD(pv_vcpu_guest_context, struct vcpu_guest_context, vm_assist),
	FIELD(pv_vcpu_guest_context, struct vcpu_guest_context, fs_base),
	FIELD(pv_vcpu_guest_context, struct vcpu_guest_context, gs_base_kernel),
	FIELD(pv_vcpu_guest_context, struct vcpu_guest_context, gs_base_user),

	WHOLE(pv_iret_context, struct iret_context),
	FIELD(pv_iret_context, struct iret_context, rax),
	FIELD(pv_iret_context, struct iret_context, r11),
	FIELD(pv_iret_context, struct iret_context, rcx),
	FIELD(pv_iret_context, struct iret_context, flags),
	FIELD(pv_iret_context, struct iret_context, rip),
	FIELD(pv_iret_context, struct iret_context, cs),
	FIELD(pv_iret_context, struct iret_context, rflags),
	FIELD(pv_iret_context, struct iret_context, rsp),
	FIELD(pv_iret_context, struct iret_context, ss),

	WHOLE(pv_vcpu_runstate_info, struct vcpu_runstate_info),
	FIELD(pv_vcpu_runstate_info, struct vcpu_runstate_info, state),
	FIELD(pv_vcpu_runstate_info, struct vcpu_runstate_info, state_entry_time),
	FIELD(pv_vcpu_runstate_info, struct vcpu_runstate_info, time),

	WHOLE(pv_vcpu_register_runstate_memory_area, struct vcpu_register_runstate_memory_area),
	FIELD(pv_vcpu_register_runstate_memory_area, struct vcpu_register_runstate_memory_area,
	      addr),

	WHOLE(pv_vcpu_register_time_memory_area, struct vcpu_register_time_memory_area),
	FIELD(pv_vcpu_register_time_memory_area, struct vcpu_register_time_memory_area, addr),

	WHOLE(pv_vcpu_set_periodic_timer, struct vcpu_set_periodic_timer),
	FIELD(pv_vcpu_set_periodic_timer, struct vcpu_set_periodic_timer, period_ns),

	WHOLE(pv_vcpu_set_singleshot_timer, struct vcpu_set_singleshot_timer),
	FIELD(pv_vcpu_set_singleshot_timer, struct vcpu_set_singleshot_timer, timeout_abs_ns),
	FIELD(pv_vcpu_set_singleshot_timer, struct vcpu_set_singleshot_timer, flags),

	WHOLE(pv_vcpu_register_vcpu_info, struct vcpu_register_vcpu_info),
	FIELD(pv_vcpu_register_vcpu_info, struct vcpu_register_vcpu_info, mfn),
	FIELD(pv_vcpu_register_vcpu_info, struct vcpu_register_vcpu_info, offset),
	FIELD(pv_vcpu_register_vcpu_info, struct vcpu_register_vcpu_info, rsvd),

	WHOLE(pv_vcpu_get_physid, struct vcpu_get_physid),
	FIELD(pv_vcpu_get_physid, struct vcpu_get_physid, phys_id),

	WHOLE(pv_compile_info, struct xen_compile_info),
	FIELD(pv_compile_info, struct xen_compile_info, compiler),
	FIELD(pv_compile_info, struct xen_compile_info, compile_by),
	FIELD(pv_compile_info, struct xen_compile_info, compile_domain),
	FIELD(pv_compile_info, struct xen_compile_info, compile_date),

	WHOLE(pv_platform_parameters, struct xen_platform_parameters),
	FIELD(pv_platform_parameters, struct xen_platform_parameters, virt_start),

	WHOLE(pv_feature_info, struct xen_feature_info),
	FIELD(pv_feature_info, struct xen_feature_info, submap_idx),
	FIELD(pv_feature_info, struct xen_feature_info, submap),

	WHOLE(pv_callback_register, struct callback_register),
	FIELD(pv_callback_register, struct callback_register, type),
	FIELD(pv_callback_register, struct callback_register, flags),
	FIELD(pv_callback_register, struct callback_register, address),

	WHOLE(pv_callback_unregister, struct callback_unregister),
	FIELD(pv_callback_unregister, struct callback_unregister, type),
	FIELD(pv_callback_unregister, struct callback_unregister, _unused),

	WHOLE(pv_physdev_set_iopl, struct physdev_set_iopl),
	FIELD(pv_physdev_set_iopl, struct physdev_set_iopl, iopl),

	WHOLE(pv_physdev_set_iobitmap, struct physdev_set_iobitmap),
	FIELD(pv_physdev_set_iobitmap, struct physdev_set_iobitmap, bitmap),
	FIELD(pv_physdev_set_iobitmap, struct physdev_set_iobitmap, nr_ports),

	WHOLE(pv_physdev_eoi, struct physdev_eoi),
	FIELD(pv_physdev_eoi, struct physdev_eoi, irq),

	WHOLE(pv_physdev_irq_status_query, struct physdev_irq_status_query),
	FIELD(pv_physdev_irq_status_query, struct physdev_irq_status_query, irq),
	FIELD(pv_physdev_irq_status_query, struct physdev_irq_status_query, flags),

	WHOLE(pv_physdev_apic, struct physdev_apic),
	FIELD(pv_physdev_apic, struct physdev_apic, apic_physbase),
	FIELD(pv_physdev_apic, struct physdev_apic, reg),
	FIELD(pv_physdev_apic, struct physdev_apic, value),

	WHOLE(pv_physdev_irq, struct physdev_irq),
	FIELD(pv_physdev_irq, struct physdev_irq, irq),
	FIELD(pv_physdev_irq, struct physdev_irq, vector),

	WHOLE(pv_physdev_map_pirq, struct physdev_map_pirq),
	FIELD(pv_physdev_map_pirq, struct physdev_map_pirq, domid),
	FIELD(pv_physdev_map_pirq, struct physdev_map_pirq, type),
	FIELD(pv_physdev_map_pirq, struct physdev_map_pirq, index),
	FIELD(pv_physdev_map_pirq, struct physdev_map_pirq, pirq),
	FIELD(pv_physdev_map_pirq, struct physdev_map_pirq, bus),
	FIELD(pv_physdev_map_pirq, struct physdev_map_pirq, devfn),
	FIELD(pv_physdev_map_pirq, struct physdev_map_pirq, entry_nr),
	FIELD(pv_physdev_map_pirq, struct physdev_map_pirq, table_base),

	WHOLE(pv_physdev_unmap_pirq, struct physdev_unmap_pirq),
	FIELD(pv_physdev_unmap_pirq, struct physdev_unmap_pirq, domid),
	FIELD(pv_physdev_unmap_pirq, struct physdev_unmap_pirq, pirq),

	WHOLE(pv_physdev_pirq_eoi_gmfn, struct physdev_pirq_eoi_gmfn),
	FIELD(pv_physdev_pirq_eoi_gmfn, struct physdev_pirq_eoi_gmfn, gmfn),

	WHOLE(pv_physdev_setup_gsi, struct physdev_setup_gsi),
	FIELD(pv_physdev_setup_gsi, struct physdev_setup_gsi, gsi),
	FIELD(pv_physdev_setup_gsi, struct physdev_setup_gsi, triggering),
	FIELD(pv_physdev_setup_gsi, struct physdev_setup_gsi, polarity),

	WHOLE(pv_physdev_get_free_pirq, struct physdev_get_free_pirq),
	FIELD(pv_physdev_get_free_pirq, struct physdev_get_free_pirq, type),
	FIELD(pv_physdev_get_free_pirq, struct physdev_get_free_pirq, pirq),

	WHOLE(pv_physdev_pci_device, struct physdev_pci_device),
	FIELD(pv_physdev_pci_device, struct physdev_pci_device, seg),
	FIELD(pv_physdev_pci_device, struct physdev_pci_device, bus),
	FIELD(pv_physdev_pci_device, struct physdev_pci_device, devfn),

	WHOLE(pv_build_id, struct xen_build_id),
	FIELD(pv_build_id, struct xen_build_id, len),
	{ "pv_build_id", "buf", offsetof(struct pv_build_id, buf), 0,
	  offsetof(struct xen_build_id, buf), 0 },

	WHOLE(pv_console_ring, struct xencons_interface),
	FIELD(pv_console_ring, struct xencons_interface, in),
	FIELD(pv_console_ring, struct xencons_interface, out),
	FIELD(pv_console_ring, struct xencons_interface, in_cons),
	FIELD(pv_console_ring, struct xencons_interface, in_prod),
	FIELD(pv_console_ring, struct xencons_interface, out_cons),
	FIELD(pv_console_ring, struct xencons_interface, out_prod),

	WHOLE(pv_store_ring, struct xenstore_domain_interface),
	FIELD(pv_store_ring, struct xenstore_domain_interface, req),
	FIELD(pv_store_ring, struct xenstore_domain_interface, rsp),
	FIELD(pv_store_ring, struct xenstore_domain_interface, req_cons),
	FIELD(pv_store_ring, struct xenstore_domain_interface, req_prod),
	FIELD(pv_store_ring, struct xenstore_domain_interface, rsp_cons),
	FIELD(pv_store_ring, struct xenstore_domain_interface, rsp_prod),
	FIELD(pv_store_ring, struct xenstore_domain_interface, server_features),
	FIELD(pv_store_ring, struct xenstore_domain_interface, connection),
	FIELD(pv_store_ring, struct xenstore_domain_interface, error),

	WHOLE(pv_store_header, struct xsd_sockmsg),
	FIELD(pv_store_header, struct xsd_sockmsg, type),
	FIELD(pv_store_header, struct xsd_sockmsg, req_id),
	FIELD(pv_store_header, struct xsd_sockmsg, tx_id),
	FIELD(pv_store_header, struct xsd_sockmsg, len),
};

const size_t compare_field_count = sizeof(compare_fields) / sizeof(compare_fields[0]);
