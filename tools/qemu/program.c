/* A program for two emulators: integers, floating point, DSP instructions, memcpy, sorting,
 * text, and printf by semihosting. What lies between the labels passage_begin and
 * passage_end is counted. With the argument `timer`, the counter read at both is TIM2 of
 * QEMU's STM32F405, which counts nanoseconds of virtual time, and thus instructions if it
 * runs with `-icount shift=0`. The instructions are the same with or without. */

#include <arm_acle.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MARK(label)                                                                   \
    __extension__({                                                                   \
        uint32_t now;                                                                 \
        __asm__ volatile(".global " #label "\n" #label ": ldr %0, [%1]"               \
                         : "=r"(now)                                                  \
                         : "r"(counter)                                               \
                         : "memory");                                                 \
        now;                                                                          \
    })

static uint32_t seed = 1;

static uint32_t next(void)
{
    seed = seed * 1664525u + 1013904223u;
    return seed >> 8;
}

static int by_value(const void *a, const void *b)
{
    int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
    return (x > y) - (x < y);
}

static int32_t numbers[256];
static int16_t left[512] __attribute__((aligned(4))), right[512] __attribute__((aligned(4)));
static uint8_t source[1024], target[1024];
static char text[256];

static uint32_t integers(void)
{
    for (int i = 0; i < 256; i++)
        numbers[i] = (int32_t)next() - 0x800000;
    qsort(numbers, 256, sizeof numbers[0], by_value);
    uint64_t sum = 0;
    for (int i = 1; i < 256; i++)
        sum = sum * 31 + (uint32_t)(numbers[i] / i) + (uint64_t)numbers[i] % 97;
    return (uint32_t)(sum ^ sum >> 32);
}

static int32_t dsp(void)
{
    for (int i = 0; i < 512; i++) {
        left[i] = (int16_t)next();
        right[i] = (int16_t)next();
    }
    int32_t sum = 0;
    const int16x2_t *x = (const int16x2_t *)left, *y = (const int16x2_t *)right;
    for (int i = 0; i < 256; i++)
        sum = __qadd(sum, __ssat(__smlad(x[i], y[i], 0) >> 8, 20));
    return sum + (int32_t)__usad8(0x01020304, 0x04030201);
}

static float single(void)
{
    float sum = 0;
    for (int i = 1; i < 200; i++)
        sum += sqrtf((float)i) / (1.0f + sinf((float)i));
    return sum;
}

static double twice(void)
{
    double sum = 0;
    for (int i = 1; i < 50; i++)
        sum += exp(-i / 7.0) * cos(i);
    return sum;
}

static uint32_t bytes(void)
{
    for (int i = 0; i < 1024; i++)
        source[i] = (uint8_t)next();
    memset(target, 0, sizeof target);
    for (int i = 0; i < 16; i++)
        memcpy(target + 3 * i, source + i, 64 * i + i);
    memmove(target + 5, target, 900);
    uint32_t sum = 0;
    for (int i = 0; i < 1024; i++)
        sum = sum * 33 ^ target[i];
    return sum + (uint32_t)memcmp(source, target, sizeof source);
}

int main(int argc, char **argv)
{
    static volatile uint32_t nothing;
    volatile uint32_t *counter = &nothing;
    if (argc > 1 && !strcmp(argv[1], "timer"))
        counter = (volatile uint32_t *)0x40000024;

    printf("hello\n");
    uint32_t from = MARK(passage_begin);
    uint32_t a = integers();
    int32_t b = dsp();
    float c = single();
    double d = twice();
    uint32_t e = bytes();
    snprintf(text, sizeof text, "%08lx %ld %.6f %.12g %08lx", (unsigned long)a, (long)b,
             (double)c, d, (unsigned long)e);
    uint32_t to = MARK(passage_end);
    printf("%s\n", text);
    if (counter != &nothing)
        fprintf(stderr, "instructions %lu\n", (unsigned long)(to - from));
    return (int)(a & 63) + 1;
}
