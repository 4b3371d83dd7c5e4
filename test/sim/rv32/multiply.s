# 1234 * 5678 by shifting and adding, to address 0x1000.
        li a0, 1234
        li a1, 5678
        call multiply
        li t2, 0x1000
        sw a0, 0(t2)
        li a7, 93
        ecall
multiply:
        mv t0, a0
        li a0, 0
next:   andi t1, a1, 1
        beqz t1, skip
        add a0, a0, t0
skip:   slli t0, t0, 1
        srli a1, a1, 1
        bnez a1, next
        ret
