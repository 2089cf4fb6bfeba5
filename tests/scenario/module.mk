# SPDX-License-Identifier: GPL-2.0-or-later
# scenarios: real ESP between namespaces; figures.sh measures, the others assert.
FIGURE_TESTS   += tests/scenario/figures.sh
# the longest ones begin first
LONG_SCENARIOS := $(addprefix tests/scenario/,families.sh rekey.sh carrier-loss.sh admin-down.sh)
TIMED_TESTS    += $(LONG_SCENARIOS) $(filter-out %/lib.sh %/figures.sh $(LONG_SCENARIOS),\
			$(wildcard tests/scenario/*.sh))

# a policy that refuses fentry
REFUSE := $(BUILD)/tests/scenario/refuse
ALL += $(REFUSE) $(REFUSE).bpf.o
$(REFUSE): $(REFUSE).o
	$(CC) $(LDFLAGS) -o $@ $^ -lbpf
$(REFUSE).bpf.o: tests/scenario/refuse.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -c -o $@ $<
