# SPDX-License-Identifier: GPL-2.0-or-later
# The agent's logic without charon and without a kernel.

AGENT_TESTS := $(patsubst tests/agent/%.c,$(BUILD)/tests/agent/%,$(wildcard tests/agent/test_*.c))
NATIVE_TESTS += $(AGENT_TESTS)
ALL += $(AGENT_TESTS)

AGENT_TEST_OBJS := $(AGENT_TESTS:%=%.o) $(patsubst %,$(BUILD)/tests/agent/fake_%.o,charon peer text)
$(AGENT_TEST_OBJS): CPPFLAGS += -include ike-agent/strongswan_config.h -Iike-agent \
	-isystem $(STRONGSWAN)/libstrongswan -isystem $(STRONGSWAN)/libcharon
$(AGENT_TEST_OBJS): WARN += -Wno-format -Wno-unused-parameter -Wno-sign-compare -Wno-missing-field-initializers
$(AGENT_TEST_OBJS): | $(STRONGSWAN)/VERSION

$(BUILD)/tests/agent/test_host: $(BUILD)/ike-agent/mobikex_host.o
$(BUILD)/tests/agent/test_copy: $(BUILD)/ike-agent/mobikex_copy.o
$(BUILD)/tests/agent/test_leave: $(BUILD)/tests/agent/fake_text.o \
	$(patsubst %,$(BUILD)/ike-agent/mobikex_%.o,leave hold)
$(BUILD)/tests/agent/test_signal: $(BUILD)/tests/agent/fake_text.o $(BUILD)/ike-agent/mobikex_signal.o
$(BUILD)/tests/agent/test_nl80211: $(BUILD)/loader/nl80211.o
$(BUILD)/tests/agent/test_hello: $(BUILD)/ike-agent/mobikex_hello.o \
	$(BUILD)/ike-agent/mobikex_notify.o $(BUILD)/ike-agent/mobikex_host.o
$(BUILD)/tests/agent/test_push: $(patsubst %,$(BUILD)/ike-agent/mobikex_%.o,push task exchange)
$(BUILD)/tests/agent/test_natd: $(BUILD)/ike-agent/mobikex_natd.o $(BUILD)/ike-agent/mobikex_host.o
$(BUILD)/tests/agent/test_sa: $(BUILD)/ike-agent/mobikex_host.o $(BUILD)/ike-agent/mobikex_sa.o
$(BUILD)/tests/agent/test_notify: $(BUILD)/ike-agent/mobikex_host.o $(BUILD)/ike-agent/mobikex_notify.o
$(BUILD)/tests/agent/test_check: $(patsubst %,$(BUILD)/ike-agent/mobikex_%.o,check peer exchange host)
$(BUILD)/tests/agent/test_told: $(patsubst %,$(BUILD)/ike-agent/mobikex_%.o,told role host)
$(BUILD)/tests/agent/test_update: $(patsubst %,$(BUILD)/ike-agent/mobikex_%.o,task exchange nonat)
$(BUILD)/tests/agent/test_nonat: $(BUILD)/ike-agent/mobikex_nonat.o
$(BUILD)/tests/agent/test_view: $(patsubst %,$(BUILD)/ike-agent/mobikex_%.o,view told role host)
$(BUILD)/tests/agent/test_operation: $(BUILD)/tests/agent/fake_peer.o $(BUILD)/tests/agent/fake_text.o \
	$(patsubst %,$(BUILD)/ike-agent/mobikex_%.o,operation judge peer notify host)
$(BUILD)/tests/agent/test_named: $(BUILD)/tests/agent/fake_text.o \
	$(patsubst %,$(BUILD)/ike-agent/mobikex_%.o,named child exchange notify host)
$(BUILD)/tests/agent/test_pair: $(BUILD)/ike-agent/mobikex_host.o $(BUILD)/ike-agent/mobikex_pair.o
$(BUILD)/tests/agent/test_moved: $(patsubst %,$(BUILD)/ike-agent/mobikex_%.o,moved pair taken host)
$(BUILD)/tests/agent/test_pairs: $(patsubst %,$(BUILD)/ike-agent/mobikex_%.o,pairs pair exchange host)
$(BUILD)/tests/agent/test_policy: $(patsubst %,$(BUILD)/ike-agent/mobikex_%.o,policy pair host)
$(BUILD)/tests/agent/test_guard: $(BUILD)/ike-agent/mobikex_host.o $(BUILD)/ike-agent/mobikex_guard.o
$(BUILD)/tests/agent/test_route: $(BUILD)/tests/agent/fake_text.o \
	$(patsubst %,$(BUILD)/ike-agent/mobikex_%.o,route host)
$(BUILD)/tests/agent/test_roam: $(BUILD)/ike-agent/mobikex_roam.o
$(BUILD)/tests/agent/test_link: $(BUILD)/tests/agent/fake_text.o \
	$(patsubst %,$(BUILD)/ike-agent/mobikex_%.o,link host)
# with a map, links and routes of its own
$(BUILD)/tests/agent/test_path: $(BUILD)/tests/agent/fake_text.o \
	$(patsubst %,$(BUILD)/ike-agent/mobikex_%.o,path role host)
$(BUILD)/tests/agent/test_hold: $(BUILD)/ike-agent/mobikex_hold.o
$(BUILD)/tests/agent/test_role: $(BUILD)/ike-agent/mobikex_role.o
$(BUILD)/tests/agent/test_failback: $(patsubst %,$(BUILD)/ike-agent/mobikex_%.o,failback hold)
$(AGENT_TESTS): %: %.o $(BUILD)/tests/agent/fake_charon.o
	$(CC) $(LDFLAGS) -o $@ $^ -L$(CHARON_LIB) -Wl,-rpath,$(CHARON_LIB) \
		-lcharon -lstrongswan -lmnl -lcmocka
