# SPDX-License-Identifier: GPL-2.0-or-later
#
# $(O)/.how, on which objects depend: rewritten when the compiler or its arguments are
# other ones. Included at the end, so that it is no default target.

$(O)/.how: FORCE
	@echo '$(shell $(CC) --version | head -n 1) $(CFLAGS) $(CPPFLAGS) $(LDLIBS)' >$@.new
	@if cmp -s $@.new $@; then rm $@.new; else mv $@.new $@; fi

.PHONY: FORCE
