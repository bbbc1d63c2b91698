/*
 * What a guest asks about its surroundings: versions, features, CPUID, memory.
 * Read next: frames.c.
 */
#include "groups.h"

#include <stdint.h>

#include "check.h"
#include "cpu.h"
#include "hypercall.h"
#include "mmu.h"
#include "start.h"
#include "string.h"

static void check_version(void)
{
	static char text[PV_CAPABILITIES_INFO_LEN];
	struct pv_feature_info features = { 0 };
	struct pv_compile_info compile;
	struct pv_platform_parameters platform = { 0 };
	pv_domain_handle_t handle;
	long version = hypercall_xen_version(PV_VERSION_version, NULL);

	check_true("information: version 3 or later", version >> 16 >= 3);
	check_result("information: extraversion",
		     hypercall_xen_version(PV_VERSION_extraversion, text), 0);
	check_result("information: compile_info",
		     hypercall_xen_version(PV_VERSION_compile_info, &compile), 0);
	check_result("information: capabilities",
		     hypercall_xen_version(PV_VERSION_capabilities, text), 0);
	check_true("information: a 64-bit guest is among them",
		   strstr(text, "xen-3.0-x86_64") != NULL);
	check_result("information: changeset", hypercall_xen_version(PV_VERSION_changeset, text),
		     0);
	check_result("information: platform_parameters",
		     hypercall_xen_version(PV_VERSION_platform_parameters, &platform), 0);
	check_true("information: where the hypervisor is",
		   platform.virt_start == PV_HYPERVISOR_VIRT_START);
	check_result("information: pagesize", hypercall_xen_version(PV_VERSION_pagesize, NULL),
		     4096);
	check_result("information: guest_handle",
		     hypercall_xen_version(PV_VERSION_guest_handle, handle), 0);
	check_result("information: features",
		     hypercall_xen_version(PV_VERSION_get_features, &features), 0);
	check_true("information: features that kernels demand",
		   (features.submap & (1u << PV_FEATURE_mmu_pt_update_preserve_ad)) != 0 &&
			   (features.submap & (1u << PV_FEATURE_gnttab_map_avail_bits)) != 0);
	check_result("information: features that are not ours", features.submap & 0x70d, 0);
}

/* Everybody looks for the signature, at steps of 0x100. */
static void check_cpuid(void)
{
	struct cpu_cpuid base = cpu_read_cpuid(PV_CPUID_FIRST_LEAF, 0);
	struct cpu_cpuid one = cpu_read_cpuid(1, 0);
	struct cpu_cpuid extended = cpu_read_cpuid(0x80000001, 0);

	check_result("information: signature ebx", base.ebx, PV_CPUID_SIGNATURE_EBX);
	check_result("information: signature ecx", base.ecx, PV_CPUID_SIGNATURE_ECX);
	check_result("information: signature edx", base.edx, PV_CPUID_SIGNATURE_EDX);
	check_true("information: at least two leaves", base.eax >= PV_CPUID_FIRST_LEAF + 2);
	check_result("information: version leaf", cpu_read_cpuid(PV_CPUID_FIRST_LEAF + 1, 0).eax,
		     hypercall_xen_version(PV_VERSION_version, NULL));
	check_result("information: no features of other guests",
		     cpu_read_cpuid(PV_CPUID_FIRST_LEAF + 4, 0).eax & 0x40, 0);
	check_true("information: hypervisor bit", (one.ecx >> 31 & 1) != 0);
	/* FPU, TSC, MSR, PAE, CX8, CMOV, FXSR, SSE, SSE2 */
	check_result("information: features 64-bit code needs", one.edx & 0x07008171, 0x07008171);
	/* VME, PSE, PGE, PSE36, and MTRR but for an initial domain */
	check_result("information: features of the machine hidden",
		     one.edx & (start_is_privileged() ? 0x0002200a : 0x0002300a), 0);
	check_result("information: monitor, vmx, pcid, x2apic hidden",
		     one.ecx & (1u << 3 | 1u << 5 | 1u << 17 | 1u << 21), 0);
	check_true("information: syscall, nx, long mode",
		   (extended.edx & 0x20100800) == 0x20100800);
	check_result("information: svm hidden", extended.ecx & 4, 0);
}

static void check_memory(void)
{
	static struct pv_e820_entry entries[128];
	struct pv_memory_map map = { .nr_entries = 128, .buffer = (uintptr_t)entries };
	struct pv_machphys_mapping m2p;
	struct pv_memory_domain self = { .domid = PV_DOMID_SELF };
	uint64_t ram = 0;

	check_result("information: machphys_mapping",
		     hypercall_memory_op(PV_MEMORY_machphys_mapping, &m2p), 0);
	check_true("information: m2p where it belongs",
		   m2p.v_start == PV_MACH2PHYS_VIRT_START && m2p.v_end > m2p.v_start);
	check_true("information: our memory is counted",
		   hypercall_memory_op(PV_MEMORY_current_reservation, &self) >=
			   (long)start_info->nr_pages);
	if (start_is_privileged()) {
		return;
	}
	check_result("information: memory_map", hypercall_memory_op(PV_MEMORY_memory_map, &map), 0);
	for (unsigned i = 0; i < map.nr_entries; i++) {
		ram += entries[i].type == PV_E820_RAM ? entries[i].size : 0;
	}
	check_true("information: it covers all pages", ram >= start_info->nr_pages * KIT_PAGE_SIZE);
	map.nr_entries = 0;
	check_true("information: memory_map without room",
		   hypercall_memory_op(PV_MEMORY_memory_map, &map) == 0 ? map.nr_entries == 0 :
									  true);
}

static void check_grants(void)
{
	struct pv_gnttab_query_size size = { .dom = PV_DOMID_SELF };

	check_result("information: grant table size",
		     hypercall_grant_table_op(PV_GNTTABOP_query_size, &size, 1), 0);
	check_true("information: some frames of it", size.status == 0 && size.max_nr_frames > 0);
}

void information_check(void)
{
	check_version();
	check_cpuid();
	check_memory();
	check_grants();
}
