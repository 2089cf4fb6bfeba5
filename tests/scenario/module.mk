# SPDX-License-Identifier: GPL-2.0-or-later
# scenarios: real ESP between namespaces; figures.sh measures, the others assert.
FIGURE_TESTS   += tests/scenario/figures.sh
# the order of messages, not their time; and tshark would be too much for the image
SCENARIO_TESTS += tests/scenario/trace.sh
# the longest ones begin first
LONG_SCENARIOS := $(patsubst %,tests/scenario/%.sh,operations wifi moved families rekey mobility carrier-loss admin-down)
TIMED_TESTS    += $(LONG_SCENARIOS) $(filter-out %/lib.sh %/figures.sh %/trace.sh $(LONG_SCENARIOS),\
			$(wildcard tests/scenario/*.sh))

# soft handovers without a process for each
HANDOVERS := $(BUILD)/tests/scenario/handovers
ALL += $(HANDOVERS)
$(HANDOVERS): $(HANDOVERS).o $(SEGUE_LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(SEGUE_LIBS)

# forged probes
FLOOD := $(BUILD)/tests/scenario/flood
ALL += $(FLOOD)
$(FLOOD): $(FLOOD).o
	$(CC) $(LDFLAGS) -o $@ $^

# a policy that refuses fentry
REFUSE := $(BUILD)/tests/scenario/refuse
ALL += $(REFUSE) $(REFUSE).bpf.o
$(REFUSE): $(REFUSE).o
	$(CC) $(LDFLAGS) -o $@ $^ -lbpf
$(REFUSE).bpf.o: tests/scenario/refuse.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -c -o $@ $<

# a network that swallows large packets
SWALLOW := $(BUILD)/tests/scenario/swallow.bpf.o
ALL += $(SWALLOW)
$(SWALLOW): tests/scenario/swallow.bpf.c
	@mkdir -p $(@D)
	$(CLANG) $(BPF_CFLAGS) -c -o $@ $<

# a charon of bad manners
SCENARIO_PLUGIN := $(BUILD)/tests/scenario/libstrongswan-inject.so
SCENARIO_INJECT := $(BUILD)/tests/scenario/inject.o
ALL += $(SCENARIO_PLUGIN)
$(SCENARIO_INJECT): CPPFLAGS += -include ike-agent/strongswan_config.h \
	-isystem $(STRONGSWAN)/libstrongswan -isystem $(STRONGSWAN)/libcharon
$(SCENARIO_INJECT): CFLAGS += -fPIC
$(SCENARIO_INJECT): WARN += -Wno-format -Wno-unused-parameter \
	-Wno-sign-compare -Wno-missing-field-initializers
$(SCENARIO_INJECT): | $(STRONGSWAN)/VERSION
$(SCENARIO_PLUGIN): $(SCENARIO_INJECT)
	$(CC) $(LDFLAGS) -shared -Wl,-z,defs -o $@ $^ -L$(CHARON_LIB) -lcharon -lstrongswan
