# Programs for Linux: `parley`, and the two generators that the build itself runs.

PARLEY_SRCS := $(wildcard tools/parley/*.c)
ABIGEN_SRCS := $(wildcard tools/abigen/*.c)
SYMTAB_SRCS := $(wildcard tools/symtab/*.c)

$(O)/obj/tool/%.o: %.c $(O)/gen/flags.tool
	$(call say,CC,$@)
	@mkdir -p $(@D)
	$(Q)$(CC) $(TOOL_CFLAGS) $(DEPFLAGS) -c -o $@ $<

$(O)/parley: $(PARLEY_SRCS:%.c=$(O)/obj/tool/%.o)
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^ $(PARLEY_LIBS)

# Writes the dispatch table and the tables of docs/abi.md from abi/abi.json.
$(O)/abigen: $(ABIGEN_SRCS:%.c=$(O)/obj/tool/%.o)
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^ -ljansson

# Writes the symbol table by which an oops names functions.
$(O)/symtab: $(SYMTAB_SRCS:%.c=$(O)/obj/tool/%.o)
	$(call say,LINK,$@)
	$(Q)$(CC) -o $@ $^ -lelf
