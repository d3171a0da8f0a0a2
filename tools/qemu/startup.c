/* From reset to newlib's own start-up code, which asks for memory and arguments by
 * semihosting, clears .bss and calls main. */

#include <stdint.h>

extern uint32_t __data_load, __data_start, __data_end, __stack;
extern void _start(void);

void reset(void)
{
    /* CPACR: full access to the floating-point unit. */
    *(volatile uint32_t *)0xE000ED88 |= 0xFu << 20;
    __asm__ volatile("dsb\n isb");
    for (uint32_t *from = &__data_load, *to = &__data_start; to < &__data_end;)
        *to++ = *from++;
    _start();
}

static void stop(void)
{
    for (;;)
        ;
}

typedef void (*Handler)(void);

__attribute__((section(".isr_vector"), used)) const Handler vectors[16] = {
    (Handler)&__stack, reset, stop, stop, stop, stop, stop, 0, 0, 0, 0, stop, stop, 0, stop, stop,
};
