# SPDX-License-Identifier: GPL-2.0-or-later
#
# The way in. Each target does all its own set-up; the work is done by scripts/
# and by the run.sh of each room of tests/, which can all be run by themselves.

SERIES_STEPS = $(shell sed -e 's/\#.*//' -e '/^[[:space:]]*$$/d' patches/series)

# KERNEL_SRC and the like given to make reach the scripts: make exports what is
# set on its command line.

.PHONY: help
help: ## list the targets
	@echo 'Targets:'
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1	\2/p' Makefile | expand -t 16 | sed 's/^/  /'
	@echo
	@echo 'Settings: KERNEL_SRC=/path/to/linux (a tree of your own in place of the'
	@echo 'source package), JOBS=n (parallel jobs of a build), FORCE=1 (kernel-save),'
	@echo "SIGNOFF='Name <address>' (series), DRIFT=1 (a KERNEL_SRC of another version), LINUX=7.2 (the"
	@echo 'package of that version, where patches/ has a folder for it).'

# Scripts decide what is up to date, so nothing here is a file.
.PHONY: run test kunit interleave mutants builds panthor answers bindgen igt vulkan stream programs soak campaign neighbour iommufd vfio coverage model-test shader-test model-mutants models fuzz torture bench shell
run: ## boot Panthor on the virtual Mali, bind, fly over 85 GiB, report
	@scripts/run.sh
test: ## the suites of scripts/test.sh
	@scripts/test.sh
kunit: ## KUnit natively, on User Mode Linux
	@tests/kunit/run.sh
interleave: ## every interleaving of page-table operations, in user space
	@tests/interleave/run.sh
mutants: ## mistakes of one line in the kernel code, each noticed by a suite
	@tests/mutants/run.sh
builds: ## 32-bit Arm and x86, arm64 with pages of 16K and 64K: no warning, and KUnit
	@tests/builds/run.sh
panthor: ## Panthor's hard paths, with faults injected, in the guest
	@tests/panthor/run.sh
answers: ## the same questions to Panthor with and without the series
	@tests/answers/run.sh
bindgen: ## random VM_BIND operations against a model, in the guest
	@tests/bindgen/run.sh
igt: ## IGT's Panthor tests and ours, on four kernels, in the guest
	@tests/igt/run.sh
vulkan: ## vulkaninfo and Vulkan's queues on panvk, in the guest
	@tests/vulkan/run.sh
stream: ## a flight over 85 GiB of sparse buffers, on both kernels, in the guest
	@tests/stream/run.sh base reserve
programs: ## llama.cpp's operations and OpenCL, programs of others, in the guest
	@tests/programs/run.sh
soak: ## 64 groups in 8 VMs while the GPU fails every few seconds
	@tests/soak/run.sh
campaign: ## random calls while GPU, memory and power fail, under KASAN: HOURS=n
	@tests/campaign/run.sh --hours $(or $(HOURS),1)
neighbour: ## the slowest copy of a client beside each kind of calls of another
	@tests/neighbour/run.sh
iommufd: ## the kernel's selftests of iommufd, without the series and with it
	@tests/iommufd/run.sh
vfio: ## DMA through the page tables of SMMUv3, VT-d and AMD, by VFIO and iommufd
	@tests/vfio/run.sh
coverage: ## how much of Panthor the guest's programs reach, by gcov
	@tests/coverage/run.sh
# The tests of the model are plain makes, which can not ask for packages
.PHONY: compiler
compiler:
	@bash -c '. scripts/lib/lib.sh && need_packages gcc libc6-dev'
model-test: compiler ## the GPU model's own tests, on this machine
	@$(MAKE) --no-print-directory -C tests/model check
shader-test: compiler ## the shader core's own tests, on this machine
	@$(MAKE) --no-print-directory -C tests/shader check
model-mutants: ## mistakes in the GPU model, each noticed by its tests
	@tests/model-mutants/run.sh
models: ## the slot protocol by spin, the barriers by herd: every execution
	@tests/models/run.sh
fuzz: ## the GPU model under libFuzzer, 60 s
	@tests/fuzz/run.sh
torture: ## concurrent reservations under KASAN and lockdep, SECONDS=n SEED=n
	@tests/torture/run.sh $(or $(SECONDS),60) $(or $(SEED),1)
bench: ## base kernel against reserve kernel, and how fast the model is
	@tests/bench/run.sh
shell: ## the guest with a prompt
	@scripts/guest/guest.sh shell

.PHONY: kernel-tree kernel-save kernels qemu guest series series-check drift deb lint
kernel-tree: ## build/linux: the kernel with the series, one commit a step
	@scripts/kernel/tree.sh
kernel-save: ## carry the commits in build/linux back into the repository
	@scripts/kernel/save.sh
kernels: ## build every kernel that the tests use
	@set -e; for t in base $(if $(SERIES_STEPS),reserve); do \
		for c in plain debug um; do scripts/kernel/kernel.sh build $$t $$c; done; \
	done
qemu: ## QEMU with the virtual Mali
	@scripts/qemu/qemu.sh build
guest: ## the guest's root image
	@scripts/guest/guest.sh image
series: ## series of patches to mail, with covers, in out/series: SIGNOFF='Name <address>'
	@scripts/series/series.sh
series-check: ## each step of the series builds, without a warning, and passes KUnit
	@scripts/series/check.sh
drift: ## the series on the newest package of each Linux that it is written for
	@tests/drift/run.sh
deb: ## Debian packages of an arm64 kernel with the series, for a board
	@scripts/kernel/deb.sh
lint: ## checkpatch, sparse, W=1, kernel-doc, shellcheck
	@scripts/lint.sh

.PHONY: clean distclean
clean: ## remove what was built, keep sources and downloads
	@scripts/clean.sh
distclean: ## remove everything, the user's cache too
	@scripts/clean.sh --all
