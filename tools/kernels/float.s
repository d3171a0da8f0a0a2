@ Single-precision arithmetic, loads and stores of the Cortex-M4F's unit.
    .syntax unified
    .cpu cortex-m4
    .fpu fpv4-sp-d16
    .thumb
    .section .vectors, "a"
    .word 0x20001000
    .word start + 1
    .text
    .global start
    .thumb_func
start:
    ldr r0, =0xe000ed88
    ldr r1, [r0]
    orr r1, r1, #0xf00000
    str r1, [r0]
    dsb
    isb
    ldr r7, =10000000
    ldr r6, =0x20000100
    vmov.f32 s0, #1.0
    vmov.f32 s1, #0.5
    vmov.f32 s2, #1.25
    vmov.f32 s3, #0.125
round:
    vmul.f32 s4, s0, s1
    vadd.f32 s5, s4, s2
    vmla.f32 s5, s3, s1
    vsub.f32 s6, s5, s4
    vstr s5, [r6]
    vfma.f32 s6, s1, s3
    vmul.f32 s7, s6, s3
    vldr s8, [r6]
    vadd.f32 s8, s8, s7
    vabs.f32 s9, s8
    vneg.f32 s10, s9
    vcmp.f32 s9, s2
    vmrs apsr_nzcv, fpscr
    it gt
    vmovgt.f32 s9, s2
    vmul.f32 s11, s9, s1
    vcvt.s32.f32 s12, s8
    vmov r2, s12
    vmov.f32 s0, s2
    subs r7, #1
    bne round
    movs r0, #0x18
    ldr r1, =0x20026
    bkpt 0xab
    b .
