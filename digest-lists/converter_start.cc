// SPDX-License-Identifier: GPL-2.0-or-later
//
// Where a converter of lists begins, before the C library does.
//
// A process that the kernel starts by itself has no descriptors. Since the kernel treats converters of lists as if they were
// set-user-ID, the C library then opens devices to be these, and aborts if there are none, as may be before init. Here they become
// descriptors of "/" that can do nothing (O_PATH), which always exists.
#if defined(__x86_64__)
asm(R"(
        .section .text.diglim_start, "ax", @progbits
        .globl diglim_start
        .type diglim_start, @function
diglim_start:
        movl $2, %eax                   # open("/", O_PATH)
        leaq root_of_all(%rip), %rdi
        movl $0x200000, %esi
        syscall
        testl %eax, %eax
        js 1f
        cmpl $2, %eax
        jbe diglim_start
        movl %eax, %edi                 # one too many
        movl $3, %eax                   # close
        syscall
1:      jmp _start
        .size diglim_start, . - diglim_start
        .section .rodata.diglim_start, "a", @progbits
root_of_all:
        .asciz "/"
        .text
)");
#endif
