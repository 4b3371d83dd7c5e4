# The sum of 1 … 100, to address 0x1000.
        li a0, 0
        li t0, 1
        li t1, 100
loop:   add a0, a0, t0
        addi t0, t0, 1
        ble t0, t1, loop
        li t2, 0x1000
        sw a0, 0(t2)
        li a7, 93
        ecall
