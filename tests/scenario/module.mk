# SPDX-License-Identifier: GPL-2.0-or-later
# scenarios: real ESP between namespaces; figures.sh measures, the others assert.
FIGURE_TESTS   += tests/scenario/figures.sh
TIMED_TESTS    += $(filter-out %/lib.sh %/figures.sh,$(wildcard tests/scenario/*.sh))
