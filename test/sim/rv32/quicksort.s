# Sorts the 32 words at 0x1000.
        li sp, 0x4000
        li a0, 0x1000
        li a1, 0x107C
        call sort
        li a7, 93
        ecall
sort:                       # the words from a0 to a1, both addresses inside
        bgeu a0, a1, back
        addi sp, sp, -12
        sw ra, 0(sp)
        sw a1, 4(sp)
        lw t0, 0(a1)        # the pivot
        mv t1, a0           # where the next small one goes
        mv t2, a0
part:   bgeu t2, a1, put
        lw t3, 0(t2)
        bge t3, t0, larger
        lw t4, 0(t1)
        sw t3, 0(t1)
        sw t4, 0(t2)
        addi t1, t1, 4
larger: addi t2, t2, 4
        j part
put:    lw t4, 0(t1)
        sw t0, 0(t1)
        sw t4, 0(a1)
        sw t1, 8(sp)
        addi a1, t1, -4
        beq t1, a0, right   # nothing to the left
        call sort
right:  lw t1, 8(sp)
        lw a1, 4(sp)
        addi a0, t1, 4
        call sort
        lw ra, 0(sp)
        addi sp, sp, 12
back:   ret
