@ Integer work as compiled code mixes it, in instructions that every Cortex-M has: arithmetic with
@ flags, shifts, a multiplication, two branches a round.
    .syntax unified
    .cpu cortex-m0plus
    .thumb
    .section .vectors, "a"
    .word 0x20001000
    .word start + 1
    .text
    .global start
    .thumb_func
start:
    ldr r7, =10000000
    movs r0, #1
    movs r1, #2
    movs r2, #3
round:
    adds r3, r0, r1
    lsls r4, r3, #5
    eors r4, r2
    lsrs r5, r4, #3
    muls r5, r0
    subs r0, r5, r1
    orrs r1, r4
    adds r1, #7
    bics r2, r3
    adds r2, r2, r5
    rsbs r3, r3, #0
    cmp r3, r2
    bhs over
    adds r0, #1
    mvns r4, r4
    ands r4, r3
over:
    asrs r3, r4, #2
    adds r2, r2, r3
    uxtb r5, r2
    sxth r3, r1
    adds r0, r0, r5
    eors r1, r3
    subs r7, #1
    bne round
    movs r0, #0x18
    ldr r1, =0x20026
    bkpt 0xab
    b .
