# Programs for Linux: `parley`, and the two generators that the build itself runs.

PARLEY_SRCS := $(wildcard tools/parley/*.c) tools/symbols/symbols.c
ABIGEN_SRCS := $(wildcard tools/abigen/*.c)
SYMTAB_SRCS := $(wildcard tools/symtab/*.c)

$(O)/obj/tool/%.o: %.c $(O)/gen/flags.tool
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TOOL_CFLAGS) $(DEPFLAGS) -c -o $@ $<

# The names of what a trace holds.
$(O)/gen/abi_decode.c: abi/abi.json $(O)/abigen
	$(call say,GEN,$@)
	@mkdir -p $(@D)
	$(Q)$(O)/abigen decode $< > $@

$(O)/obj/tool/gen/%.o: $(O)/gen/%.c $(O)/gen/flags.tool
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TOOL_CFLAGS) $(DEPFLAGS) -c -o $@ $<

$(O)/parley: $(PARLEY_SRCS:%.c=$(O)/obj/tool/%.o) $(O)/obj/tool/gen/abi_decode.o
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^ $(PARLEY_LIBS)

# Writes all that lists hypercalls from abi/abi.json.
$(O)/abigen: $(ABIGEN_SRCS:%.c=$(O)/obj/tool/%.o)
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^ -ljansson

# What is checked in and made from abi/abi.json: numbers in headers, references in documents.
ABI_FILES := $(wildcard abi/parley/*.h docs/abi/*.md)

.PHONY: abi
abi: $(O)/abigen ## write the numbers of abi/parley and the references of docs/abi anew from abi/abi.json
	$(Q)$(O)/abigen update abi/abi.json $(ABI_FILES)
	$(Q)tools/build/figures docs/performance.md docs/abi/*.md

# Every error that abi/abi.json documents must have a check in one of these guests.
CONFORM_SRCS := $(wildcard $(addprefix tests/system/guests/,conform/*.c control/*.c starved/*.c))

.PHONY: abi-coverage
abi-coverage: $(O)/abigen ## print which check of a guest sees to which documented error
	$(Q)$(O)/abigen coverage abi/abi.json $(CONFORM_SRCS)

# Writes the symbol table by which an oops names functions.
$(O)/symtab: $(SYMTAB_SRCS:%.c=$(O)/obj/tool/%.o)
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^ -lelf
