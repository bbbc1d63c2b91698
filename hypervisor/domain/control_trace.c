/*
 * Control operations on the trace.
 *
 * Read next: trace_switch.c.
 */
#include "domain/control.h"
#include "domain/trace.h"

long control_trace_set(const struct control_caller *who, union control_args *args)
{
	return trace_control_set(who->domain, &args->trace);
}

long control_trace_read(const struct control_caller *who, union control_args *args)
{
	return trace_control_read(who->domain, &args->trace_read);
}
