# The towers of Hanoi with 7 disks: how many moves, to address 0x1000, and the checksum of the moves.
        li sp, 0x4000
        li s0, 0            # moves
        li s1, 0            # checksum
        li a0, 7
        li a1, 1
        li a2, 3
        li a3, 2
        call hanoi
        li t2, 0x1000
        sw s0, 0(t2)
        sw s1, 4(t2)
        li a7, 93
        ecall
hanoi:                      # a0 disks from a1 to a2 by way of a3
        beqz a0, done
        addi sp, sp, -20
        sw ra, 0(sp)
        sw a0, 4(sp)
        sw a1, 8(sp)
        sw a2, 12(sp)
        sw a3, 16(sp)
        addi a0, a0, -1
        mv t0, a2
        mv a2, a3
        mv a3, t0
        call hanoi
        lw a0, 4(sp)
        lw a1, 8(sp)
        lw a2, 12(sp)
        lw a3, 16(sp)
        addi s0, s0, 1
        slli t0, s1, 2      # checksum = checksum * 5 + from * 4 + to
        add s1, s1, t0
        slli t0, a1, 2
        add s1, s1, t0
        add s1, s1, a2
        addi a0, a0, -1
        mv t0, a1
        mv a1, a3
        mv a3, t0
        call hanoi
        lw ra, 0(sp)
        addi sp, sp, 20
done:   ret
