# SPDX-License-Identifier: GPL-2.0-or-later
# make eval: the figures, those of others beside ours; QUICK=1: some of them
NATIVE_TESTS += tests/eval/selftest.sh
