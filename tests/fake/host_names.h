/*
 * Names that the hypervisor's own library shares with the C library get a
 * prefix when its logic is compiled for the host, so that both can live in one
 * process. The build includes this first in every hypervisor file; a test that
 * wants the hypervisor's function includes it after the system's headers.
 */
#ifndef FAKE_HOST_NAMES_H
#define FAKE_HOST_NAMES_H

#define crc32       hv_crc32
#define memchr      hv_memchr
#define memcmp      hv_memcmp
#define memcpy      hv_memcpy
#define memmove     hv_memmove
#define memset      hv_memset
#define printf      hv_printf
#define puts        hv_puts
#define sched_yield hv_sched_yield
#define snprintf    hv_snprintf
#define strchr      hv_strchr
#define strcmp      hv_strcmp
#define strlcpy     hv_strlcpy
#define strlen      hv_strlen
#define strncmp     hv_strncmp
#define strnlen     hv_strnlen
#define strrchr     hv_strrchr
#define strtoul     hv_strtoul
#define strtoull    hv_strtoull
#define vprintf     hv_vprintf
#define vsnprintf   hv_vsnprintf

#include "atomic_points.h"

#endif
