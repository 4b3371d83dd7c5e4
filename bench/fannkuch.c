#include <stdio.h>
static void fannkuch(int n, int *sum, int *most) {
    int p[32], q[32], s[32], sign = 1;
    *sum = *most = 0;
    for (int i = 0; i < n; i++) p[i] = s[i] = i;
    for (;;) {
        int first = p[0];
        if (first != 0) {
            for (int i = 1; i < n; i++) q[i] = p[i];
            int flips = 1;
            for (;;) {
                int next = q[first];
                if (next == 0) {
                    *sum += sign * flips;
                    if (flips > *most) *most = flips;
                    break;
                }
                q[first] = first;
                if (first >= 3) {
                    for (int i = 1, j = first - 1; i < j; i++, j--) {
                        int t = q[i];
                        q[i] = q[j];
                        q[j] = t;
                    }
                }
                first = next;
                flips++;
            }
        }
        if (sign == 1) {
            int t = p[0];
            p[0] = p[1];
            p[1] = t;
            sign = -1;
        } else {
            int t = p[1];
            p[1] = p[2];
            p[2] = t;
            sign = 1;
            for (int i = 2; i < n; i++) {
                if (s[i] != 0) {
                    s[i]--;
                    break;
                }
                if (i == n - 1) return;
                s[i] = i;
                int f = p[0];
                for (int j = 0; j <= i; j++) p[j] = p[j + 1];
                p[i + 1] = f;
            }
        }
    }
}
int main(int argc, char **argv) {
    (void)argv;
    int sum, most;
    fannkuch(9 + argc, &sum, &most);
    printf("%d\nPfannkuchen(10) = %d\n", sum, most);
}
