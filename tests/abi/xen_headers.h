/*
 * The reference: Xen's public headers as Debian's libxen-dev installs them.
 * __XEN_TOOLS__ selects their newest interface version.
 */
#ifndef TESTS_ABI_XEN_HEADERS_H
#define TESTS_ABI_XEN_HEADERS_H

#include <stdint.h>

#define __XEN_TOOLS__ 1

#include <xen/xen.h>

#include <xen/arch-x86/cpuid.h>
#include <xen/callback.h>
#include <xen/elfnote.h>
#include <xen/errno.h>
#include <xen/event_channel.h>
#include <xen/features.h>
#include <xen/grant_table.h>
#include <xen/io/console.h>
#include <xen/io/xs_wire.h>
#include <xen/memory.h>
#include <xen/physdev.h>
#include <xen/sched.h>
#include <xen/vcpu.h>
#include <xen/version.h>

#endif
