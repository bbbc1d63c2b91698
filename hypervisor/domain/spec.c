/* What domains are made of; see spec.h. Read next: builder.c. */
#include "domain/spec.h"

#include "mm/alloc.h"

struct domain_spec *spec_new(void)
{
	return heap_alloc(sizeof(struct domain_spec));
}

void spec_free(struct domain_spec *spec)
{
	if (spec == NULL) {
		return;
	}
	image_put(spec->kernel);
	image_put(spec->ramdisk);
	heap_free(spec, sizeof(*spec));
}

void spec_note_start(struct domain_spec *spec, u64 now_ns)
{
	spec->starts[spec->start_count++ % SPEC_STARTS_MAX] = now_ns;
}

bool spec_may_restart(const struct domain_spec *spec, u64 now_ns)
{
	u64 oldest = spec->starts[spec->start_count % SPEC_STARTS_MAX];

	return spec->start_count < SPEC_STARTS_MAX || now_ns - oldest >= SPEC_STARTS_NS;
}
