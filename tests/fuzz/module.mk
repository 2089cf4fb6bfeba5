# SPDX-License-Identifier: GPL-2.0-or-later
# libFuzzer with sanitizers: what is fuzzed is built a second time, by clang. A new
# target: fuzz_NAME in FUZZERS, the sources it needs beside it, NAME.sh and NAME.corpus.

FUZZ_DIR := $(BUILD)/tests/fuzz
FUZZERS  := $(FUZZ_DIR)/fuzz_notify $(FUZZ_DIR)/fuzz_request
FUZZ_FLAGS := -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
FUZZ_WARN  := -std=gnu11 -Wall -Wextra -Werror -Wno-format -Wno-unused-parameter \
	-Wno-sign-compare -Wno-missing-field-initializers

$(FUZZERS): ike-agent/mobikex_notify.c ike-agent/mobikex_host.c
$(FUZZ_DIR)/fuzz_request: ike-agent/mobikex_operation.c ike-agent/mobikex_judge.c ike-agent/mobikex_peer.c $(patsubst %,tests/agent/fake_%.c,charon peer text)

$(FUZZERS): $(FUZZ_DIR)/%: tests/fuzz/%.c | $(STRONGSWAN)/VERSION
	@mkdir -p $(@D)
	$(CLANG) $(CPPFLAGS) -include ike-agent/strongswan_config.h -Iike-agent -Itests/agent \
		-isystem $(STRONGSWAN)/libstrongswan -isystem $(STRONGSWAN)/libcharon \
		$(FUZZ_FLAGS) $(FUZZ_WARN) -o $@ $(filter %.c,$^) \
		-L$(CHARON_LIB) -Wl,-rpath,$(CHARON_LIB) -lcharon -lstrongswan
$(FUZZERS): $(wildcard ike-agent/*.h include/segue/*.h tests/agent/*.h)

ALL += $(FUZZERS)
FUZZ_TESTS += $(FUZZERS:$(FUZZ_DIR)/fuzz_%=tests/fuzz/%.sh)
