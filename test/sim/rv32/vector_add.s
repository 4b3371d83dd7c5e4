# 16 half words at 0x1000 plus 16 bytes at 0x1100 give 16 words at 0x1200.
        li a0, 0x1000
        li a1, 0x1100
        li a2, 0x1200
        li t0, 16
loop:   lh t1, 0(a0)
        lb t2, 0(a1)
        add t3, t1, t2
        sw t3, 0(a2)
        addi a0, a0, 2
        addi a1, a1, 1
        addi a2, a2, 4
        addi t0, t0, -1
        bnez t0, loop
        li a7, 93
        ecall
