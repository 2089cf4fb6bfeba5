# SPDX-License-Identifier: GPL-2.0-or-later
# tests: each folder adds to these lists in its own module.mk
#   NATIVE_TESTS    run on this machine's kernel, as root
#   FUZZ_TESTS      the same, for as long as one likes (FUZZ_SECONDS)
#   SCENARIO_TESTS  need IPsec: run where it is, here or in the virtual machine
#   TIMED_TESTS     the same, and time matters: if in the virtual machine, then
#                   with the deterministic clock
#   FIGURE_TESTS    measure: in the virtual machine, with the deterministic clock
#   BENCHES         measure speed and print it: make bench
# A program among them is built by being in ALL as well.
-include $(sort $(wildcard tests/*/module.mk))

.PHONY: setup test demo bench eval

setup:
	@tests/setup

# in two steps: what the rules of the build ask the system for (compilers,
# strongSwan) is there only after setup
test demo bench eval:
	@tests/all $@

print-%:
	@echo $($*)
