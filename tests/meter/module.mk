# SPDX-License-Identifier: GPL-2.0-or-later
# meter: what a handover costs a flow
METER := $(BUILD)/tests/meter/meter
METER_OBJ := $(patsubst %.c,$(BUILD)/%.o,$(wildcard tests/meter/*.c))

ALL += $(METER)
$(METER): $(METER_OBJ)
	$(CC) $(LDFLAGS) -o $@ $^ -ljson-c -lmnl -lsctp
