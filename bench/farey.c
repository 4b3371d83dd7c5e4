#include <stdio.h>
static long farey(long a, long b, long most) {
    return a + b > most ? 0 : 1 + farey(a, a + b, most) + farey(a + b, b, most);
}
int main(int argc, char **argv) {
    (void)argv;
    printf("%ld\n", farey(1, 1, 9999 + argc));
}
