/*
 * Error numbers of the hypercall interface. A hypercall that fails returns the
 * negative of one of these in RAX; the names and values are those of Linux and
 * of Xen's public ABI, spelled here with a prefix so that they can be used
 * beside a C library's own errno.h.
 *
 * Read next: hypercall.h, the calls that return them.
 */
#ifndef PARLEY_ERRNO_H
#define PARLEY_ERRNO_H

/* abigen:begin numbers */
/* Made from abi/abi.json by `make abi`: change the numbers there. */

/* Error numbers. */
#define PV_EPERM         1 /* the caller has not the right */
#define PV_ENOENT        2 /* no such thing (a vCPU beyond the maximum) */
#define PV_ESRCH         3 /* no such domain */
#define PV_EIO           5
#define PV_ENXIO         6
#define PV_E2BIG         7 /* a count is above the limit */
#define PV_ENOEXEC       8
#define PV_EBADF         9
#define PV_ECHILD        10
#define PV_EAGAIN        11 /* try again later */
#define PV_ENOMEM        12 /* no memory, or above the domain's limit */
#define PV_EACCES        13
#define PV_EFAULT        14 /* a guest address cannot be read or written */
#define PV_EBUSY         16 /* in use */
#define PV_EEXIST        17 /* there already */
#define PV_EXDEV         18
#define PV_ENODEV        19
#define PV_ENOTDIR       20
#define PV_EISDIR        21
#define PV_EINVAL        22 /* an argument makes no sense */
#define PV_ENFILE        23
#define PV_EMFILE        24
#define PV_ENOSPC        28 /* no free port, handle or slot */
#define PV_EROFS         30
#define PV_EMLINK        31
#define PV_EDOM          33
#define PV_ERANGE        34 /* a number out of its range */
#define PV_EDEADLK       35
#define PV_ENAMETOOLONG  36
#define PV_ENOLCK        37
#define PV_ENOSYS        38 /* no such hypercall or sub-operation */
#define PV_ENOTEMPTY     39
#define PV_ENODATA       61
#define PV_ETIME         62
#define PV_EBADMSG       74
#define PV_EOVERFLOW     75
#define PV_EILSEQ        84
#define PV_ENOTSOCK      88
#define PV_EMSGSIZE      90
#define PV_EOPNOTSUPP    95 /* known, and not offered here */
#define PV_EADDRINUSE    98
#define PV_EADDRNOTAVAIL 99
#define PV_ENOBUFS       105 /* a buffer is too small */
#define PV_EISCONN       106 /* connected already */
#define PV_ENOTCONN      107 /* not connected */
#define PV_ETIMEDOUT     110
#define PV_ECONNREFUSED  111

/* abigen:end numbers */

#endif
