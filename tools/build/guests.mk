# Guests on the kit: each guest-pv/guests/NAME and tests/system/guests/NAME is a directory of
# sources and becomes build/guests/NAME.elf.

KIT_SRCS := $(wildcard guest-pv/kit/*.c guest-pv/kit/*.S)
KIT_OBJS := $(patsubst %,$(O)/obj/guest/%.o,$(basename $(KIT_SRCS)))
GUEST_LDFLAGS := $(BARE_LDFLAGS) -T guest-pv/kit/kit.lds

guest_dirs = $(patsubst %/,%,$(sort $(dir $(wildcard $(1)/*/*.c))))
guest_elfs = $(foreach d,$(1),$(O)/guests/$(notdir $(d)).elf)
GUEST_DIRS := $(call guest_dirs,guest-pv/guests)
TEST_GUEST_DIRS := $(call guest_dirs,tests/system/guests)
TEST_GUEST_ELFS := $(call guest_elfs,$(TEST_GUEST_DIRS))

guests: $(call guest_elfs,$(GUEST_DIRS))

$(O)/obj/guest/%.o: %.c $(O)/gen/flags.guest
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) $(DEPFLAGS) -c -o $@ $<

$(O)/obj/guest/%.o: %.S $(O)/gen/flags.guest
	$(call say,AS,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) $(DEPFLAGS) -c -o $@ $<

# What a guest has besides: GUEST_OBJS_NAME.
GUEST_OBJS_edges := $(patsubst %.c,$(O)/obj/guest/%.o,$(wildcard tests/edges/*.c)) \
	$(O)/obj/guest/gen/abi_edges.o
$(GUEST_OBJS_edges) $(O)/obj/guest/tests/system/guests/edges/%.o: GUEST_CFLAGS += -Itests/edges

$(O)/obj/guest/gen/%.o: $(O)/gen/%.c $(O)/gen/flags.guest
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(GUEST_CFLAGS) $(DEPFLAGS) -c -o $@ $<

define guest_rule
$(O)/guests/$(notdir $(1)).elf: guest-pv/kit/kit.lds $(KIT_OBJS) $(GUEST_OBJS_$(notdir $(1))) \
		$(patsubst %,$(O)/obj/guest/%.o,$(basename $(wildcard $(1)/*.c $(1)/*.S)))
	$$(call say,LINK,$$@)
	@mkdir -p $$(@D)
	$(Q)$(LD) $(GUEST_LDFLAGS) -o $$@ $$(filter %.o,$$^)
endef
$(foreach d,$(GUEST_DIRS) $(TEST_GUEST_DIRS),$(eval $(call guest_rule,$(d))))
