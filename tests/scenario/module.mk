# SPDX-License-Identifier: GPL-2.0-or-later
# scenarios: real ESP between namespaces; figures.sh measures, the others assert
FIGURE_TESTS   += tests/scenario/figures.sh
SCENARIO_TESTS += $(filter-out $(FIGURE_TESTS),$(wildcard tests/scenario/*.sh))
SCENARIO_TESTS := $(filter-out tests/scenario/lib.sh,$(SCENARIO_TESTS))
