/* A program to debug: functions that call one another, and variables that change. It runs on
 * any Cortex-M from reset and touches nothing but the core, flash and RAM. */

#include <stdint.h>

struct point {
    int32_t x, y;
};

volatile uint32_t rounds;
volatile struct point position = {3, -4};
static const char greeting[] = "hello, debugger";

__attribute__((noinline)) static int32_t square(int32_t side)
{
    int32_t area = side * side;
    return area;
}

__attribute__((noinline)) static int32_t distance(struct point at)
{
    int32_t sum = square(at.x);
    sum += square(at.y);
    return sum;
}

int main(void)
{
    volatile int32_t far = 0;
    const char *volatile text = greeting;
    for (;;) {
        far = distance((struct point){position.x, position.y});
        position.x += 1;
        rounds += (uint32_t)(far > 0 && *text == 'h');
    }
}

extern uint32_t __stack, __data_load, __data_start, __data_end, __bss_start, __bss_end;

void reset(void)
{
    for (uint32_t *from = &__data_load, *to = &__data_start; to < &__data_end;)
        *to++ = *from++;
    for (uint32_t *to = &__bss_start; to < &__bss_end;)
        *to++ = 0;
    main();
}

static void fault(void)
{
    for (;;)
        ;
}

typedef void (*Handler)(void);

__attribute__((section(".vectors"), used)) static const Handler vectors[16] = {
    (Handler)&__stack, reset, fault, fault, fault, fault, fault, 0, 0, 0, 0, fault, fault, 0, fault, fault,
};
