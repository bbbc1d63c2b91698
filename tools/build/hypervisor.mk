# The hypervisor: build/hypervisor.elf (64-bit, with symbols, for gdb) and build/parley-hypervisor
# (the same as the ELF32 that a Multiboot loader takes).

# Variants are files: those of a debug build, and what stands for them in others.
HV_DEBUG_SRCS := hypervisor/mm/audit.c hypervisor/domain/audit.c hypervisor/channel/gnttab_audit.c \
	hypervisor/hypercall/debug_on.c
HV_RELEASE_SRCS := hypervisor/domain/audit_off.c hypervisor/hypercall/debug.c
HV_OTHER_SRCS := $(if $(DEBUG),$(HV_RELEASE_SRCS),$(HV_DEBUG_SRCS))

HV_SRCS := $(filter-out hypervisor/arch/asm_offsets.c $(HV_OTHER_SRCS),$(wildcard hypervisor/*/*.c hypervisor/*/*.S))
HV_OBJS := $(patsubst %,$(O)/obj/hv/%.o,$(basename $(HV_SRCS))) $(O)/obj/hv/gen/dispatch.o \
	$(O)/obj/hv/gen/trace_capture.o
HV_GEN := $(O)/gen/asm_offsets.h $(O)/gen/hypercall/handlers.h
# Relaxing a load of an address would make it a 32-bit immediate, which an image up there does not fit.
HV_LDFLAGS := $(BARE_LDFLAGS) --no-relax -T hypervisor/hypervisor.lds

# Offsets of C structures for assembly: compiled to text, never run (see offset_macros.h).
$(O)/gen/asm_offsets.s: hypervisor/arch/asm_offsets.c $(O)/gen/flags.hv
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HV_CFLAGS) $(DEPFLAGS) -MT $@ -S -o $@ $<

$(O)/gen/asm_offsets.h: $(O)/gen/asm_offsets.s
	$(call say,GEN,$@)
	$(Q)sed -n 's/.*"->\([A-Z0-9_a-z]*\) [$$]*\([-0-9]*\)".*/#define \1 \2/p' $< > $@

$(O)/gen/dispatch.c: abi/abi.json $(O)/abigen
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)$(O)/abigen dispatch $< > $@

# Which argument of a call a trace record takes along.
$(O)/gen/trace_capture.c: abi/abi.json $(O)/abigen
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)$(O)/abigen capture $< > $@

$(O)/gen/hypercall/handlers.h: abi/abi.json $(O)/abigen
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)$(O)/abigen prototypes $< > $@

$(O)/obj/hv/%.o: %.c $(O)/gen/flags.hv | $(HV_GEN)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HV_CFLAGS) $(DEPFLAGS) -c -o $@ $<

$(O)/obj/hv/%.o: %.S $(O)/gen/flags.hv | $(HV_GEN)
	$(call say,AS,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HV_CFLAGS) $(DEPFLAGS) -c -o $@ $<

$(O)/obj/hv/gen/%.o: $(O)/gen/%.c $(O)/gen/flags.hv | $(HV_GEN)
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(HV_CFLAGS) $(DEPFLAGS) -c -o $@ $<

$(O)/obj/hv/gen/%.o: $(O)/gen/%.S
	$(call say,AS,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) -c -o $@ $<

# Two links, so that an oops can name functions: the first with an empty symbol table, the second
# with the table read from the first. The table lies behind the code, so no address moves; the
# comparison after the second link proves it.
$(O)/gen/symtab-empty.S: $(O)/symtab
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)$(O)/symtab > $@

$(O)/obj/hv/hypervisor-1.elf: $(HV_OBJS) $(O)/obj/hv/gen/symtab-empty.o hypervisor/hypervisor.lds
	$(call say,LINK,$@)
	$(Q)$(LD) $(HV_LDFLAGS) -o $@ $(filter %.o,$^)

$(O)/gen/symtab.S: $(O)/obj/hv/hypervisor-1.elf $(O)/symtab
	$(call say,GEN,$@)
	$(Q)$(O)/symtab $< > $@

$(O)/hypervisor.elf: $(HV_OBJS) $(O)/obj/hv/gen/symtab.o hypervisor/hypervisor.lds $(O)/symtab
	$(call say,LINK,$@)
	$(Q)$(LD) $(HV_LDFLAGS) -o $@ $(filter %.o,$^)
	$(Q)$(O)/symtab $@ | cmp - $(O)/gen/symtab.S

# QEMU refuses an ELF64 by Multiboot 1. objcopy keeps the low half of each address; loaders go by
# the physical ones.
$(O)/parley-hypervisor: $(O)/hypervisor.elf
	$(call say,OBJCOPY,$@)
	$(Q)$(OBJCOPY) -S -O elf32-i386 $< $@
