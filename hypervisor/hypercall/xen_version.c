/*
 * xen_version: what the hypervisor is. Every answer is built in a zeroed
 * buffer and copied whole, so nothing of ours leaks behind a short string.
 */
#include <parley/version.h>
#include <seam/cpu.h>

#include "domain/domain.h"
#include "hypercall/handlers.h"
#include "lib/string.h"
#include "mm/guest.h"
#include "mm/layout.h"

#define FEATURE(name) (1U << PV_FEATURE_##name)

/*
 * A PV kernel panics without the second and third. Those that offer another
 * way to run (bits 0, 2, 3, 8, 9, 10) stay clear.
 */
#define FEATURES                                                             \
	(FEATURE(pae_pgdir_above_4gb) | FEATURE(mmu_pt_update_preserve_ad) | \
	 FEATURE(gnttab_map_avail_bits) | FEATURE(parley))

/* A string in a field of `size` bytes, the rest zero. */
static long put_string(u64 arg, const char *text, size_t size)
{
	char buf[PV_EXTRAVERSION_LEN + PV_CHANGESET_INFO_LEN] = { 0 };
	int err;

	string_copy(buf, text, sizeof(buf));
	err = guest_write(arg, buf, MIN(size, sizeof(buf)));
	if (err != 0 || size <= sizeof(buf)) {
		return err;
	}
	/* The long fields: the string's end is in the first part, zeros follow. */
	memset(buf, 0, sizeof(buf));
	for (size_t at = sizeof(buf); at < size && err == 0; at += sizeof(buf)) {
		err = guest_write(arg + at, buf, MIN(size - at, sizeof(buf)));
	}
	return err;
}

static long put_compile_info(u64 arg)
{
	struct pv_compile_info info;

	memset(&info, 0, sizeof(info));
	string_copy(info.compiler, "gcc " __VERSION__, sizeof(info.compiler));
	return guest_write(arg, &info, sizeof(info));
}

static long put_platform(u64 arg)
{
	struct pv_platform_parameters params = { .virt_start = HV_VIRT_START };

	return guest_write(arg, &params, sizeof(params));
}

static long get_features(u64 arg)
{
	struct pv_feature_info info;
	int err = guest_read(&info, arg, sizeof(info));

	if (err != 0) {
		return err;
	}
	if (info.submap_idx >= PV_FEATURE_NR_SUBMAPS) {
		return -PV_EINVAL;
	}
	info.submap = FEATURES;
	return guest_write(arg, &info, sizeof(info));
}

static __attribute__((noinline)) long answer(u64 cmd, u64 arg)
{
	switch (cmd) {
	case PV_VERSION_extraversion:
		return put_string(arg, ".0-parley", PV_EXTRAVERSION_LEN);
	case PV_VERSION_compile_info:
		return put_compile_info(arg);
	case PV_VERSION_capabilities:
		return put_string(arg, "xen-3.0-x86_64 ", PV_CAPABILITIES_INFO_LEN);
	case PV_VERSION_changeset:
		return put_string(arg, "unavailable", PV_CHANGESET_INFO_LEN);
	case PV_VERSION_platform_parameters:
		return put_platform(arg);
	case PV_VERSION_get_features:
		return get_features(arg);
	case PV_VERSION_pagesize:
		return PAGE_SIZE;
	case PV_VERSION_guest_handle:
		return guest_write(arg, current_vcpu()->domain->uuid, sizeof(pv_domain_handle_t));
	case PV_VERSION_commandline:
		return put_string(arg, "", PV_COMMANDLINE_LEN);
	case PV_VERSION_build_id:
		return -PV_ENODATA;
	default:
		return -PV_ENOSYS;
	}
}

/* Asking for the version alone is how guests force an upcall: often, so at once. */
long hypercall_xen_version(u64 cmd, u64 arg, u64 a3, u64 a4, u64 a5, u64 a6)
{
	if (likely(cmd == PV_VERSION_version)) {
		return (PV_VERSION_MAJOR << 16) | PV_VERSION_MINOR;
	}
	return answer(cmd, arg);
}
