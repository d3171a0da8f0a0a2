@ Loads and stores of all widths, single and multiple, in RAM and from flash, in instructions that
@ every Cortex-M has.
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
    ldr r6, =0x20000100
    ldr r5, =table
    movs r0, #0
    movs r1, #0
round:
    ldr r2, [r6]
    adds r2, r2, r0
    str r2, [r6, #4]
    ldrh r3, [r6, #4]
    strh r3, [r6, #8]
    ldrb r4, [r6, #5]
    strb r4, [r6, #10]
    movs r1, #4
    ldrsb r3, [r6, r1]
    ldrsh r4, [r6, r1]
    ldr r0, [r5, #8]
    adds r0, r0, r3
    ldrb r3, [r5, #3]
    adds r0, r0, r3
    stm r6!, {r0, r2, r3, r4}
    subs r6, #16
    ldm r6!, {r0, r2, r3}
    subs r6, #12
    push {r0, r2}
    pop {r3, r4}
    adds r0, r0, r3
    subs r7, #1
    bne round
    movs r0, #0x18
    ldr r1, =0x20026
    bkpt 0xab
    b .
    .align 2
table:
    .word 0x01020304, 0x11121314, 0x21222324, 0x31323334
